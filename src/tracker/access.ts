/** The vendor's own client can ask whether a token fits an app; the documentation of the API does not name it, so a 404 says nothing. */
import type { Dispatcher } from 'undici'
import { request } from 'undici'

export interface AccessQuestion {
  /** Without a slash at its end. */
  readonly endpoint: string
  readonly idApp: number
  readonly token: string
  readonly timeoutMs: number
  /** Where another authority is to be trusted. */
  readonly dispatcher?: Dispatcher
}

export interface AccessAnswer {
  readonly status: number
  /** What the tracker's clock said, epoch ms; undefined: nothing. */
  readonly dateMs: number | undefined
}

/** Rejects for what the network does. */
export async function testAppAccess({ endpoint, idApp, token, timeoutMs, dispatcher }: AccessQuestion): Promise<AccessAnswer> {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('the token is empty or holds characters that a header cannot carry')
  const { statusCode, headers, body } = await request(`${endpoint}/v1/test-app-access/?idApp=${idApp}`, {
    method: 'POST',
    headers: { authorization: token, 'content-type': 'application/json' },
    body: 'true',
    signal: AbortSignal.timeout(timeoutMs),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  })
  await body.dump()
  const dateMs = Date.parse(String(headers.date))
  return { status: statusCode, dateMs: Number.isNaN(dateMs) ? undefined : dateMs }
}
