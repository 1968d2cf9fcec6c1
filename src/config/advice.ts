import type { Finding } from './problem.ts'
import type { Written } from './schema.ts'

type Advice = (config: Written) => Finding[]

/** Canonical records name their app themselves, so an app that no mapping names may still be in use. */
const unnamedApps: Advice = ({ tracker, mappings }) => {
  const named = new Set(
    mappings.flatMap(({ app }) => {
      if (app === undefined || typeof app === 'string') return [app]
      return [...Object.values(app.cases), app.default]
    }),
  )
  if (named.size === 0 || mappings.some(({ module }) => module !== undefined)) return []
  return tracker.apps.flatMap(({ name }, place) =>
    named.has(name)
      ? []
      : [{ path: ['tracker', 'apps', place, 'name'], message: `no mapping names ${name}; only canonical records can go to it` }],
  )
}

const drainOutlastsAttempt: Advice = ({ delivery, tracker }) => {
  if (delivery.drainTimeout >= tracker.timeout) return []
  const message = 'is shorter than tracker.timeout: leaving may give up on a request that only is slow, and its events come again'
  return [{ path: ['delivery', 'drainTimeout'], message }]
}

const isLocal = (host: string) => /^(localhost|127\..*|\[::1\])$/.test(host)

const GUESSED = 'leaves the records unencrypted, and who listens may guess a weak password'

const IN_THE_OPEN = {
  plain: 'sends the password unencrypted',
  'scram-sha-256': GUESSED,
  'scram-sha-512': GUESSED,
  oauthbearer: 'sends the tokens unencrypted',
}

const secretsInTheOpen: Advice = ({ kafka, schemaRegistry, tracker }) => {
  const findings: Finding[] = []
  const open = (url: string) => url.startsWith('http:') && !isLocal(new URL(url).hostname)
  const registrySecret = schemaRegistry.username ?? schemaRegistry.bearerToken ?? schemaRegistry.bearerTokenFile
  const { sasl } = kafka
  if (sasl !== undefined && kafka.ssl === false) {
    findings.push({
      path: ['kafka', 'sasl', 'mechanism'],
      message: `${sasl.mechanism} without kafka.ssl ${IN_THE_OPEN[sasl.mechanism]}`,
    })
  }
  if (sasl?.mechanism === 'oauthbearer' && open(sasl.tokenEndpoint)) {
    findings.push({
      path: ['kafka', 'sasl', 'tokenEndpoint'],
      message: 'http sends the client secret and the tokens unencrypted',
    })
  }
  if (registrySecret !== undefined && open(schemaRegistry.url)) {
    findings.push({ path: ['schemaRegistry', 'url'], message: 'http sends the credentials unencrypted' })
  }
  if (open(tracker.endpoint)) findings.push({ path: ['tracker', 'endpoint'], message: 'http sends the tokens unencrypted' })
  return findings
}

/** What works and is still worth a second look. */
export function adviceFindings(config: Written): Finding[] {
  return [unnamedApps, drainOutlastsAttempt, secretsInTheOpen].flatMap((advice) => advice(config))
}
