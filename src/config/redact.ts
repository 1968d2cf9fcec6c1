import type { Config } from './config.ts'
import type { Secret } from './secrets.ts'

/** Anything shorter is no real secret, and would be found in innocent words. */
const LENGTH_MIN = 8

/** The secret as it may come back: as it is, within JSON, and as the Basic credentials that it is sent in. */
function formsOf(secret: Secret, username: string | undefined): string[] {
  const text = secret.read()
  if (text.length < LENGTH_MIN) return []
  const basic = username === undefined ? [] : [Buffer.from(`${username}:${text}`).toString('base64')]
  return [...new Set([JSON.stringify(text).slice(1, -1), text, ...basic])]
}

/**
 * Takes the configuration's secrets out of a text. Nothing of ours puts them in; but a server that refuses us may repeat in its answer
 * what it was sent, and its words stand in our log.
 */
export function redactor({ kafka, schemaRegistry, tracker }: Config): (text: string) => string {
  const { sasl } = kafka
  const { auth } = schemaRegistry
  const ofRegistry = auth === undefined ? [] : 'bearerToken' in auth ? [{ secret: auth.bearerToken }] : [user(auth)]
  const secrets: readonly { readonly secret: Secret; readonly username?: string }[] = [
    ...tracker.apps.map(({ token }) => ({ secret: token })),
    ...(sasl === undefined ? [] : [ofSasl(sasl)]),
    ...ofRegistry,
  ]
  return (text) =>
    secrets
      .flatMap(({ secret, username }) => formsOf(secret, username))
      .reduce((told, form) => told.replaceAll(form, '***'), text)
}

const ofSasl = (sasl: NonNullable<Config['kafka']['sasl']>) =>
  sasl.mechanism === 'oauthbearer' ? { secret: sasl.clientSecret, username: sasl.clientId } : user(sasl)

const user = ({ username, password }: { readonly username: string; readonly password: Secret }) => ({
  secret: password,
  username,
})
