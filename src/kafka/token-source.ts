import { Agent, request } from 'undici'
import { errorText } from '../core/errors.ts'
import type { CertificateFiles } from '../tls/certificate-files.ts'
import { connectorOf } from '../tls/connectors.ts'

export interface TokenSourceOptions {
  readonly endpoint: string
  readonly clientId: string
  /** Asked for each request, so that a changed secret counts at once. */
  readonly clientSecret: () => string
  readonly scope: string | undefined
  /** Of the endpoint. */
  readonly certificates: CertificateFiles
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

interface Token {
  readonly value: string
  readonly renewAt: number
  readonly expiresAt: number
}

/** No token. `retriable` is what kafkajs goes by: whether asking again may help. The message holds neither secret nor token. */
export class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly why: string
  readonly cure: string
  readonly retriable: boolean

  constructor(why: string, cure: string, retriable: boolean) {
    super(`${why}; ${cure}`)
    this.why = why
    this.cure = cure
    this.retriable = retriable
  }
}

/** One request, connect and body included. */
const TIMEOUT_MS = 5_000
const BODY_BYTES_MAX = 65_536

/**
 * Tokens of a client at an OAuth 2 token endpoint, by the grant client_credentials. The client shows its id and secret as RFC 6749 (2.3.1)
 * has every server understand it: HTTP Basic, both form-encoded. One token and one request at a time serve all connections.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions
  readonly #agent: Agent
  #token: Token | undefined
  #asking: Promise<Token> | undefined

  constructor(options: TokenSourceOptions) {
    this.#options = options
    const connect = connectorOf(options.certificates, { timeout: TIMEOUT_MS, allowH2: false })
    this.#agent = new Agent({ allowH2: false, connect })
  }

  /** Rejects with a TokenError. While the last token still lives, an endpoint that fails goes unnoticed. */
  async get(): Promise<string> {
    const { now } = this.#options
    const held = this.#token
    if (held !== undefined && now() < held.renewAt) return held.value
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    try {
      this.#token = await this.#asking
      return this.#token.value
    } catch (error) {
      if (held !== undefined && now() < held.expiresAt) return held.value
      throw error
    }
  }

  async #ask(): Promise<Token> {
    const { endpoint, clientId, clientSecret, scope, now } = this.#options
    const askedAt = now()
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret())}`
    const answer = await request(endpoint, {
      method: 'POST',
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: form.toString(),
    })
      .then(async ({ statusCode, body }) => ({ status: statusCode, text: await textOf(body) }))
      .catch((error: unknown) => {
        throw new TokenError(`${this.#place} cannot be asked: ${errorText(error)}`, 'mend it, its caFile or the way to it', true)
      })
    return this.#read(answer, askedAt)
  }

  get #place(): string {
    return `kafka.sasl.tokenEndpoint ${this.#options.endpoint}`
  }

  #read({ status, text }: { status: number; text: string }, askedAt: number): Token {
    if (status !== 200) {
      const code = String(jsonOf(text).error ?? '')
      const why = Object.hasOwn(CURES, code) ? ` ${code}` : ''
      const isUnknown = status === 401 || status === 403
      const cure = CURES[isUnknown && CURES[code] === undefined ? 'invalid_client' : code] ?? 'mend kafka.sasl.tokenEndpoint'
      const isPassing = status >= 500 || status === 408 || status === 429
      throw new TokenError(`${this.#place} answers ${status}${why}`, isPassing ? 'wait until it is sound' : cure, isPassing)
    }
    const { access_token: value, expires_in: seconds } = jsonOf(text)
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
      throw new TokenError(
        `${this.#place} answers without an access_token`,
        'write the address of the token endpoint itself',
        false,
      )
    }
    // Nobody said how long it lives: it serves those who ask right now.
    const lifeMs = Math.max(0, Number(seconds ?? 0) * 1_000 || 0)
    return { value, renewAt: askedAt + lifeMs - marginMs(lifeMs), expiresAt: askedAt + lifeMs }
  }
}

/**
 * So long before its end a token is no longer handed out while a new one can be had: a fifth of its life, and at least 10 s. A connection
 * proves itself again 3 s before the end of its token, which many issuers round down by up to a second; one that was given a token with
 * less than 5 s left would do so in the very next second, which brokers refuse.
 */
const marginMs = (lifeMs: number): number => Math.max(lifeMs / 5, 10_000)

const CURES: Readonly<Record<string, string>> = {
  invalid_client: 'mend kafka.sasl.clientId and its secret',
  unauthorized_client: 'let this client use the grant client_credentials there',
  unsupported_grant_type: 'let the server offer the grant client_credentials',
  invalid_scope: 'mend kafka.sasl.scope',
  invalid_request: 'mend kafka.sasl.tokenEndpoint, or write the scope it needs',
}

const formEncoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
