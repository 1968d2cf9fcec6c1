import type { Config } from '../config/config.ts'
import { redactor } from '../config/redact.ts'
import { kafkaConnection } from '../connection.ts'
import { errorText } from '../core/errors.ts'
import type { Filter, WrittenFilter } from '../dead-letters/filter.ts'
import { parseMoment } from '../dead-letters/moment.ts'
import type { DeadLetter, Source } from '../dead-letters/ports.ts'
import { DeadLetterTopic } from '../kafka/dead-letter-topic.ts'
import { historyOf, lastFailureOf } from '../kafka/headers.ts'
import { bytesOf } from '../kafka/producer.ts'
import type { Slice, Stretch, Take } from '../kafka/topic-reader.ts'
import { ownTopics } from '../kafka/topics.ts'
import { configOf, EXIT_CONFIG } from './config-file.ts'
import { endOfProcess } from './end-of-process.ts'
import { Progress } from './progress.ts'

/** What a shell says of a program that ended on Ctrl-C. */
const EXIT_INTERRUPTED = 130

/** The flags that all three commands take. */
export interface CommonFlags extends WrittenFilter {
  readonly config: string
  readonly limit?: number
  readonly json?: boolean
}

/** One call of a command: the open topic, which dead letters are meant, and where to say what. */
export interface Session {
  readonly config: Config
  readonly topic: DeadLetterTopic
  readonly written: WrittenFilter
  readonly filter: Filter
  /** Fires when somebody asks the process to end. */
  readonly signal: AbortSignal
  /** A line on standard output. */
  readonly print: (line: string) => void
  /** A line on standard error. */
  readonly say: (line: string) => void
}

/** Opens what a command needs, runs it, closes; returns the exit code. `forReplay`: the retry tier must be there, too. */
export async function withSession(
  flags: CommonFlags,
  { forReplay }: { forReplay: boolean },
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const config = configOf(flags.config)
  if (config === undefined) return EXIT_CONFIG
  const redact = redactor(config)
  const say = (line: string): void => void process.stderr.write(`${redact(line)}\n`)
  const filter = filterOf(flags)
  const stop = new AbortController()
  void endOfProcess().then(() => stop.abort())
  // Whoever reads the output has seen enough; a replay is not read but done.
  process.stdout.on('error', () => (forReplay ? undefined : stop.abort()))
  const { groupId } = config.kafka
  const { deadLetter, tiers } = ownTopics(groupId, config.retry.tiers)
  const tier = forReplay ? tiers[0]?.topic : undefined
  let topic: DeadLetterTopic | undefined
  try {
    topic = await DeadLetterTopic.open(
      kafkaConnection(config, () => undefined),
      { groupId, deadLetter, tier },
    )
    const print = (line: string): void => void process.stdout.write(`${redact(line)}\n`)
    const code = await work({ config, topic, written: writtenOf(flags), filter, signal: stop.signal, print, say })
    return stop.signal.aborted ? EXIT_INTERRUPTED : code
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED
    say(`mytracker-sink: ${errorText(error)}`)
    return 1
  } finally {
    await topic?.close()
  }
}

function writtenOf({ reason, topic, since, until }: CommonFlags): WrittenFilter {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(topic === undefined ? {} : { topic }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** The times have been looked at when the flags were read. */
function filterOf({ reason, topic, since, until }: CommonFlags): Filter {
  const now = Date.now()
  const moment = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseMoment(text, now))
  const filter = { reason, topic, since: moment(since), until: moment(until) }
  if (filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until) {
    throw new Error(`--since ${since} is not before --until ${until}: nothing can lie between them`)
  }
  return filter
}

/** What `read` gives, as dead letters, with progress on standard error. */
export function sourceOf(
  read: (stretches: readonly Stretch[], take: Take) => Promise<void>,
  stretches: readonly Stretch[],
  say: (line: string) => void,
): Source {
  const total = stretches.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0)
  const progress = new Progress(total, say)
  return {
    read: (take) =>
      read(stretches, async ({ partition, records, upTo }) => {
        const goOn = await take({ partition, letters: records.map(letterOf), upTo })
        progress.add(records.length)
        return goOn
      }),
  }
}

/** Reads under a passing group; joins none where there is nothing to read. */
export async function readOnce<T>(
  { topic, say }: Session,
  stretches: readonly Stretch[],
  use: (source: Source) => Promise<T>,
): Promise<T> {
  if (stretches.every(({ start, end }) => start >= end)) return await use(sourceOf(async () => undefined, [], say))
  return await topic.readOnce((reader) => use(sourceOf((...args) => reader.read(...args), stretches, say)))
}

function letterOf(record: Slice['records'][number]): DeadLetter {
  return { record, history: record.history ?? historyOf(record), ...lastFailureOf(record.headers), bytes: bytesOf(record) }
}
