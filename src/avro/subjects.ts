/** The registry's subjects, for checks before a start; the service itself asks for schemas by their ids only. */
import type { Dispatcher } from 'undici'
import { request } from 'undici'

export interface SubjectsOptions {
  /** Base of the Confluent API, without a slash at its end. */
  readonly url: string
  readonly authorization: (() => string) | undefined
  readonly timeoutMs: number
  /** Bounds the size of answers, and trusts another authority where one is configured. */
  readonly dispatcher: Dispatcher
}

interface Answer {
  readonly status: number
  readonly dateMs: number | undefined
}

export interface LatestVersion {
  readonly id: number
  readonly version: number
}

export class Subjects {
  readonly #options: SubjectsOptions

  constructor(options: SubjectsOptions) {
    this.#options = options
  }

  /** Whether there is a registry that lets us in. Rejects for what the network does. */
  async greet(): Promise<Answer> {
    const { statusCode, headers, body } = await this.#get('/subjects')
    // The list may be long, and nobody reads it. A body that is destroyed says so as an error.
    body.on('error', () => undefined).destroy()
    const dateMs = Date.parse(String(headers.date))
    return { status: statusCode, dateMs: Number.isNaN(dateMs) ? undefined : dateMs }
  }

  /** Undefined where there is no such subject. */
  async latest(subject: string): Promise<LatestVersion | undefined> {
    const { statusCode, body } = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions/latest`)
    if (statusCode !== 200) {
      await body.dump()
      if (statusCode === 404) return undefined
      throw new Error(`status ${statusCode}`)
    }
    const { id, version } = (await body.json()) as Partial<LatestVersion>
    if (typeof id !== 'number' || typeof version !== 'number') throw new Error('the answer is not that of a schema registry')
    return { id, version }
  }

  #get(path: string): Promise<Dispatcher.ResponseData> {
    const { url, authorization, timeoutMs, dispatcher } = this.#options
    return request(url + path, {
      dispatcher,
      headers: authorization === undefined ? {} : { authorization: authorization() },
      signal: AbortSignal.timeout(timeoutMs),
    })
  }
}
