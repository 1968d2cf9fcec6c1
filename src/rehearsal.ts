import type { Hit, Route } from './core/hit.ts'
import { maskedJson } from './core/masked.ts'
import type { Answer } from './core/outcome.ts'
import type { Exit, Sender, SideExit } from './pipeline/ports.ts'

/** Of each app and method, so many hits are shown. */
const SAMPLES = 3

export interface Sample {
  readonly app: string
  readonly method: string
  /** The parameters as they would be sent. */
  readonly hit: unknown
}

/** Stands in for the tracker and the side topics where nothing may leave: it takes everything, and shows the first few hits. */
export class Rehearsal implements Sender, SideExit {
  readonly #values: boolean
  readonly #onSample: (sample: Sample) => void
  readonly #shown = new Map<Route, number>()

  /** `values`: whether samples show the values, or only their kinds. */
  constructor({ values, onSample }: { values: boolean; onSample: (sample: Sample) => void }) {
    this.#values = values
    this.#onSample = onSample
  }

  send(route: Route, hits: readonly Hit[]): Promise<Answer> {
    const shown = this.#shown.get(route) ?? 0
    const samples = hits.slice(0, Math.max(0, SAMPLES - shown))
    this.#shown.set(route, shown + samples.length)
    for (const { json } of samples) {
      const hit: unknown = JSON.parse(json)
      this.#onSample({ ...route, hit: this.#values ? hit : maskedJson(hit) })
    }
    return Promise.resolve(DELIVERED)
  }

  write(exits: readonly Exit[]): Promise<readonly Exit[]> {
    return Promise.resolve(exits)
  }
}

const DELIVERED: Answer = { kind: 'delivered' }
