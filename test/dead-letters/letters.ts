import type { DeadLetter, Slice, Source } from '../../src/dead-letters/ports.ts'

/** A dead letter at `offset`, a second after the one before it. */
export function letterOf(offset: number, changed: Partial<DeadLetter> & { value?: Buffer | null } = {}): DeadLetter {
  const { value = Buffer.from([0, 0, 0, 0, 7, 2]), ...rest } = changed
  const origin = { topic: 'orders', partition: 0, offset: offset + 1_000, timestamp: 0 }
  return {
    record: {
      topic: 'sink.dead-letter',
      partition: 0,
      offset,
      timestamp: 1_700_000_000_000 + offset * 1_000,
      key: null,
      value,
      headers: undefined,
      history: undefined,
    },
    history: { origin, attempt: 4, firstFailedAt: 1_700_000_000_000, notBefore: undefined },
    reason: 'rejected',
    detail: 'status 400',
    bytes: 100,
    ...rest,
  }
}

/** Hands the slices over as a reader would; `left` are those that nobody took. */
export class FakeSource implements Source {
  readonly left: Slice[]
  #isTaking = false

  constructor(slices: readonly Slice[]) {
    this.left = [...slices]
  }

  async read(take: (slice: Slice) => Promise<boolean>): Promise<void> {
    while (this.left.length > 0) {
      if (this.#isTaking) throw new Error('two slices at once')
      this.#isTaking = true
      const goOn = await take(this.left.shift() as Slice)
      this.#isTaking = false
      if (!goOn) return
    }
  }
}

export const all = { reason: undefined, topic: undefined, since: undefined, until: undefined }
