/** From parameters to the bytes, the path and the headers of a request. Pure. */
import type { Hit, Method, Route } from '../core/hit.ts'
import type { Answer } from '../core/outcome.ts'
import type { ApiMethod } from './spec.ts'
import { apiVersion, methodSpecs } from './spec.ts'
import type { Params } from './validate.ts'

/**
 * Serialises once what a hit says; whoever batches it only adds up and joins.
 *
 * The sizes are exact for any text. JSON.stringify writes half a surrogate pair as the six ASCII characters `\udXXX`, so the JSON text never holds one,
 * joining two texts never makes a pair out of two halves, and its UTF-8 bytes are the sum of those of its parts.
 */
export const serialiseHit = (route: Route, params: Params): Hit => {
  const json = JSON.stringify(params)
  return { kind: 'hit', route, json, bytes: Buffer.byteLength(json) }
}

/** The body for at least one hit: the object itself for one (single method), an array for more (batch method). */
export const bodyOf = (hits: readonly Hit[]): string => {
  const [first] = hits
  if (first === undefined) throw new RangeError('a request needs at least one hit')
  if (hits.length === 1) return first.json
  let body = `[${first.json}`
  for (let index = 1; index < hits.length; index++) body += `,${hits[index]?.json}`
  return `${body}]`
}

/** Exact UTF-8 bytes of the body of `count` hits whose own bytes add up to `sumOfHitBytes`: brackets and commas come with the second. */
export const bodyBytes = (count: number, sumOfHitBytes: number): number =>
  count <= 1 ? sumOfHitBytes : sumOfHitBytes + count + 1

/** Path and query for `count` hits of one method; a path of the endpoint's own goes before it. */
export const pathOf = (method: Method, count: number, idApp: number): string =>
  pathOfMethod(count === 1 ? method : methodSpecs[method].batch, idApp)

/** As `pathOf`, for any name that the API knows. */
export const pathOfMethod = (method: ApiMethod, idApp: number): string => `/${apiVersion}/${method}/?idApp=${idApp}`

/** Names and values in turn. The token is bare, without a scheme word (the tracker's documentation, "Example query"). */
export const headersOf = (token: string): readonly string[] => ['authorization', token, 'content-type', 'application/json']

/** The answer for a token that no header can carry, without asking the tracker. */
export const tokenFault = (token: string): Answer | undefined => {
  if (/^[\x21-\x7e]+$/.test(token)) return undefined
  return { kind: 'halt', reason: 'forbidden', detail: 'the token is empty or holds characters that a header cannot carry' }
}
