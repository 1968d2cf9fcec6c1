import { errorText } from '../core/errors.ts'
import { memoryGroup } from '../dead-letters/filter.ts'
import type { DeadLetter } from '../dead-letters/ports.ts'
import type { ReplayCount } from '../dead-letters/replay.ts'
import { newCount, rehearse, replay as runReplay } from '../dead-letters/replay.ts'
import { lettersText, tallyText } from '../dead-letters/text.ts'
import type { MemoryReader, Remembered } from '../kafka/dead-letter-topic.ts'
import type { Stretch } from '../kafka/topic-reader.ts'
import { ownTopics } from '../kafka/topics.ts'
import type { CommonFlags, Session } from './dead-letters-session.ts'
import { readOnce, sourceOf, withSession } from './dead-letters-session.ts'
import { quoted } from './quoted.ts'

export interface ReplayFlags extends CommonFlags {
  readonly execute?: boolean
  readonly again?: boolean
}

interface Outcome {
  readonly count: ReplayCount
  /** Records of this filter that earlier runs put back. */
  readonly before: number
  readonly failure: string | undefined
}

export function replay(flags: ReplayFlags): Promise<number> {
  return withSession(flags, { forReplay: true }, async (session) => {
    const { config, written } = session
    const group = memoryGroup(config.kafka.groupId, written)
    const outcome = flags.execute === true ? await execute(session, flags, group) : await preview(session, flags, group)
    const tier = ownTopics(config.kafka.groupId, config.retry.tiers).tiers[0]?.topic ?? ''
    if (flags.json === true) session.print(JSON.stringify(factsOf(outcome, flags, { tier, group })))
    else for (const line of linesOf(outcome, flags, tier)) session.print(line)
    if (outcome.failure === undefined) return 0
    session.say(`mytracker-sink: the replay stopped: ${outcome.failure}`)
    return 1
  })
}

async function preview(session: Session, flags: ReplayFlags, group: string): Promise<Outcome> {
  const { topic, filter, signal } = session
  const stretches = await topic.stretches(filter)
  const remembered = flags.again === true ? new Map<number, Remembered>() : await topic.remembered(group)
  const limit = flags.limit ?? Number.POSITIVE_INFINITY
  const count = await readOnce(session, rest(stretches, remembered), (source) => rehearse({ source, filter, limit, signal }))
  return { count, before: replayedIn(remembered), failure: undefined }
}

async function execute(session: Session, flags: ReplayFlags, group: string): Promise<Outcome> {
  const { topic, signal, say } = session
  // Before the wait for a group that may not be free: what becomes a dead letter from now on is for the next run.
  const stretches = await topic.stretches(session.filter)
  const waits = (seconds: number): void =>
    say(`this replay is running elsewhere, or was killed a moment ago: waiting up to ${seconds} s for its membership to end`)
  const reader = await topic.joinMemory(group, waits, signal)
  try {
    const remembered = flags.again === true ? await forget(reader, stretches) : await topic.remembered(group)
    return await putBack(session, flags, { reader, stretches, remembered })
  } finally {
    await reader.leave()
  }
}

async function putBack(
  { topic, filter, signal, say }: Session,
  flags: ReplayFlags,
  memory: { reader: MemoryReader; stretches: readonly Stretch[]; remembered: ReadonlyMap<number, Remembered> },
): Promise<Outcome> {
  const { reader, stretches, remembered } = memory
  const count = newCount()
  const source = sourceOf((...args) => reader.read(...args), rest(stretches, remembered), say)
  const limit = flags.limit ?? Number.POSITIVE_INFINITY
  const targets = {
    tier: { put: (letters: readonly DeadLetter[]) => topic.putBack(letters.map(({ record }) => record)) },
    memory: {
      keep: (partition: number, offset: number, replayed: number) => reader.remember([{ partition, offset, replayed }]),
    },
    before: new Map([...remembered].map(([partition, { replayed }]) => [partition, replayed])),
  }
  const before = replayedIn(remembered)
  try {
    await runReplay({ source, filter, limit, signal }, targets, count)
    return { count, before, failure: undefined }
  } catch (error) {
    return { count, before, failure: errorText(error) }
  }
}

/** All partitions at once, so that a new start that is cut short does not go on half from the old memory. */
async function forget(reader: MemoryReader, stretches: readonly Stretch[]): Promise<ReadonlyMap<number, Remembered>> {
  await reader.remember(stretches.map(({ partition, start }) => ({ partition, offset: start, replayed: 0 })))
  return new Map()
}

function rest(stretches: readonly Stretch[], remembered: ReadonlyMap<number, Remembered>): Stretch[] {
  return stretches.map((stretch) => ({
    ...stretch,
    start: Math.max(stretch.start, remembered.get(stretch.partition)?.offset ?? 0),
  }))
}

function replayedIn(remembered: ReadonlyMap<number, Remembered>): number {
  return [...remembered.values()].reduce((sum, { replayed }) => sum + replayed, 0)
}

function factsOf({ count, before, failure }: Outcome, flags: ReplayFlags, names: { tier: string; group: string }): object {
  const { total, byReason, byTopic } = count.tally
  return {
    executed: flags.execute === true,
    total,
    byReason,
    byTopic,
    replayedBefore: before,
    withoutValue: count.withoutValue,
    ended: failure === undefined ? count.ended : 'failed',
    ...names,
  }
}

function linesOf({ count, before, failure }: Outcome, flags: ReplayFlags, tier: string): string[] {
  const { total } = count.tally
  const earlier = before === 0 ? [] : [`${lettersText(before)} of this filter were replayed before; --again starts over`]
  const without =
    count.withoutValue === 0
      ? []
      : [`${lettersText(count.withoutValue)} without a value left out: the origin headers tell where each whole record stands`]
  if (total === 0) return [failure === undefined ? 'nothing to replay' : 'nothing was replayed', ...without, ...earlier]
  const counts = [tallyText(count.tally), ...without, ...earlier]
  if (flags.execute !== true) {
    return [`dry run: ${lettersText(total)} would go to ${tier}`, ...counts, `to do it: ${commandOf(flags)}`]
  }
  const goesOn = failure === undefined && count.ended === 'at the end' ? [] : ['the same command goes on from here']
  return [`${lettersText(total)} put back on ${tier}, due at once`, ...counts, ...goesOn]
}

/** What does what the dry run has shown. */
function commandOf({ config, reason, topic, since, until, limit, again }: ReplayFlags): string {
  const flags = { config, reason, topic, since, until, limit }
  const words = Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, word(String(value))]))
  return ['mytracker-sink dead-letters replay', ...words, ...(again === true ? ['--again'] : []), '--execute'].join(' ')
}

function word(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : quoted(text)
}
