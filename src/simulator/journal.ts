import type { ApiMethod, Params } from './rules.ts'

/** `count` keeps numbers only: a benchmark's hundreds of thousands of events would otherwise cost this process memory and time. */
export type JournalMode = 'hits' | 'count'

/** One event that was answered, or would have been answered, with 200. */
export interface AcceptedHit {
  /** Counted from 1 over all requests, refused ones included. */
  readonly request: number
  /** Events in that request. */
  readonly batchSize: number
  readonly bodyBytes: number
  readonly method: ApiMethod
  readonly idApp: string
  /** Arrival of the request, milliseconds since the epoch. */
  readonly at: number
  readonly params: Params
}

interface Refusal {
  readonly request: number
  readonly status: number
  readonly why: string
}

/** What `GET /_/counts` answers. */
export interface JournalCounts {
  /** Everything that arrived whole, whatever became of it. */
  readonly requests: number
  /** Requests by the status that was answered; `none` for those that were hung or reset. */
  readonly answers: Readonly<Record<string, number>>
  readonly acceptedRequests: number
  readonly events: number
  /** Milliseconds since the epoch. */
  readonly firstAcceptedAt: number | null
  readonly lastAcceptedAt: number | null
  /** Hits that were counted but not kept, because the journal was full. Always 0 in a test that may trust the journal. */
  readonly hitsNotKept: number
  /** The latest refusals, oldest first, with the rule that was broken. */
  readonly refusals: readonly Refusal[]
}

const hitsMaxDefault = 1_000_000
const refusalsMax = 50

/** What the stand-in accepted, in order of arrival. */
export class Journal {
  readonly #mode: JournalMode
  readonly #hitsMax: number
  #hits: AcceptedHit[] = []
  #requests = 0
  #acceptedRequests = 0
  #events = 0
  #hitsNotKept = 0
  #firstAcceptedAt: number | null = null
  #lastAcceptedAt: number | null = null
  #answers = new Map<string, number>()
  #refusals: Refusal[] = []

  constructor(options: { mode: JournalMode; hitsMax?: number }) {
    this.#mode = options.mode
    this.#hitsMax = options.hitsMax ?? hitsMaxDefault
  }

  /** Whether hits are kept at all; where not, none of them says nothing of what arrived. */
  get isCountOnly(): boolean {
    return this.#mode === 'count'
  }

  get hits(): readonly AcceptedHit[] {
    return this.#hits
  }

  counts(): JournalCounts {
    return {
      requests: this.#requests,
      answers: Object.fromEntries(this.#answers),
      acceptedRequests: this.#acceptedRequests,
      events: this.#events,
      firstAcceptedAt: this.#firstAcceptedAt,
      lastAcceptedAt: this.#lastAcceptedAt,
      hitsNotKept: this.#hitsNotKept,
      refusals: [...this.#refusals],
    }
  }

  /** A request has arrived whole; answers its number. */
  arrived(): number {
    return ++this.#requests
  }

  accepted(batch: Omit<AcceptedHit, 'batchSize' | 'params'> & { readonly events: readonly Params[] }): void {
    const { request, bodyBytes, method, idApp, at, events } = batch
    this.#acceptedRequests++
    this.#events += events.length
    this.#firstAcceptedAt ??= at
    this.#lastAcceptedAt = at
    if (this.#mode === 'count') return
    for (const params of events) {
      if (this.#hits.length < this.#hitsMax) {
        this.#hits.push({ request, batchSize: events.length, bodyBytes, method, idApp, at, params })
      } else this.#hitsNotKept++
    }
  }

  refused(refusal: Refusal): void {
    this.#refusals.push(refusal)
    if (this.#refusals.length > refusalsMax) this.#refusals.shift()
  }

  answered(status: number | 'none'): void {
    const key = String(status)
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1)
  }

  /** As if nothing had ever arrived; request numbers start over. */
  reset(): void {
    this.#hits = []
    this.#refusals = []
    this.#answers = new Map()
    this.#requests = this.#acceptedRequests = this.#events = this.#hitsNotKept = 0
    this.#firstAcceptedAt = this.#lastAcceptedAt = null
  }
}
