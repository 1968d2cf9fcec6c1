import { createHash } from 'node:crypto'
import type { DeadLetter } from './ports.ts'

/** Which dead letters are meant, as the operator wrote it. */
export interface WrittenFilter {
  readonly reason?: string
  /** Where the records first stood. */
  readonly topic?: string
  readonly since?: string
  readonly until?: string
}

/** Which dead letters are meant, as of one moment. */
export interface Filter {
  readonly reason: string | undefined
  readonly topic: string | undefined
  /** Epoch ms, inclusive; of the time at which a record became a dead letter. */
  readonly since: number | undefined
  /** Epoch ms, exclusive. */
  readonly until: number | undefined
}

export function matches({ reason, topic, since, until }: Filter, letter: DeadLetter): boolean {
  const { timestamp } = letter.record
  return (
    (reason === undefined || letter.reason === reason) &&
    (topic === undefined || letter.history.origin.topic === topic) &&
    (since === undefined || timestamp >= since) &&
    (until === undefined || timestamp < until)
  )
}

/**
 * The name under which a replay remembers how far it came. By the filter as it was written: `--since 2h` is the same replay an hour
 * later, though it then means another moment.
 */
export function memoryGroup(groupId: string, { reason, topic, since, until }: WrittenFilter): string {
  const written = JSON.stringify([reason ?? null, topic ?? null, since ?? null, until ?? null])
  return `${groupId}.replay.${createHash('sha256').update(written).digest('hex').slice(0, 10)}`
}
