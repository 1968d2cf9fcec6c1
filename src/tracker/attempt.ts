/** One request on the wire, from dispatch to its answer. */
import type { Dispatcher } from 'undici'
import type { Answer } from '../core/outcome.ts'
import { AttemptTimeout, answerOf, answerOfError } from './response.ts'

/** Bytes of an answer's body that are read; what is longer costs its connection. */
const bodyBytesMax = 65_536

/** `status` is 0 where none came. `text` is empty where it was not to be kept. */
type Settle = (answer: Answer, status: number, text: string) => void

/** For events no text but a 400's means anything. */
type Keeps = 'text-of-400' | 'any-text'

/**
 * undici's handler interface, driven directly: that spares the stream, the promises and the signal of `Pool.request`, about two fifths of a request's cost.
 *
 * One deadline covers the queue, the connection, the headers and the body. Once the headers are there the status decides, whatever becomes of the body:
 * a 200 whose body breaks off was accepted, and sending its events again would double them.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #settle: Settle
  readonly #keeps: Keeps
  readonly #timeoutMs: number
  readonly #deadline: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #settled = false
  /** 0 until the headers are there. */
  #status = 0
  #retryAfter: string | undefined
  #bodyBytes = 0
  /** Undefined where the text is read and forgotten. */
  #chunks: Buffer[] | undefined

  /** Calls `settle` exactly once, at the latest after `timeoutMs`. */
  constructor(timeoutMs: number, settle: Settle, keeps: Keeps = 'text-of-400') {
    this.#settle = settle
    this.#keeps = keeps
    this.#timeoutMs = timeoutMs
    this.#deadline = setTimeout(() => this.#expire(), timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The deadline passed while the request waited for a connection. It was answered as not delivered, so it must not be sent any more;
    // throwing, other than aborting, leaves the connection to the next request.
    if (this.#settled) throw new AttemptTimeout(this.#timeoutMs, 'connection')
    this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx are announcements; the answer follows.
    if (status < 200) return
    this.#status = status
    if (status === 400 || this.#keeps === 'any-text') this.#chunks = []
    if (status === 429) {
      const retryAfter = headers['retry-after']
      this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes <= bodyBytesMax) this.#chunks?.push(chunk)
    else controller.abort(new Error('the body of the answer is too long'))
  }

  onResponseEnd(): void {
    this.#finish(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(error)
  }

  #expire(): void {
    const error = new AttemptTimeout(this.#timeoutMs, this.#controller === undefined ? 'connection' : 'answer')
    this.#finish(error)
    this.#controller?.abort(error)
  }

  #finish(error: Error | undefined): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#deadline)
    if (this.#status === 0) {
      this.#settle(answerOfError(error), 0, '')
      return
    }
    const text = this.#chunks === undefined ? '' : Buffer.concat(this.#chunks).toString('utf8')
    this.#settle(answerOf(this.#status, text, this.#retryAfter, Date.now()), this.#status, text)
  }
}
