import type { Type, types } from 'avsc'
import type { EventType, LogicalType, ScalarKind } from '../core/event.ts'

/** An avsc type as a mapping sees it. `logicalOf` tells what a type was annotated with: avsc itself forgets annotations that it has no class for. */
export function eventTypeOf(type: Type, logicalOf: (type: Type) => LogicalType | undefined): EventType {
  const known = new Map<Type, EventType>()
  const convert = (each: Type): EventType => {
    const found = known.get(each)
    if (found !== undefined) return found
    // Entered before it is filled: a record may hold itself.
    const made = begin(each, logicalOf)
    known.set(each, made.type)
    made.fill(convert)
    return made.type
  }
  return convert(type)
}

interface Begun {
  readonly type: EventType
  readonly fill: (convert: (type: Type) => EventType) => void
}

function begin(type: Type, logicalOf: (type: Type) => LogicalType | undefined): Begun {
  switch (type.typeName) {
    case 'record':
    case 'error': {
      const fields = new Map<string, EventType>()
      return {
        type: { kind: 'record', name: type.name ?? '', fields },
        fill: (convert) => {
          for (const field of (type as types.RecordType).fields) fields.set(field.name, convert(field.type))
        },
      }
    }
    case 'union:wrapped':
    case 'union:unwrapped': {
      const branches = new Map<string, EventType>()
      return {
        type: { kind: 'union', wrapped: type.typeName === 'union:wrapped', branches },
        fill: (convert) => {
          for (const branch of (type as types.UnwrappedUnionType).types)
            branches.set(branch.branchName ?? 'null', convert(branch))
        },
      }
    }
    case 'map': {
      const map = { kind: 'map' as const, values: NULL }
      return { type: map, fill: (convert) => void Object.assign(map, { values: convert((type as types.MapType).valuesType) }) }
    }
    case 'array': {
      const array = { kind: 'array' as const, items: NULL }
      return {
        type: array,
        fill: (convert) => void Object.assign(array, { items: convert((type as types.ArrayType).itemsType) }),
      }
    }
    case 'enum':
      return { type: { kind: 'enum', symbols: (type as types.EnumType).symbols }, fill: () => undefined }
    default:
      return { type: { kind: type.typeName as ScalarKind, logical: logicalOf(type) }, fill: () => undefined }
  }
}

const NULL: EventType = { kind: 'null', logical: undefined }
