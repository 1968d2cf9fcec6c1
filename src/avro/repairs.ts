/** What avsc 5.7.9 is mended in from outside, each with the failure that it prevents. */
import { createRequire } from 'node:module'
import type { Type } from 'avsc'
import avro from 'avsc'

const require = createRequire(import.meta.url)

/** avsc's cursor over the bytes. */
interface Tap {
  readonly buf: Buffer
  pos: number
  readLong(): number
  skipLong(): void
  readString(): string
  skipString(): void
}

interface Inner extends Omit<Type, 'createResolver'> {
  createResolver(type: Type, options?: object): object
  _read(tap: Tap): unknown
  _skip(tap: Tap): void
}

let repaired = false

/** Idempotent; called before the first schema is parsed. */
export function repairAvsc(): void {
  if (repaired) return
  repaired = true
  const { version } = require('avsc/package.json') as { version: string }
  if (version !== '5.7.9') throw new Error(`the repairs of avsc were written for 5.7.9, but ${version} is installed`)
  resolveAsItself()
  const { LongType, MapType, ArrayType } = avro.types as unknown as Record<
    'LongType' | 'MapType' | 'ArrayType',
    { prototype: Inner }
  >
  LongType.prototype._read = readLong
  MapType.prototype._read = readMap
  MapType.prototype._skip = skipMap
  ArrayType.prototype._read = readArray
  ArrayType.prototype._skip = skipArray
}

/**
 * A type that is resolved against itself reads as itself. avsc looks for the first branch of a union that can hold a value, so that
 * texts of `["bytes", "string"]` came out as bytes, and integers of `["double", "int"]` under the name of the other branch.
 */
function resolveAsItself(): void {
  const { prototype } = avro.Type as unknown as { prototype: Inner }
  const { createResolver } = prototype
  prototype.createResolver = function (this: Inner, type: Type, options?: object): object {
    if (type !== this) return createResolver.call(this, type, options)
    return Object.freeze({ _readerType: this, _read: (tap: Tap) => this._read(tap) })
  }
}

/**
 * On the wire a negative number is an odd one of twice the size, which a double rounds to an even one beyond 2^53: avsc's check missed
 * that, and numbers below -2^52 came out positive.
 */
function readLong(tap: Tap): number {
  const value = tap.readLong()
  if (value < 2 ** 52 && value > -(2 ** 52)) return value
  throw new Error('potential precision loss')
}

/** A key `__proto__` is one like any other only in an object without a prototype; it was lost, or replaced the map's prototype. */
function readMap(this: { readonly valuesType: Inner }, tap: Tap): Record<string, unknown> {
  const values = this.valuesType
  const map: Record<string, unknown> = Object.create(null)
  for (let count = readCount(tap); count !== 0; count = readCount(tap)) {
    while (count-- > 0) {
      const key = tap.readString()
      map[key] = values._read(tap)
    }
  }
  return map
}

function readArray(this: { readonly itemsType: Inner }, tap: Tap): unknown[] {
  const items = this.itemsType
  const array: unknown[] = []
  for (let count = readCount(tap); count !== 0; count = readCount(tap)) {
    while (count-- > 0) array.push(items._read(tap))
  }
  return array
}

function skipMap(this: { readonly valuesType: Inner }, tap: Tap): void {
  for (let count = skipCount(tap); count !== 0; count = skipCount(tap)) {
    while (count-- > 0) {
      tap.skipString()
      this.valuesType._skip(tap)
    }
  }
}

function skipArray(this: { readonly itemsType: Inner }, tap: Tap): void {
  for (let count = skipCount(tap); count !== 0; count = skipCount(tap)) {
    while (count-- > 0) this.itemsType._skip(tap)
  }
}

/**
 * Of a block. avsc believes it and looks for the end of the bytes only when all is read, so that a corrupt record with a large count
 * kept the process busy until its memory was full, and again after each restart. An item takes at least one byte, but for those of
 * arrays of nulls or of records without fields, which nobody sends in such numbers.
 */
function readCount(tap: Tap): number {
  const count = tap.readLong()
  if (count >= 0) return within(count, tap)
  tap.skipLong()
  return within(-count, tap)
}

/** Blocks that tell their size are stepped over; a size that steps back would go round in a circle. */
function skipCount(tap: Tap): number {
  for (let count = tap.readLong(); ; count = tap.readLong()) {
    if (count >= 0) return within(count, tap)
    const bytes = tap.readLong()
    tap.pos += within(Math.abs(bytes), tap)
  }
}

function within(count: number, { buf, pos }: Tap): number {
  if (count > Math.max(0, buf.length - pos)) throw new Error(`a block claims ${count} items or bytes, more than there are bytes`)
  return count
}
