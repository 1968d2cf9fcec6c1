import assert from 'node:assert/strict'
import type { Origin } from '../../src/core/record.ts'
import type { Tier } from '../../src/kafka/producer.ts'
import { FakeClock } from '../support/fake-clock.ts'
import type { SendFate } from '../support/memory-broker/faults.ts'
import { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { TopicPartition } from '../support/memory-broker/topics.ts'
import { CommitCheck } from './commit-check.ts'
import { checkEnd } from './end-check.ts'
import type { Configuration } from './fleet.ts'
import { Fleet } from './fleet.ts'
import { Instance } from './instance.ts'
import type { Comings } from './reading.ts'
import type { Planned, Restart, Schedule } from './schedule.ts'
import { Dice, scheduleOf } from './schedule.ts'
import { SideRecords } from './side-records.ts'
import type { GroupTopic } from './tampering.ts'
import { Tampering } from './tampering.ts'
import { Tracker } from './tracker.ts'
import { nameOf, Truth } from './truth.ts'

const GROUP = 'sink'
const DEAD = 'sink.dead-letter'
/** No run takes longer, in its own time. */
const OVER_MS = 3_600_000

/** What happened in a run, for the figures. */
export interface Summary extends Readonly<Comings> {
  readonly records: number
  readonly requests: number
  readonly accepted: number
  /** Accepted more than once. */
  readonly duplicates: number
  readonly parked: number
  readonly dead: number
  readonly kills: number
  readonly joins: number
  readonly drains: number
  readonly lost: number
  readonly spoilt: number
  /** Expired before they were read. */
  readonly missed: number
  /** Topics that a process held by the brake. */
  readonly braked: number
  /** Times that the operator mended the mapping, or turned the brake off. */
  readonly mended: number
  readonly released: number
  /** Records of a mapping that was wrong which were accepted once it was mended. */
  readonly saved: number
}

/** Runs one schedule to its end and checks it at every step. Throws what is wrong, naming the seed. */
export async function runSchedule(seed: number): Promise<Summary> {
  try {
    return await new World(scheduleOf(seed)).run()
  } catch (error) {
    const again = `again with: npm run simulation -- --seed ${seed} --schedules 1`
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}; ${again}`, { cause: error })
  }
}

class World {
  readonly #schedule: Schedule
  readonly #dice: Dice
  readonly #clock = new FakeClock()
  readonly #startedAt = this.#clock.now()
  readonly #truth = new Truth()
  readonly #broker: MemoryBroker
  readonly #tracker: Tracker
  readonly #tiers: readonly Tier[]
  readonly #fleet: Fleet
  readonly #groupTopics: readonly GroupTopic[]
  #problem: { readonly what: unknown } | undefined
  /** Records to come, and restarts. */
  #toCome = 0
  readonly #commits: CommitCheck
  readonly #side: SideRecords
  readonly #tampering: Tampering
  /** Something happened after which an event may be accepted twice. */
  #mayRepeat = false
  #braked = 0
  #missed = 0
  readonly #comings: Comings = { retained: 0, readAhead: 0, withRuns: 0, foreign: 0 }

  constructor(schedule: Schedule) {
    this.#schedule = schedule
    this.#dice = new Dice(schedule.seed + 1)
    const { faults } = schedule
    this.#broker = new MemoryBroker(this.#clock, {
      latencyMs: () => this.#dice.between(0, 20),
      send: () => (this.#fails(faults.send) ? this.#sendFate() : 'ok'),
      commit: () => (this.#fails(faults.commit) ? this.#dice.of('reject-unwritten', 'reject-written') : 'ok'),
    })
    this.#commits = new CommitCheck(this.#broker, this.#truth)
    this.#tracker = new Tracker({
      schedule,
      dice: this.#dice,
      clock: this.#clock,
      isFaulty: () => this.#isFaulty,
    })
    this.#tiers = schedule.tierDelaysMs.map((delayMs) => ({ topic: `sink.retry.${delayMs}ms`, delayMs }))
    const sources = schedule.sources.map(({ topic }) => ({ groupId: GROUP, topic }))
    this.#groupTopics = [...sources, ...this.#tiers.map(({ topic }) => ({ groupId: `${GROUP}.retry`, topic }))]
    const tampered = { broker: this.#broker, dice: this.#dice, groupTopics: this.#groupTopics, sources }
    this.#tampering = new Tampering({ ...tampered, onRepeat: this.#onRepeat })
    this.#side = new SideRecords(this.#broker, this.#truth, { tiers: this.#tiers, deadLetter: DEAD })
    this.#fleet = new Fleet({
      ...{ schedule, dice: this.#dice, onRepeat: this.#onRepeat },
      begin: (configuration) => this.#begin(configuration),
      at: (ms, run) => this.#at(ms, run),
    })
    this.#createTopics()
  }

  readonly #onRepeat = (): void => {
    this.#mayRepeat = true
  }

  get #isFaulty(): boolean {
    return this.#clock.now() < this.#startedAt + this.#schedule.faults.endMs
  }

  #fails(rate: number): boolean {
    return this.#isFaulty && this.#dice.chance(rate)
  }

  #sendFate(): SendFate {
    const fate = this.#dice.of<SendFate>('reject-unwritten', 'reject-written', 'written-twice', 'partition-missing')
    if (fate === 'reject-written' || fate === 'written-twice') this.#mayRepeat = true
    return fate
  }

  #createTopics(): void {
    const { sources, tierPartitions, sideBytesMax } = this.#schedule
    for (const { topic, records } of sources) this.#broker.createTopic(topic, { partitions: records.length })
    for (const topic of [...this.#tiers.map((tier) => tier.topic), DEAD]) {
      this.#broker.createTopic(topic, { partitions: tierPartitions, maxMessageBytes: sideBytesMax })
    }
  }

  async run(): Promise<Summary> {
    const { sources, restarts, brake } = this.#schedule
    for (const { topic, records } of sources) {
      records.forEach((planned, partition) => {
        for (const each of planned) this.#at(each.at, () => this.#produce(each, { topic, partition }))
      })
    }
    for (const { at, how } of restarts) this.#at(at, () => this.#restart(how))
    if (brake?.mendedAt !== undefined) this.#at(brake.mendedAt, () => this.#fleet.mend())
    this.#fleet.start()
    await this.#until(() => this.#isOver())
    this.#checkEnd()
    await this.#end()
    return this.#summary()
  }

  #at(ms: number, run: () => void): void {
    this.#toCome += 1
    this.#clock.set(() => {
      this.#toCome -= 1
      run()
    }, ms)
  }

  #produce(planned: Planned, { topic, partition }: { topic: string; partition: number }): void {
    if (planned.gap > 0) this.#broker.skip({ topic, partition }, planned.gap)
    const origin: Origin = {
      topic,
      partition,
      offset: this.#broker.ends(topic)[partition] as number,
      timestamp: this.#clock.now(),
    }
    const id = nameOf(origin)
    this.#truth.entries.set(id, { ...planned, id, origin, accepted: 0 })
    const key = planned.key === null ? null : Buffer.from(planned.key, 'latin1')
    this.#truth.stored(origin, planned.key)
    const value = `${id} ${'x'.repeat(planned.bulk)}`
    this.#broker.append({ topic, partition }, [{ key, value, headers: { own: `of ${id}` } }])
  }

  #begin(configuration: Configuration): Instance {
    return new Instance({
      schedule: this.#schedule,
      configuration,
      dice: this.#dice,
      clock: this.#clock,
      broker: this.#broker,
      tracker: this.#tracker,
      truth: this.#truth,
      comings: this.#comings,
      topics: { tiers: this.#tiers, deadLetter: DEAD, sources: this.#schedule.sources.map(({ topic }) => topic), groupId: GROUP },
      checkStored: (exits) => this.#side.check(exits),
      onMissed: ({ topic, partition }, offsets) => {
        for (const offset of offsets) {
          const name = nameOf({ topic, partition, offset })
          if (!this.#truth.done.has(name)) this.#missed += 1
          this.#truth.missed.add(name)
          // Nothing waits for it.
          this.#truth.done.add(name)
        }
      },
      onBraked: () => {
        this.#braked += 1
      },
      onRepeat: this.#onRepeat,
      onProblem: (what) => {
        this.#problem ??= { what }
      },
    })
  }

  #restart(how: Restart['how']): void {
    if (how === 'spoil') this.#tampering.spoil()
    else if (how === 'expire') this.#tampering.expire()
    else this.#fleet.restart(how)
  }

  async #until(done: () => boolean): Promise<void> {
    await this.#clock.runUntil(() => {
      if (this.#problem !== undefined) throw this.#problem.what
      for (const each of this.#groupTopics) this.#commits.look(each)
      for (const instance of this.#fleet.instances) instance.check()
      return done()
    }, OVER_MS)
  }

  /** All is committed to its end. */
  #isOver(): boolean {
    if (this.#toCome > 0 || this.#fleet.leaving > 0) return false
    let isHeld = false
    for (const place of this.#unread()) {
      if (!this.#isHeld(place)) return false
      isHeld = true
    }
    // Whatever is held, all else went on to its end; now the operator comes.
    if (isHeld) this.#fleet.cure()
    return !isHeld
  }

  *#unread(): Generator<TopicPartition> {
    for (const { groupId, topic } of this.#groupTopics) {
      const committed = this.#broker.committed(groupId, topic)
      for (const [partition, end] of this.#broker.ends(topic).entries()) {
        if (end !== 0 && committed[partition]?.offset !== end) yield { topic, partition }
      }
    }
  }

  #isHeld(place: TopicPartition): boolean {
    return this.#fleet.instances.some((instance) => instance.holds(place))
  }

  #checkEnd(): void {
    // A commit that failed before a join, too, lets the next owner read again.
    const mayRepeat = this.#mayRepeat || this.#tracker.lostAnswers > 0 || this.#schedule.faults.commit > 0
    checkEnd({
      truth: this.#truth,
      broker: this.#broker,
      schedule: this.#schedule,
      deadLetter: DEAD,
      mayRepeat,
      wasMended: this.#fleet.counts.mended > 0,
    })
  }

  /** Drains the last instance: nothing may be left over. */
  async #end(): Promise<void> {
    // A commit of its last moment may be rejected when it is over already.
    const wasFaulty = this.#isFaulty
    const ending = this.#fleet.instances.map((instance) => instance.drain())
    let clean: boolean | undefined
    void Promise.all(ending).then((all) => {
      clean = all.every(Boolean)
    })
    await this.#until(() => clean !== undefined)
    if (!wasFaulty) assert.equal(clean, true, 'the last drain was not clean')
    // Nothing that was left behind does any harm, or goes on for ever.
    while (await this.#clock.step());
    for (const { pipeline } of this.#fleet.instances) assert.equal(pipeline.open, 0)
  }

  #summary(): Summary {
    const entries = [...this.#truth.entries.values()]
    return {
      records: entries.length,
      requests: this.#tracker.requests,
      accepted: entries.filter(({ accepted }) => accepted > 0).length,
      duplicates: entries.reduce((sum, { accepted }) => sum + Math.max(0, accepted - 1), 0),
      parked: this.#tiers.reduce((sum, { topic }) => sum + this.#broker.records(topic).length, 0),
      dead: this.#broker.records(DEAD).length,
      ...this.#fleet.counts,
      spoilt: this.#tampering.spoilt,
      missed: this.#missed,
      braked: this.#braked,
      saved: entries.filter(({ fate, accepted }) => ['mistyped', 'mistold'].includes(fate) && accepted > 0).length,
      ...this.#comings,
    }
  }
}
