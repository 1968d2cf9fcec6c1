import assert from 'node:assert/strict'
import type { Tier } from '../../src/kafka/producer.ts'
import type { Exit } from '../../src/pipeline/ports.ts'
import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { Stored } from '../support/memory-broker/partition-log.ts'
import type { Truth } from './truth.ts'
import { nameOf } from './truth.ts'

/** What stands on the retry topics and among the dead letters, by where it first stood and how often it had failed. */
export class SideRecords {
  readonly #broker: MemoryBroker
  readonly #truth: Truth
  readonly #tiers: readonly Tier[]
  readonly #deadLetter: string
  readonly #stored = new Map<string, Stored[]>()
  /** Up to where each partition was read. */
  readonly #read = new Map<string, number>()

  constructor(broker: MemoryBroker, truth: Truth, { tiers, deadLetter }: { tiers: readonly Tier[]; deadLetter: string }) {
    this.#broker = broker
    this.#truth = truth
    this.#tiers = tiers
    this.#deadLetter = deadLetter
  }

  /** Whatever the process takes for written stands there, with headers that tell the truth. */
  check(exits: readonly Exit[]): void {
    for (const { topic } of this.#tiers) this.#learn(topic)
    this.#learn(this.#deadLetter)
    for (const exit of exits) {
      const { topic, headers } = this.#expected(exit)
      const name = `${topic} ${headers['mts-origin-topic']}/${headers['mts-origin-partition']}@${headers['mts-origin-offset']} ${exit.attempt}`
      const isThere = this.#stored.get(name)?.some((stored) => isAs(stored, exit, headers))
      assert.ok(isThere, `${nameOf(exit.record)} is taken for written to ${topic}, but does not stand there`)
    }
  }

  #learn(topic: string): void {
    this.#broker.ends(topic).forEach((end, partition) => {
      const place = { topic, partition }
      const from = this.#read.get(`${topic}/${partition}`) ?? 0
      if (from === end) return
      this.#read.set(`${topic}/${partition}`, end)
      for (const stored of this.#broker.read(place, from)) {
        const { headers, offset, key } = stored
        this.#truth.stored({ ...place, offset }, key?.toString('latin1') ?? null)
        const name = `${topic} ${headers['mts-origin-topic']}/${headers['mts-origin-partition']}@${headers['mts-origin-offset']} ${headers['mts-attempt']}`
        const known = this.#stored.get(name)
        if (known === undefined) this.#stored.set(name, [stored])
        else known.push(stored)
      }
    })
  }

  #expected({ record, to, attempt, firstFailedAt, reason, failedAt }: Exit): { topic: string; headers: Record<string, string> } {
    const before = this.#tiers.findIndex((tier) => tier.topic === record.topic)
    const next = reason === 'forbidden' ? 0 : Math.min(before + 1, this.#tiers.length - 1)
    const tier = to === 'tier' ? this.#tiers[next] : undefined
    const origin = record.history?.origin ?? record
    const headers = {
      'mts-attempt': String(attempt),
      'mts-first-failed-at': String(firstFailedAt),
      'mts-reason': reason,
      'mts-origin-topic': origin.topic,
      'mts-origin-partition': String(origin.partition),
      'mts-origin-offset': String(origin.offset),
      'mts-origin-timestamp': String(origin.timestamp),
      ...(tier === undefined ? {} : { 'mts-not-before': String(failedAt + tier.delayMs) }),
    }
    return { topic: tier?.topic ?? this.#deadLetter, headers }
  }
}

function isAs({ key, value, headers }: Stored, { record }: Exit, expected: Readonly<Record<string, string>>): boolean {
  const ours = Object.keys(headers).filter((name) => name !== 'own' && name !== 'mts-detail')
  const isTrue = Object.entries(expected).every(([name, text]) => String(headers[name]) === text)
  if (!isTrue || ours.length !== Object.keys(expected).length || 'mts-detail' in headers === false) return false
  // What was left out for its size was left out of the exit, too.
  const isWhole = record.value === null ? value === null : value?.equals(record.value) === true
  const hasOwn = String(headers.own) === String(record.headers?.own)
  return isWhole && hasOwn && (key?.toString('latin1') ?? null) === record.key
}
