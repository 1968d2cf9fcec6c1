/** The vendor's own client can ask whether a token fits an app; the documentation of the API does not name it, so a 404 says nothing. */
import type { Transport } from './transport.ts'

export interface AccessQuestion {
  readonly transport: Transport
  readonly idApp: number
  readonly token: string
  readonly timeoutMs: number
}

export interface AccessAnswer {
  readonly status: number
  /** What the tracker's clock said, epoch ms; undefined: nothing. */
  readonly dateMs: number | undefined
}

/** Rejects for what the network does. */
export async function testAppAccess({ transport, idApp, token, timeoutMs }: AccessQuestion): Promise<AccessAnswer> {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('the token is empty or holds characters that a header cannot carry')
  const { statusCode, headers, body } = await transport.pool.request({
    path: `${transport.prefix}/v1/test-app-access/?idApp=${idApp}`,
    method: 'POST',
    headers: ['authorization', token, 'content-type', 'application/json', ...transport.headers],
    body: 'true',
    signal: AbortSignal.timeout(timeoutMs),
  })
  await body.dump()
  const dateMs = Date.parse(String(headers.date))
  return { status: statusCode, dateMs: Number.isNaN(dateMs) ? undefined : dateMs }
}
