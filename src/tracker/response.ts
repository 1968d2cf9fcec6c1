/** What an answer, or the lack of one, means: one pure table. Only a 200 is a success. */
import type { Answer } from '../core/outcome.ts'

/** The longest that a `Retry-After` can slow the sink: 10 minutes. */
const paceMsMax = 600_000
/** The pace where a 429 says nothing usable, and the least it can ask for: `Retry-After: 0` is no leave to hammer on. */
const paceMsDefault = 1_000

const delivered: Answer = { kind: 'delivered' }

/** An attempt that ran out of time. `phase` tells a connection that never came up from an answer that never came. */
export class AttemptTimeout extends Error {
  readonly code = 'ATTEMPT_TIMEOUT'
  constructor(timeoutMs: number, phase: 'connection' | 'answer') {
    super(`timed out after ${timeoutMs} ms waiting for ${phase === 'connection' ? 'a connection' : 'the answer'}`)
    this.name = 'AttemptTimeout'
  }
}

/** An attempt that did not get past the proxy: `cause` is the status of its answer to CONNECT, or why it could not be asked. */
export class ProxyFailure extends Error {
  // Never UND_ERR_SOCKET, which undici takes for a connection that was up once, and would connect again for ever.
  readonly code = 'PROXY_FAILURE'
  override readonly cause: number | Error
  constructor(cause: number | Error) {
    super('no way through the proxy')
    this.cause = cause
    this.name = 'ProxyFailure'
  }
}

/**
 * Classifies an answer by its status, and a 400 by its error word too (the tracker's documentation, "Status codes").
 * `retryAfter` is the header's text, if any; `bodyText` is looked at only for a 400, and never repeated in a detail
 * but for the words that the documentation knows.
 */
export const answerOf = (status: number, bodyText: string, retryAfter: string | undefined, nowMs: number): Answer => {
  switch (status) {
    case 200:
      return delivered
    case 400:
      return answerOfBadRequest(bodyText)
    case 401:
    case 403:
      return { kind: 'halt', reason: 'forbidden', detail: `${status}: the token is wrong, or not for this app` }
    case 408:
    case 425:
      return { kind: 'retry', reason: 'unavailable', detail: `status ${status}` }
    case 413:
      return { kind: 'reject', reason: 'too-large', detail: '413: the body is too large' }
    case 429:
      return { kind: 'pace', afterMs: paceMsOf(retryAfter, nowMs), detail: '429: too many requests' }
  }
  if (status >= 500) return { kind: 'retry', reason: 'unavailable', detail: `status ${status}` }
  return { kind: 'halt', reason: 'misconfigured', detail: misconfigured(status) }
}

const answerOfBadRequest = (bodyText: string): Answer => {
  const word = errorWordOf(bodyText)
  switch (word) {
    case 'Bad Request':
      return { kind: 'reject', reason: 'rejected', detail: '400 Bad Request: an event breaks a rule' }
    case 'Bad api version':
      return {
        kind: 'halt',
        reason: 'misconfigured',
        detail: '400 Bad api version: the endpoint speaks another version of the API',
      }
    case 'Empty post data':
    case 'Bad json':
      return { kind: 'retry', reason: 'corrupted', detail: `400 ${word}: the body did not arrive as it was sent` }
    default:
      return { kind: 'retry', reason: 'corrupted', detail: '400 with a text that the API does not document' }
  }
}

const errorWordOf = (bodyText: string): unknown => {
  try {
    const body: unknown = JSON.parse(bodyText)
    return typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  } catch {
    return undefined
  }
}

const proxyCredentials = "the proxy's address lacks a user and a password, or they are wrong"

const misconfigured = (status: number): string => {
  if (status === 404) return '404: the endpoint does not know the method; is it the tracker?'
  if (status === 407) return `407: ${proxyCredentials}`
  if (status >= 300 && status < 400) return `${status}: the endpoint redirects, which is not followed`
  if (status >= 400) return `status ${status}: the endpoint does not take the request`
  return `status ${status}: no answer that the API documents; is the endpoint the tracker?`
}

/** `Retry-After` as milliseconds from now, within bounds. The header holds whole seconds or an HTTP date. */
const paceMsOf = (retryAfter: string | undefined, nowMs: number): number => {
  const text = retryAfter?.trim() ?? ''
  const wantedMs = /^\d+$/.test(text) ? Number(text) * 1000 : httpDateMsOf(text) - nowMs
  if (Number.isNaN(wantedMs)) return paceMsDefault
  return Math.min(Math.max(wantedMs, paceMsDefault), paceMsMax)
}

/** NaN where the text is none. An HTTP date starts with the day's name; the oldest of its three forms does not name its zone, which is GMT too. */
const httpDateMsOf = (text: string): number => {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return Number.NaN
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}

const wordsOfCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve for now',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UND_ERR_SOCKET: 'connection closed before the answer',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_CLOSED: 'the client is closing',
  UND_ERR_DESTROYED: 'the client was closed',
  CERT_HAS_EXPIRED: "the endpoint's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the endpoint's certificate is signed by itself; is caFile missing?",
  SELF_SIGNED_CERT_IN_CHAIN: "the endpoint's certificate comes from an unknown authority; is caFile missing?",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the endpoint's certificate comes from an unknown authority; is caFile missing?",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the endpoint's certificate comes from an unknown authority; is caFile missing?",
  ERR_TLS_CERT_ALTNAME_INVALID: "the endpoint's certificate is for another name",
}

/** Faults of this program in making a request; trying again cannot mend them. */
const ownCodes = /^(UND_ERR_INVALID_|UND_ERR_NOT_SUPPORTED|UND_ERR_REQ_CONTENT_LENGTH_MISMATCH|ERR_INVALID_|ERR_ASSERTION)/

/**
 * Classifies an attempt that got no status. Whatever the network can do carries a code and is tried again, as nobody knows whether the tracker
 * took the events. What carries none, or one of our own, is a bug or a setting: halt, so that no record is dropped or parked for it.
 */
export const answerOfError = (error: unknown): Answer => {
  if (error instanceof AttemptTimeout) return { kind: 'retry', reason: 'unavailable', detail: error.message }
  if (error instanceof ProxyFailure) return answerOfProxy(error.cause)
  const code = codeOf(error)
  // undici's parser error comes without a code where the parser knows no name for the fault.
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return { kind: 'retry', reason: 'unavailable', detail: 'no answer: what came is no HTTP' }
  }
  if (code === undefined || ownCodes.test(code)) {
    const name = error instanceof Error ? error.name : typeof error
    return { kind: 'halt', reason: 'misconfigured', detail: `the request could not be made: ${code ?? name}` }
  }
  return { kind: 'retry', reason: 'unavailable', detail: `no answer: ${wordsOf(code)}` }
}

/** What the proxy refuses for good is for the operator to mend; it is never the records' fault, nor the token's. */
const answerOfProxy = (cause: number | Error): Answer => {
  if (typeof cause !== 'number') {
    return { kind: 'retry', reason: 'unavailable', detail: `no way to the proxy: ${wordsOf(codeOf(cause) ?? cause.name)}` }
  }
  if (cause === 407) return { kind: 'halt', reason: 'misconfigured', detail: `the proxy says 407: ${proxyCredentials}` }
  if (cause >= 500 || cause === 408 || cause === 425 || cause === 429) {
    return { kind: 'retry', reason: 'unavailable', detail: `the proxy says ${cause}: it cannot reach the endpoint` }
  }
  return { kind: 'halt', reason: 'misconfigured', detail: `the proxy says ${cause}: it does not lead to the endpoint` }
}

const wordsOf = (code: string): string => {
  const words = wordsOfCodes[code]
  return words === undefined ? code : `${words} (${code})`
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
