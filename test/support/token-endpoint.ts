import type { KeyObject } from 'node:crypto'
import { generateKeyPairSync, sign } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const CLIENT = { id: 'sink', secret: 'client-secret' } as const

/** What the brokers check tokens by, as a file of theirs. */
export function keySet(): string {
  return JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' }] })
}

/** An authorization server as OAuth 2 has it, with the grant client_credentials for one client. */
export class TokenEndpoint {
  /** Of the tokens to come. */
  lifeSeconds = 3_600
  /** Whether they are signed with a key that the brokers do not know. */
  isForeign = false
  /** So many requests are answered with 503 first. */
  outages = 0
  /** Handed out. */
  tokens = 0

  readonly answer: RequestListener = async (request, response) => {
    const form = new URLSearchParams(await text(request))
    const expected = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`
    const error = request.headers.authorization !== expected ? 'invalid_client' : undefined
    if (this.outages > 0) {
      this.outages -= 1
      return void response.writeHead(503).end()
    }
    response.setHeader('content-type', 'application/json')
    if (error !== undefined) return void response.writeHead(401).end(JSON.stringify({ error }))
    if (form.get('grant_type') !== 'client_credentials') return void response.writeHead(400).end('{}')
    this.tokens += 1
    const token = jwt(this.isForeign ? stranger.privateKey : privateKey, this.lifeSeconds, form.get('scope') ?? 'kafka')
    response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: this.lifeSeconds }))
  }
}

function jwt(key: KeyObject, lifeSeconds: number, scope: string): string {
  // The worst of rounding: nearly a second less than was said.
  const now = Math.floor((Date.now() - 950) / 1_000)
  const claims = { sub: CLIENT.id, aud: 'kafka', scope, iat: now, exp: now + lifeSeconds }
  const unsigned = [{ alg: 'RS256', typ: 'JWT', kid: 'k' }, claims].map(encoded).join('.')
  return `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
