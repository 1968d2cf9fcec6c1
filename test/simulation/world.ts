import assert from 'node:assert/strict'
import type { Origin } from '../../src/core/record.ts'
import type { Tier } from '../../src/kafka/producer.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import { nameOf, Truth } from './book.ts'
import { CommitCheck } from './commit-check.ts'
import { checkEnd } from './end-check.ts'
import { Instance } from './instance.ts'
import type { Comings } from './reading.ts'
import type { Planned, Restart, Schedule } from './schedule.ts'
import { Dice, scheduleOf } from './schedule.ts'
import { SideRecords } from './side-records.ts'
import { Tracker } from './tracker.ts'

const SOURCE = 'orders'
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
  readonly #instances: Instance[] = []
  /** Instances that are being drained. */
  #leaving = 0
  #problem: { readonly what: unknown } | undefined
  /** Records to come, and restarts. */
  #toCome = 0
  readonly #commits: CommitCheck
  readonly #side: SideRecords
  /** Something happened after which an event may be accepted twice. */
  #mayRepeat = false
  #kills = 0
  #joins = 0
  #drains = 0
  #lost = 0
  #spoilt = 0
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
    this.#side = new SideRecords(this.#broker, this.#truth, { tiers: this.#tiers, deadLetter: DEAD })
    this.#createTopics()
  }

  get #isFaulty(): boolean {
    return this.#clock.now() < this.#startedAt + this.#schedule.faults.endMs
  }

  #fails(rate: number): boolean {
    return this.#isFaulty && this.#dice.chance(rate)
  }

  #sendFate(): 'reject-unwritten' | 'reject-written' | 'written-twice' | 'partition-missing' {
    const fate = this.#dice.of<'reject-unwritten' | 'reject-written' | 'written-twice' | 'partition-missing'>(
      'reject-unwritten',
      'reject-written',
      'written-twice',
      'partition-missing',
    )
    if (fate === 'reject-written' || fate === 'written-twice') this.#mayRepeat = true
    return fate
  }

  #createTopics(): void {
    const { records, tierPartitions, sideBytesMax } = this.#schedule
    this.#broker.createTopic(SOURCE, { partitions: records.length })
    for (const topic of [...this.#tiers.map((tier) => tier.topic), DEAD]) {
      this.#broker.createTopic(topic, { partitions: tierPartitions, maxMessageBytes: sideBytesMax })
    }
  }

  async run(): Promise<Summary> {
    const { records, restarts } = this.#schedule
    records.forEach((planned, partition) => {
      for (const each of planned) this.#at(each.at, () => this.#produce(each, partition))
    })
    for (const { at, how } of restarts) this.#at(at, () => this.#restart(how))
    this.#start()
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

  #produce(planned: Planned, partition: number): void {
    const topic = SOURCE
    if (planned.gap > 0) this.#broker.skip({ topic, partition }, planned.gap)
    const origin: Origin = {
      topic,
      partition,
      offset: this.#broker.ends(topic)[partition] as number,
      timestamp: this.#clock.now(),
    }
    const id = `${partition}@${origin.offset}`
    this.#truth.entries.set(id, { ...planned, id, origin, accepted: 0 })
    const key = planned.key === null ? null : Buffer.from(planned.key, 'latin1')
    this.#truth.stored(origin, planned.key)
    const value = `${id} ${'x'.repeat(planned.bulk)}`
    this.#broker.append({ topic, partition }, [{ key, value, headers: { own: `of ${id}` } }])
  }

  #start(): void {
    const instance = new Instance({
      schedule: this.#schedule,
      dice: this.#dice,
      clock: this.#clock,
      broker: this.#broker,
      tracker: this.#tracker,
      truth: this.#truth,
      comings: this.#comings,
      topics: { tiers: this.#tiers, deadLetter: DEAD, source: SOURCE, groupId: GROUP },
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
      onRepeat: () => {
        this.#mayRepeat = true
      },
      onProblem: (what) => {
        this.#problem ??= { what }
      },
    })
    instance.start()
    this.#instances.push(instance)
  }

  #restart(how: Restart['how']): void {
    if (how === 'join') {
      this.#joins += 1
      this.#start()
      return
    }
    if (how === 'spoil') {
      this.#spoil()
      return
    }
    if (how === 'expire') {
      this.#expire()
      return
    }
    if (how === 'lose') {
      this.#lose()
      return
    }
    // The last one stays, unless another follows it.
    if (this.#instances.length === 0 || (how === 'leave' && this.#instances.length === 1)) return
    const [instance] = this.#instances.splice(this.#dice.between(0, this.#instances.length - 1), 1)
    if (how === 'kill') {
      this.#kills += 1
      this.#mayRepeat = true
      instance?.kill()
      this.#start()
      return
    }
    this.#drains += 1
    this.#leaving += 1
    void instance?.drain().then((clean) => {
      this.#leaving -= 1
      if (!clean) this.#mayRepeat = true
      if (how === 'drain') this.#start()
    })
  }

  /** One that is cut off from the coordinator only: it reads and sends while others take its partitions. */
  #lose(): void {
    this.#lost += 1
    this.#mayRepeat = true
    const heardAfterMs = this.#dice.of(0, 1_000, 5_000)
    this.#dice.of(...this.#instances).lose(heardAfterMs)
    // The run is not over before it has joined again: until then its drain cannot be clean.
    this.#at(heardAfterMs + 2_000, () => undefined)
  }

  #spoil(): void {
    for (const { groupId, topic } of this.#groupTopics) {
      this.#broker.committed(groupId, topic).forEach((commit, partition) => {
        if (commit === undefined) return
        this.#spoilt += 1
        this.#mayRepeat = true
        this.#broker.spoil(groupId, { topic, partition }, this.#dice.of('of another tool', 'mts2:AQI', 'mts1:AYA', 'mts1:____'))
      })
    }
  }

  /** Below the commit, a little above it, or all. */
  #expire(): void {
    const committed = this.#broker.committed(GROUP, SOURCE)
    this.#broker.ends(SOURCE).forEach((end, partition) => {
      const ahead = this.#dice.of(-2, 1, 5, 20, end)
      this.#broker.expire({ topic: SOURCE, partition }, (committed[partition]?.offset ?? 0) + ahead)
    })
  }

  get #groupTopics(): { groupId: string; topic: string }[] {
    return [{ groupId: GROUP, topic: SOURCE }, ...this.#tiers.map(({ topic }) => ({ groupId: `${GROUP}.retry`, topic }))]
  }

  async #until(done: () => boolean): Promise<void> {
    await this.#clock.runUntil(() => {
      if (this.#problem !== undefined) throw this.#problem.what
      for (const each of this.#groupTopics) this.#commits.look(each)
      const lanes = this.#schedule.records.length + this.#tiers.length * this.#schedule.tierPartitions
      for (const { pipeline } of this.#instances) {
        assert.ok(pipeline.open <= this.#schedule.limits.windowEvents * lanes, `${pipeline.open} records are open`)
      }
      return done()
    }, OVER_MS)
  }

  /** All is committed to its end. */
  #isOver(): boolean {
    if (this.#toCome > 0 || this.#leaving > 0) return false
    const isRead = (groupId: string, topic: string): boolean => {
      const committed = this.#broker.committed(groupId, topic)
      return this.#broker.ends(topic).every((end, partition) => end === 0 || committed[partition]?.offset === end)
    }
    return isRead(GROUP, SOURCE) && this.#tiers.every(({ topic }) => isRead(`${GROUP}.retry`, topic))
  }

  #checkEnd(): void {
    // A commit that failed before a join, too, lets the next owner read again.
    const mayRepeat = this.#mayRepeat || this.#tracker.lostAnswers > 0 || this.#schedule.faults.commit > 0
    checkEnd({ truth: this.#truth, broker: this.#broker, schedule: this.#schedule, deadLetter: DEAD, mayRepeat })
  }

  /** Drains the last instance: nothing may be left over. */
  async #end(): Promise<void> {
    const ending = this.#instances.map((instance) => instance.drain())
    let clean: boolean | undefined
    void Promise.all(ending).then((all) => {
      clean = all.every(Boolean)
    })
    await this.#until(() => clean !== undefined)
    if (!this.#isFaulty) assert.equal(clean, true, 'the last drain was not clean')
    // Nothing that was left behind does any harm, or goes on for ever.
    while (await this.#clock.step());
    for (const { pipeline } of this.#instances) assert.equal(pipeline.open, 0)
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
      kills: this.#kills,
      joins: this.#joins,
      drains: this.#drains,
      lost: this.#lost,
      spoilt: this.#spoilt,
      missed: this.#missed,
      ...this.#comings,
    }
  }
}
