import { basename } from 'node:path'
import type { EventSchema } from '../core/event.ts'
import type { Hit, Method } from '../core/hit.ts'
import { methods } from '../core/hit.ts'
import type { Reject, Skip } from '../core/outcome.ts'
import type { Origin, RecordHeaders, SourceRecord } from '../core/record.ts'
import type { ParamName } from '../tracker/spec.ts'
import { paramSpecs } from '../tracker/spec.ts'
import type { ParamValue } from '../tracker/validate.ts'
import type { InternedRoute } from './app.ts'
import type { Finish } from './finish.ts'
import type { MappingContext, MappingEvent, ModuleMap } from './module.ts'
import { withTime } from './params.ts'
import { plainOf } from './plain-event.ts'

export interface ModuleOptions {
  /** The function, and the path that it was loaded from. */
  readonly map: ModuleMap
  readonly path: string
  readonly apps: readonly { readonly name: string }[]
  readonly routeTo: (app: string, method: Method) => InternedRoute
  readonly finish: (method: Method) => Finish
}

/** Of what a module says, no more goes into a dead letter. */
const MESSAGE_MAX = 500

/** A mapping that is code. Whatever the module does, the answer is an outcome. */
export function bindModule(
  schema: EventSchema,
  options: ModuleOptions,
): (event: unknown, origin: Origin, record: SourceRecord) => Hit | Skip | Reject {
  const plain = plainOf(schema.type)
  const name = basename(options.path)
  return (event, origin, record) => {
    let answer: Answer
    try {
      answer = read(options.map(plain(event) as MappingEvent, contextOf(schema, origin, record)), options.apps)
    } catch (error) {
      return failed(`${name} threw: ${messageOf(error)}`)
    }
    if (answer.kind === 'skip') return answer
    if (answer.kind === 'fault') return failed(`${name} ${answer.fault}`)
    const { app, method, params } = answer
    return options.finish(method)(options.routeTo(app, method), withTime(params, origin.timestamp))
  }
}

type Answer =
  | Skip
  | { readonly kind: 'fault'; readonly fault: string }
  | {
      readonly kind: 'hit'
      readonly app: string
      readonly method: Method
      readonly params: Record<string, ParamValue | undefined>
    }

const SKIPPED: Skip = { kind: 'skip', reason: 'skipped' }
const EXPECTED = "it must return { app, method, params }, 'skip', { skip: true } or { reject: 'why' }"

/** What a module returned, copied: nothing of it is looked at again. May throw, where the module's own getters do. */
function read(result: unknown, apps: ModuleOptions['apps']): Answer {
  if (result === 'skip') return SKIPPED
  if (!isObject(result)) return fault(`returned ${kindOf(result)}; ${EXPECTED}`)
  if (isPromise(result)) {
    // Nobody waits for it, and a rejection that nobody hears would end the process.
    result.then(undefined, () => undefined)
    return fault(`returned a promise; ${EXPECTED} at once`)
  }
  const { skip, reject, app, method, params } = result
  if (skip === true) return SKIPPED
  if (typeof reject === 'string') return fault(`rejected the record: ${reject.slice(0, MESSAGE_MAX).toWellFormed()}`)
  const known = apps.map(({ name }) => name)
  if (app === undefined || method === undefined || !isObject(params)) return fault(`returned something else; ${EXPECTED}`)
  if (typeof app !== 'string' || !known.includes(app)) {
    return fault(`returned an app that tracker.apps does not have; known are ${known.join(', ')}`)
  }
  if (!isMethod(method)) return fault(`returned a method that the tracker does not have; it has ${methods.join(', ')}`)
  return { kind: 'hit', app, method, params: paramsOf(params) }
}

type Loose = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPromise(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function'
}

function isMethod(value: unknown): value is Method {
  return methods.some((method) => method === value)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value === null ? 'null' : 'nothing'}`
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function fault(what: string): Answer {
  return { kind: 'fault', fault: what }
}

function failed(detail: string): Reject {
  return { kind: 'reject', reason: 'mapping-failed', detail }
}

function messageOf(error: unknown): string {
  let message: unknown
  try {
    message = error instanceof Error ? error.message : String(error)
  } catch {
    message = undefined
  }
  return typeof message === 'string' ? message.slice(0, MESSAGE_MAX).toWellFormed() : 'something that is no error'
}

/** As a mapping without code would have made them: texts where texts are wanted, and no nulls. What fits nothing is left to the rules. */
function paramsOf(given: Loose): Record<string, ParamValue | undefined> {
  const params: Record<string, ParamValue | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue
    params[name] = paramOf(name, value) as ParamValue
  }
  return params
}

function paramOf(name: string, value: unknown): unknown {
  const spec = Object.hasOwn(paramSpecs, name) ? paramSpecs[name as ParamName] : undefined
  if (spec?.kind === 'text') return textOf(value)
  if (spec?.kind === 'entries') return isObject(value) ? entriesOf(value) : value
  if (name === 'eventTimestamp' && value instanceof Date) return Math.floor(value.getTime() / 1_000)
  return typeof value === 'bigint' ? Number(value) : value
}

function entriesOf(given: Loose): Loose {
  const entries: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== null) entries[name] = textOf(value)
  }
  return entries
}

function textOf(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : value
}

function contextOf({ name }: EventSchema, origin: Origin, { key, headers }: SourceRecord): MappingContext {
  const { topic, partition, offset, timestamp } = origin
  return {
    record: name,
    topic,
    partition,
    offset,
    timestamp,
    key: key === null ? null : Buffer.from(key, 'latin1').toString('utf8'),
    headers: headers === undefined ? {} : headersOf(headers),
  }
}

/** Those of the sink itself are left out: a record looks the same whether it is tried for the first time or again. */
function headersOf(headers: RecordHeaders): Readonly<Record<string, string | null>> {
  const texts: Record<string, string | null> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('mts-')) continue
    const last = Array.isArray(value) ? value.at(-1) : value
    texts[name] = last === undefined || last === null ? null : last.toString()
  }
  return texts
}
