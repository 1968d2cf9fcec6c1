import assert from 'node:assert/strict'
import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { Schedule } from './schedule.ts'
import type { Entry, Truth } from './truth.ts'
import { nameOf } from './truth.ts'

export interface EndFacts {
  readonly truth: Truth
  readonly broker: MemoryBroker
  readonly schedule: Schedule
  readonly deadLetter: string
  /** Whether an event may be accepted twice. */
  readonly mayRepeat: boolean
  /** Whether a process had the mended mapping. */
  readonly wasMended: boolean
}

/** What must have become of every record in the end. */
export function checkEnd(facts: EndFacts): void {
  const dead = new Map<string, string>()
  for (const { headers } of facts.broker.records(facts.deadLetter)) {
    const name = `${headers['mts-origin-topic']}/${headers['mts-origin-partition']}@${headers['mts-origin-offset']}`
    dead.set(name, String(headers['mts-reason']))
  }
  for (const entry of facts.truth.entries.values()) checkEntry(entry, dead.get(entry.id), facts)
}

function checkEntry(entry: Entry, deadOf: string | undefined, { truth, broker, schedule, mayRepeat, wasMended }: EndFacts): void {
  const { id, fate, accepted, origin } = entry
  const isDelivered = accepted > 0
  if (!isDelivered && deadOf === undefined && fate !== 'skip' && truth.missed.has(nameOf(origin))) {
    assert.ok(origin.offset < broker.low(origin), `${id} is said to be missed, and could be read`)
    return
  }
  if (fate === 'skip') assert.deepEqual([isDelivered, deadOf], [false, undefined], `${id} was to be skipped`)
  else assert.ok(isDelivered || deadOf !== undefined, `${id} (${fate}) is lost`)
  checkFate(entry, deadOf, isTroubled(schedule))
  if (['mistyped', 'mistold'].includes(fate) && !wasMended) assert.ok(!isDelivered, `${id} (${fate}) was accepted`)
  if (mayRepeat) return
  assert.ok(accepted <= 1, `${id} was accepted ${accepted} times`)
  assert.ok(!isDelivered || deadOf === undefined, `${id} was accepted, and is a dead letter`)
}

function checkFate({ id, fate, accepted }: Entry, deadOf: string | undefined, mayFail: boolean): void {
  if (fate === 'malformed') assert.equal(deadOf, 'malformed')
  if (!mayFail && ['good', 'late-schema'].includes(fate) && deadOf !== 'malformed') {
    assert.ok(accepted > 0, `${id} did nothing wrong, and is a dead letter: ${deadOf}`)
  }
  // Whatever was refused, and however often.
  if (fate === 'good') assert.notEqual(deadOf, 'rejected', `${id} did nothing wrong, and was rejected`)
  // Given up in the time of faults, else by its own fault.
  if (fate === 'refused')
    assert.ok(['rejected', 'unavailable', 'corrupted', 'malformed', 'forbidden'].includes(deadOf ?? ''), `${id}: ${deadOf}`)
}

/** Whether anything could fail that is not the record's own fault. */
function isTroubled({ faults, outages, sources }: Schedule): boolean {
  return (
    faults.tracker > 0 ||
    outages.length > 0 ||
    sources.some(({ records }) => records.flat().some(({ fate }) => fate === 'doomed'))
  )
}
