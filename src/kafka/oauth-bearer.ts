import type { Mechanism } from 'kafkajs'

/** The broker does not take the token. `retriable` is what kafkajs goes by. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly retriable = false
}

/** By RFC 7628 (3.2.3) this one byte says that the reason has been read; the broker then ends the exchange as failed. */
const READ = Buffer.of(1)

/**
 * SASL OAUTHBEARER. That of kafkajs does not look at what the broker answers, so that a token which it refuses counts as taken, and the
 * next request fails for no reason that anybody could tell. `token` is asked whenever a connection authenticates.
 */
export function oauthBearer(token: () => Promise<string>): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const message = Buffer.from(`n,,\u0001auth=Bearer ${await token()}\u0001\u0001`)
        const response = { decode: (raw: Buffer) => raw, parse: (sized: Buffer) => sized.subarray(4).toString('utf8') }
        const reason = await saslAuthenticate({ request: sized(message), response })
        if (typeof reason !== 'string' || reason === '') return
        await saslAuthenticate({ request: sized(READ) }).catch(() => undefined)
        throw new TokenRefused(statusOf(reason))
      },
    }),
  }
}

function sized(bytes: Buffer): { encode: () => Buffer } {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return { encode: () => Buffer.concat([size, bytes]) }
}

/** `invalid_token` of `{"status":"invalid_token"}`. What else a broker may say is left out: it might hold the token. */
function statusOf(reason: string): string {
  const [, status = 'without a reason'] = /"status"\s*:\s*"([\w-]{1,50})"/.exec(reason) ?? []
  return status
}
