import type { EventType } from '../core/event.ts'
import { dateText, decimalText } from './text.ts'
import { clockOf, isoText, millisOf } from './time.ts'

type Plain = (value: unknown) => unknown

/** Makes plain data of a decoded event, as `MappingEvent` describes it: a copy, so that a module changes nothing but its own. */
export function plainOf(type: EventType): Plain {
  const known = new Map<EventType, Plain>()
  const bind = (each: EventType): Plain => {
    const found = known.get(each)
    if (found !== undefined) return found
    // Entered before it is made: a record may hold itself.
    let made: Plain | undefined
    known.set(each, (value) => made?.(value))
    made = convert(each, bind)
    return made
  }
  return bind(type)
}

function convert(type: EventType, bind: (type: EventType) => Plain): Plain {
  switch (type.kind) {
    case 'record': {
      const fields = [...type.fields].map(([name, field]) => [name, bind(field)] as const)
      return (value) => objectOf(fields.map(([name, plain]) => [name, plain((value as Container)[name])]))
    }
    case 'map': {
      const plain = bind(type.values)
      return (value) => objectOf(Object.entries(value as Container).map(([name, each]) => [name, plain(each)]))
    }
    case 'array': {
      const plain = bind(type.items)
      return (value) => (value as readonly unknown[]).map(plain)
    }
    case 'union':
      return type.wrapped ? wrapped(type, bind) : bare(type, bind)
    case 'enum':
      return asItIs
    default:
      return scalar(type)
  }
}

type Container = Readonly<Record<string, unknown>>
type Union = Extract<EventType, { kind: 'union' }>

/** Without a prototype, so that a key `__proto__` is one like any other and none is there that was not sent. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Container {
  const object: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries) object[name] = value
  return object
}

const asItIs: Plain = (value) => value

function wrapped({ branches }: Union, bind: (type: EventType) => Plain): Plain {
  const plains = new Map([...branches].map(([name, branch]) => [name, bind(branch)]))
  return (value) => {
    const [entry] = Object.entries(value ?? {})
    return entry === undefined ? null : plains.get(entry[0])?.(entry[1])
  }
}

/** The branches of a bare union are told apart by looking. */
function bare({ branches }: Union, bind: (type: EventType) => Plain): Plain {
  const plains = new Map([...branches.values()].map((branch) => [lookOf(branch), bind(branch)]))
  return (value) => plains.get(lookAt(value))?.(value) ?? null
}

function lookOf({ kind }: EventType): string {
  switch (kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number'
    case 'record':
    case 'map':
      return 'object'
    case 'fixed':
      return 'bytes'
    case 'enum':
      return 'string'
    default:
      return kind
  }
}

function lookAt(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (Buffer.isBuffer(value)) return 'bytes'
  return typeof value === 'bigint' ? 'number' : typeof value
}

function scalar(type: Extract<EventType, { logical: unknown }>): Plain {
  const clock = clockOf(type, {})
  if (clock !== undefined) {
    const { isLocal, perSecond } = clock
    if (isLocal) return (value) => isoText(millisOf(value, perSecond))?.slice(0, -1) ?? null
    return (value) => new Date(millisOf(value, perSecond))
  }
  const { kind, logical } = type
  if (kind === 'int' && logical?.name === 'date') return (value) => dateText(value) ?? null
  if ((kind === 'bytes' || kind === 'fixed') && logical?.name === 'decimal') {
    return (value) => decimalText(value as Buffer, logical.scale)
  }
  return asItIs
}
