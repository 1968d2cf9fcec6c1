import type { SkewFacts, SubjectFacts } from '../check/http.ts'
import { judgeApp, judgeClock, judgeMapping, judgeRegistry } from '../check/http.ts'
import type { Result } from '../check/report.ts'
import { notTried } from '../check/report.ts'
import type { Check, Timing } from '../check/run.ts'
import { runCheck } from '../check/run.ts'
import type { NamedSubject } from '../check/subjects.ts'
import { subjectsOf, topicsOf } from '../check/subjects.ts'
import type { Config } from '../config/config.ts'
import { errorText } from '../core/errors.ts'
import { Mappings } from '../mapping/compile.ts'
import type { ModuleMap } from '../mapping/module.ts'
import { CertificateFiles } from '../tls/certificate-files.ts'
import { testAppAccess } from '../tracker/access.ts'
import { proxyOf } from '../tracker/proxy.ts'
import { createTransport } from '../tracker/transport.ts'
import { plainly, REQUEST_MS, RegistryReader } from './registry-reader.ts'

/** What is called over HTTP, and at last the clock: results in this order. */
export async function checkHttp(config: Config, modules: Modules, timing: Timing): Promise<Result[]> {
  const skews: SkewFacts[] = []
  const heard = (of: string, dateMs: number | undefined): void => {
    skews.push({ of, aheadMs: dateMs === undefined ? undefined : Date.now() - dateMs })
  }
  const [registry, apps] = await Promise.all([checkRegistry(config, modules, timing, heard), checkApps(config, timing, heard)])
  const clock = { name: 'clock', ms: 0, ...judgeClock(oncePerHost(skews)) }
  return [...registry, ...apps, clock]
}

type Modules = ReadonlyMap<string, ModuleMap>
type Heard = (of: string, dateMs: number | undefined) => void

/** The apps all ask the same tracker; its first answer is enough. */
function oncePerHost(skews: readonly SkewFacts[]): SkewFacts[] {
  return ['registry', 'tracker'].flatMap((of) => skews.find((each) => each.of === of && each.aheadMs !== undefined) ?? [])
}

async function checkApps({ tracker }: Config, timing: Timing, heard: Heard): Promise<Result[]> {
  const { endpoint, caFile, apps } = tracker
  const proxy = proxyOf(endpoint, process.env)
  const certificates = new CertificateFiles({ caFile })
  const transport = createTransport({ endpoint, timeoutMs: REQUEST_MS, connections: apps.length, certificates, proxy })
  const checks = apps.map(
    ({ name, idApp, token }): Check => ({
      name: `app ${name}`,
      cure: `is tracker.endpoint (${endpoint}) right, and the way to it open?`,
      run: async () => {
        const asked = testAppAccess({ transport, idApp, token: token.read(), timeoutMs: REQUEST_MS })
        const { status, dateMs } = await asked.catch(plainly)
        heard('tracker', dateMs)
        return judgeApp(status)
      },
    }),
  )
  const results = await Promise.all(checks.map((check) => runCheck(check, timing)))
  void transport.pool.destroy()
  return results
}

async function checkRegistry(config: Config, modules: Modules, timing: Timing, heard: Heard): Promise<Result[]> {
  const registry = new RegistryReader(config)
  const greeting: Check = {
    name: `registry ${config.schemaRegistry.url}`,
    cure: 'is schemaRegistry.url right, and the way to it open?',
    run: async () => {
      const { status, dateMs } = await registry.greet()
      heard('registry', dateMs)
      return judgeRegistry(status)
    },
  }
  const greeted = await runCheck(greeting, timing)
  if (greeted.state === 'failed') {
    registry.stop()
    return [greeted, ...config.mappings.map((_, place) => ({ name: nameOf(config, place), ms: 0, ...notTried('no registry') }))]
  }
  const look = new Lookup(config, modules, registry)
  const checks = config.mappings.map(
    (mapping, place): Check => ({
      name: nameOf(config, place),
      cure: 'look into the registry',
      run: async () => judgeMapping(mapping.record, await look.of(place)),
    }),
  )
  const results = await Promise.all(checks.map((check) => runCheck(check, timing)))
  registry.stop()
  return [greeted, ...results]
}

function nameOf({ mappings }: Config, place: number): string {
  const { record, topic } = mappings[place] ?? { record: '' }
  return `mapping ${place + 1}, ${record}${topic === undefined ? '' : ` of ${topic}`}`
}

/** What the registry has for each mapping. Every subject and schema is asked for once, however many mappings share it. */
class Lookup {
  readonly #config: Config
  readonly #modules: Modules
  readonly #registry: RegistryReader
  readonly #asked = new Map<string, ReturnType<RegistryReader['latest']>>()

  constructor(config: Config, modules: Modules, registry: RegistryReader) {
    this.#config = config
    this.#modules = modules
    this.#registry = registry
  }

  of(place: number): Promise<SubjectFacts[]> {
    const { schemaRegistry, kafka, mappings } = this.#config
    const { record } = mappings[place] ?? { record: '' }
    const named = subjectsOf(record, schemaRegistry.subjects, topicsOf(mappings, place, kafka.topics))
    return Promise.all(named.map((each) => this.#facts(place, each)))
  }

  async #facts(place: number, { subject, topic = '' }: NamedSubject): Promise<SubjectFacts> {
    try {
      const latest = await this.#latest(subject)
      if (latest === undefined) return { kind: 'absent', subject }
      const { schema, version } = latest
      const { problems } = this.#alone(place).compile(schema, topic)
      return { kind: 'found', subject, version, id: schema.id, record: schema.name, problems }
    } catch (error) {
      return { kind: 'unreadable', subject, why: errorText(error) }
    }
  }

  /** One mapping without the others: what it does not fit is not to be told of another one. */
  #alone(place: number): Mappings {
    const { mappings, tracker, unmapped, invalidParams, batch } = this.#config
    return new Mappings({
      mappings: mappings.slice(place, place + 1),
      modules: this.#modules,
      apps: tracker.apps,
      unmapped,
      invalidParams,
      maxBytes: batch.maxBytes,
      onDropped: () => undefined,
    })
  }

  #latest(subject: string): ReturnType<RegistryReader['latest']> {
    const asked = this.#asked.get(subject) ?? this.#registry.latest(subject)
    this.#asked.set(subject, asked)
    return asked
  }
}
