import type { EventType } from '../core/event.ts'
import { kindOf } from '../core/masked.ts'

/** An event with every value replaced by its kind, as in `<string 12>`. Names of fields stay, and so do the shapes around values. */
export function masked(value: unknown, type: EventType): unknown {
  switch (type.kind) {
    case 'record':
      return Object.fromEntries([...type.fields].map(([name, field]) => [name, masked(propertyOf(value, name), field)]))
    case 'array':
      return Array.isArray(value) ? value.map((item) => masked(item, type.items)) : kindOf(value)
    case 'map':
      return maskedMap(value, type.values)
    case 'union':
      return maskedUnion(value, type)
    case 'enum':
      return '<enum>'
    default:
      return type.kind === 'string' || type.kind === 'bytes' || type.kind === 'fixed' ? kindOf(value) : `<${type.kind}>`
  }
}

/** A map's keys are whatever the producer put there, users' names for example: they are values too. */
function maskedMap(value: unknown, values: EventType): unknown {
  if (typeof value !== 'object' || value === null) return kindOf(value)
  return Object.fromEntries(
    Object.entries(value).map(([key, item], index) => [`<key ${index + 1}, string ${key.length}>`, masked(item, values)]),
  )
}

function maskedUnion(value: unknown, { wrapped, branches }: EventType & { kind: 'union' }): unknown {
  if (value === null) return '<null>'
  if (wrapped) {
    const [branch, item] = Object.entries(value as object)[0] ?? []
    const type = branches.get(branch ?? '')
    return branch === undefined || type === undefined ? kindOf(value) : { [branch]: masked(item, type) }
  }
  const type = [...branches.values()].find((branch) => fits(value, branch))
  return type === undefined ? kindOf(value) : masked(value, type)
}

/** Which branch a bare value is of; avsc leaves values bare only where their kinds tell the branches apart. */
function fits(value: unknown, { kind }: EventType): boolean {
  switch (kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
    case 'enum':
      return typeof value === 'string'
    case 'bytes':
    case 'fixed':
      return Buffer.isBuffer(value)
    case 'array':
      return Array.isArray(value)
    case 'record':
    case 'map':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
    case 'union':
      return false
    default:
      return typeof value === 'number' || typeof value === 'bigint'
  }
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

/** What stands for raw bytes: a key, or a header's value. */
export function maskedBytes(bytes: Buffer | string): string {
  return `<bytes ${Buffer.byteLength(bytes)}>`
}

/** Names of headers that carry a credential, whoever wrote them: their values are never shown. */
const SECRET = /auth|token|secret|password|passwd|cookie|api-?_?key|credential/i

export function isSecretName(name: string): boolean {
  return SECRET.test(name)
}
