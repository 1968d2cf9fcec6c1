import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { SchemaCache } from '../avro/schema-registry.ts'
import { Subjects } from '../avro/subjects.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import type { SkewFacts, SubjectFacts } from '../check/http.ts'
import { judgeApp, judgeClock, judgeMapping, judgeRegistry } from '../check/http.ts'
import type { Result } from '../check/report.ts'
import { notTried } from '../check/report.ts'
import type { Check, Timing } from '../check/run.ts'
import { runCheck } from '../check/run.ts'
import type { NamedSubject } from '../check/subjects.ts'
import { subjectsOf, topicsOf } from '../check/subjects.ts'
import type { Config } from '../config/config.ts'
import { registryAuthorization } from '../connection.ts'
import { systemClock } from '../core/clock.ts'
import { errorText } from '../core/errors.ts'
import { Mappings } from '../mapping/compile.ts'
import type { ModuleMap } from '../mapping/module.ts'
import { testAppAccess } from '../tracker/access.ts'
import { proxyOf } from '../tracker/proxy.ts'
import { createTransport } from '../tracker/transport.ts'

/** Below the time-out of the check as a whole, so that it is the request that says what went wrong. */
const REQUEST_MS = 4_000
/** A schema is asked for by its subject and then by its id. */
const SCHEMA_MS = 2_000
/** A schema of more was not written by hand, and no mapping is for it. */
const ANSWER_BYTES_MAX = 4_194_304

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

function agentOf(caFile: string | undefined): Agent {
  return new Agent({
    maxResponseSize: ANSWER_BYTES_MAX,
    connect: { timeout: REQUEST_MS, ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }) },
  })
}

async function checkApps({ tracker }: Config, timing: Timing, heard: Heard): Promise<Result[]> {
  const { endpoint, caFile, apps } = tracker
  const proxy = proxyOf(endpoint, process.env)
  const transport = createTransport({ endpoint, timeoutMs: REQUEST_MS, connections: apps.length, caFile, proxy })
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
  const { url, caFile } = config.schemaRegistry
  const authorization = registryAuthorization(config.schemaRegistry)
  const dispatcher = agentOf(caFile)
  const subjects = new Subjects({ url, authorization, timeoutMs: REQUEST_MS, dispatcher })
  const greeting: Check = {
    name: `registry ${url}`,
    cure: 'is schemaRegistry.url right, and the way to it open?',
    run: async () => {
      const { status, dateMs } = await subjects.greet().catch(plainly)
      heard('registry', dateMs)
      return judgeRegistry(status)
    },
  }
  const greeted = await runCheck(greeting, timing)
  if (greeted.state === 'failed') {
    void dispatcher.destroy()
    return [greeted, ...config.mappings.map((_, place) => ({ name: nameOf(config, place), ms: 0, ...notTried('no registry') }))]
  }
  const schemas = new SchemaCache({
    url,
    authorization,
    ca: caFile === undefined ? undefined : readFileSync(caFile, 'utf8'),
    clock: systemClock,
    onTrouble: () => undefined,
    onSchema: () => undefined,
  })
  const look = new Lookup(config, modules, subjects, schemas)
  const checks = config.mappings.map(
    (mapping, place): Check => ({
      name: nameOf(config, place),
      cure: 'look into the registry',
      run: async () => judgeMapping(mapping.record, await look.of(place)),
    }),
  )
  const results = await Promise.all(checks.map((check) => runCheck(check, timing)))
  schemas.stop()
  void dispatcher.destroy()
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
  readonly #subjects: Subjects
  readonly #schemas: SchemaCache
  readonly #asked = new Map<string, Promise<Latest>>()

  constructor(config: Config, modules: Modules, subjects: Subjects, schemas: SchemaCache) {
    this.#config = config
    this.#modules = modules
    this.#subjects = subjects
    this.#schemas = schemas
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

  #latest(subject: string): Promise<Latest> {
    const asked = this.#asked.get(subject) ?? this.#ask(subject)
    this.#asked.set(subject, asked)
    return asked
  }

  async #ask(subject: string): Promise<Latest> {
    const latest = await this.#subjects.latest(subject).catch(plainly)
    if (latest === undefined) return undefined
    const asked = this.#schemas.get(latest.id)
    if ('kind' in asked && asked.kind === 'wait') {
      await Promise.race([asked.ready, sleep(SCHEMA_MS, undefined, { ref: false })])
    }
    const schema = this.#schemas.get(latest.id)
    if ('kind' in schema) throw new Error(`its schema ${latest.id} cannot be had, or is no Avro`)
    return { schema, version: latest.version }
  }
}

type Latest = { readonly schema: WriterSchema; readonly version: number } | undefined

/** A network's failure, whose message may be empty or stand in its cause. */
function plainly(error: unknown): never {
  const { cause, code, errors } = (error ?? {}) as { cause?: unknown; code?: unknown; errors?: unknown }
  const inner = Array.isArray(errors) ? errors[0] : cause
  const text = errorText(inner instanceof Error ? inner : error)
  throw new Error(text === '' ? String(code ?? 'the connection failed') : text)
}
