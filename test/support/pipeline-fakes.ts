/** The pipeline's neighbours, played by hand: a request or a write ends when the test ends it. */
import assert from 'node:assert/strict'
import type { Hit, Route } from '../../src/core/hit.ts'
import type { ResumePoint } from '../../src/core/offset-runs.ts'
import type { Answer, Reject, Skip } from '../../src/core/outcome.ts'
import type { SourceRecord } from '../../src/core/record.ts'
import type { OpenHit } from '../../src/pipeline/batch.ts'
import { Brake } from '../../src/pipeline/brake.ts'
import type { Door, Pass } from '../../src/pipeline/gate.ts'
import { Gate } from '../../src/pipeline/gate.ts'
import { Lane } from '../../src/pipeline/lane.ts'
import type { LaneContext, LaneLimits, LaneStart } from '../../src/pipeline/lane-context.ts'
import type { Lanes } from '../../src/pipeline/lanes.ts'
import type { CommitPoint, Exit, PipelineProbe, Preparer, Sender, SideExit, Source, Wait } from '../../src/pipeline/ports.ts'
import { WindowBytes } from '../../src/pipeline/window-bytes.ts'
import { bodyBytes, serialiseHit } from '../../src/tracker/request.ts'
import { FakeClock, settled } from './fake-clock.ts'

export const logins: Route = { app: 'shop', method: 'login' }
export const registrations: Route = { app: 'shop', method: 'registration' }

export const delivered: Answer = { kind: 'delivered' }
export const unavailable: Answer = { kind: 'retry', reason: 'unavailable', detail: 'status 500' }
export const refused: Answer = { kind: 'reject', reason: 'rejected', detail: 'status 400' }
export const forbidden: Answer = { kind: 'halt', reason: 'forbidden', detail: 'status 403' }

export class ManualSender implements Sender {
  readonly requests: Request[] = []

  send(route: Route, hits: readonly Hit[]): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.requests.push({ route, ids: hits.map(idOf), resolve, reject })
    return promise
  }

  /** Answers the request of that number, counted from 0, and lets the pipeline draw its consequences. */
  async answer(index: number, answer: Answer): Promise<void> {
    const request = this.requests[index]
    assert.ok(request !== undefined, `request ${index} was not sent; there were ${this.requests.length}`)
    request.resolve(answer)
    await settled()
  }

  /** The hits of each request so far. */
  get sent(): string[][] {
    return this.requests.map(({ ids }) => ids)
  }
}

interface Request {
  readonly route: Route
  readonly ids: string[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

export class ManualSideExit implements SideExit {
  readonly writes: {
    readonly exits: readonly Exit[]
    readonly resolve: (written: readonly (Exit | undefined)[]) => void
    readonly reject: (error: Error) => void
  }[] = []

  write(exits: readonly Exit[]): Promise<readonly (Exit | undefined)[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly (Exit | undefined)[]>()
    this.writes.push({ exits, resolve, reject })
    return promise
  }

  /** Those of these offsets; left out: all. */
  async acknowledge(index: number, offsets?: readonly number[]): Promise<void> {
    const { exits = [], resolve } = this.writes[index] ?? {}
    resolve?.(exits.map((exit) => (offsets?.includes(exit.record.offset) === false ? undefined : exit)))
    await settled()
  }

  async fail(index: number): Promise<void> {
    this.writes[index]?.reject(new Error('not enough replicas'))
    await settled()
  }

  /** The offsets of each write so far. */
  get offsets(): number[][] {
    return this.writes.map(({ exits }) => exits.map(({ record }) => record.offset))
  }
}

export class ManualSource implements Source {
  readonly calls: string[] = []
  readonly commits: {
    readonly points: readonly CommitPoint[]
    /** Left out: all of them are. */
    readonly resolve: (committed?: readonly CommitPoint[]) => void
    readonly reject: (error: Error) => void
  }[] = []

  pause(topic: string, partition: number): void {
    this.calls.push(`pause ${topic}-${partition}`)
  }

  resume(topic: string, partition: number): void {
    this.calls.push(`resume ${topic}-${partition}`)
  }

  seek(topic: string, partition: number, offset: number): void {
    this.calls.push(`seek ${topic}-${partition} ${offset}`)
  }

  commit(points: readonly CommitPoint[]): Promise<readonly CommitPoint[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly CommitPoint[]>()
    this.commits.push({ points, resolve: (committed = points) => resolve(committed), reject })
    return promise
  }
}

/** Writes down what it is told, one word and the number that matters each. */
export class ListeningProbe implements PipelineProbe {
  readonly heard: string[] = []
  skipped: PipelineProbe['skipped'] = (reason, { offset }) => this.heard.push(`skipped ${offset} ${reason}`)
  answered: PipelineProbe['answered'] = ({ hits, answer }) => this.heard.push(`answered ${hits.length} ${answer.kind}`)
  exited: PipelineProbe['exited'] = (exits) => this.heard.push(`exited ${exits.length}`)
  exitFailed: PipelineProbe['exitFailed'] = ({ waiting }) => this.heard.push(`exitFailed ${waiting}`)
  committed: PipelineProbe['committed'] = (points) => this.heard.push(`committed ${points.map(({ offset }) => offset)}`)
  commitFailed: PipelineProbe['commitFailed'] = () => this.heard.push('commitFailed')
  held: PipelineProbe['held'] = ({ why, name }) => this.heard.push(`held ${[why, name].join(' ').trim()}`)
  released: PipelineProbe['released'] = ({ why, name }) => this.heard.push(`released ${[why, name].join(' ').trim()}`)
}

/** What a record turns into, told by the test; without a word it is a hit of `logins`. */
export class ScriptedPreparer implements Preparer {
  readonly script = new Map<number, Hit | Skip | Reject | Wait>()

  prepare(record: SourceRecord): Hit | Skip | Reject | Wait {
    return this.script.get(record.offset) ?? hitOf(record.offset)
  }
}

export function hitOf(id: number | string, route = logins, text = ''): Hit {
  return serialiseHit(route, { customUserId: String(id), ...(text === '' ? {} : { text }) })
}

function idOf(hit: Hit): string {
  return (JSON.parse(hit.json) as { customUserId: string }).customUserId
}

export function recordOf(offset: number, key: string | null = null, partition = 0): SourceRecord {
  return {
    topic: 'orders',
    partition,
    offset,
    timestamp: 1_600_000_000_000,
    key,
    value: Buffer.from('avro'),
    headers: undefined,
    history: undefined,
  }
}

export function openHitOf(sequence: number, content = hitOf(sequence)): OpenHit {
  return { record: recordOf(sequence), sequence, key: undefined, content, windowBytes: content.bytes }
}

/** Small enough for a test to fill. */
export const limits: LaneLimits = {
  batch: { maxEvents: 20, maxBytes: 10_000, bodyBytes, lingerMs: 250 },
  retry: { attempts: 3, delayMs: 100, maxDelayMs: 1_000 },
  giveUpMs: 86_400_000,
  ordering: 'key',
  maxInFlight: 4,
  windowEvents: 100,
}

/** Of what is held back. */
export const probes = { afterMs: 5_000, maxMs: 60_000 }

interface Shared {
  readonly maxInFlight?: number
  readonly windowBytes?: number
  /** In a row, until everything waits; left out: for ever. */
  readonly failures?: number
  /** Left out: the brake is off. */
  readonly brakeShare?: number
}

/** One lane, or several that share everything, with all that is around them in the test's hands. */
export class Bench {
  readonly clock = new FakeClock()
  readonly sender = new ManualSender()
  readonly sideExit = new ManualSideExit()
  readonly source = new ManualSource()
  readonly probe = new ListeningProbe()
  readonly preparer = new ScriptedPreparer()
  readonly gate: Gate
  readonly door: Door
  readonly brake: Brake
  readonly windowBytes: WindowBytes
  readonly context: LaneContext
  readonly #lanes: Lane[] = []

  constructor(changed: Partial<LaneLimits> = {}, shared: Shared = {}) {
    const { maxInFlight = 64, failures, brakeShare: share } = shared
    const { clock, sender, sideExit, source, probe, preparer } = this
    this.gate = new Gate({ clock, probe, maxInFlight, requestsPerSecond: 0, failures, probes })
    this.door = this.gate.door('first')
    const hold = (held: string): void => this.#lanes.forEach((lane) => void (lane.topic === held && lane.stop()))
    this.brake = new Brake({ share, now: () => clock.now(), onHeld: hold })
    this.windowBytes = new WindowBytes(shared.windowBytes ?? 1_000_000)
    const { door, brake, windowBytes } = this
    const parts = { clock, sender, sideExit, source, probe, preparer, door, brake, windowBytes }
    this.context = { ...parts, limits: { ...limits, ...changed }, random: () => 0.5 }
  }

  lane(partition = 0, resume?: ResumePoint, topic = 'orders'): Lane {
    const lane = new Lane({ topic, partition, resume }, this.context)
    this.#lanes.push(lane)
    return lane
  }

  /** A fresh lane that was handed records of these keys, from offset 0 on. */
  laneWith(keys: readonly (string | null)[]): Lane {
    const lane = this.lane()
    lane.accept(
      keys.map((key, offset) => recordOf(offset, key)),
      keys.length,
    )
    return lane
  }
}

/** The batch limit alone, changed. */
export function batchOf(changed: Partial<LaneLimits['batch']>): Pick<LaneLimits, 'batch'> {
  return { batch: { ...limits.batch, ...changed } }
}

/** The next offset to read after a restart; -1: nothing was read, or nothing is left to commit. */
export function pointOf(lane: Lane): number {
  return lane.commitPoint()?.offset ?? -1
}

/** What a committer would commit now. */
export function pointsOf(lanes: Lanes): CommitPoint[] {
  return [...lanes.all()].flatMap((lane) => lane.commitPoint() ?? [])
}

/** The first partitions of the topic, none of which was read before. */
export function startsOf(partitions: number): LaneStart[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic: 'orders', partition, resume: undefined }))
}

/** How many requests could go now; all are begun and ended. */
export function freePasses(door: Door): number {
  const passes: Pass[] = []
  for (let pass = enter(door); pass !== undefined; pass = enter(door)) passes.push(pass)
  for (const pass of passes) door.leave(pass)
  return passes.length
}

function enter(door: Door): Pass | undefined {
  const pass = door.enter('free', () => undefined)
  return pass === 'blocked' ? undefined : pass
}
