import { bindPath, parsePath } from './path.ts'
import type { Binding, Take } from './sources.ts'
import { whyNever } from './sources.ts'
import type { Condition, MappingSpec, Scalar } from './spec.ts'
import { nameOf, toText } from './text.ts'

/** Whether a mapping is for an event. */
export type Test = (event: unknown) => boolean

/** Binds the conditions of a mapping; undefined: it has none. */
export function bindWhen(binding: Binding, when: MappingSpec['when']): Test | undefined {
  if (when === undefined) return undefined
  if (!isList(when)) return all(bindCondition(binding, 'when', when))
  return all(when.flatMap((condition, place) => bindCondition(binding, `when[${place}]`, condition)))
}

/** The paths that conditions read. */
export function pathsOfWhen(when: MappingSpec['when']): string[] {
  if (when === undefined) return []
  return isList(when) ? when.map(({ field }) => field) : [when.field]
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

function all(tests: readonly Test[]): Test {
  const [first, ...rest] = tests
  if (first !== undefined && rest.length === 0) return first
  return (event) => tests.every((test) => test(event))
}

function bindCondition(binding: Binding, where: string, condition: Condition): Test[] {
  const { field, exists } = condition
  const { type, problems } = binding
  const path = bindPath(type, parsePath(field))
  if (path.types.length === 0) problems.push(`${where}: the schema has no field ${field}`)
  const tests: Test[] = []
  // Only null and absence are nothing: an empty text is there.
  if (exists !== undefined) tests.push((event) => (path.read(event) !== undefined) === exists)
  const texts = textTests(condition)
  if (texts.length === 0) return tests
  const { misfits } = toText(path.types)
  for (const misfit of misfits) {
    problems.push(`${where}: ${field} is ${nameOf(misfit)}, which has no text to compare; name a place inside it, or use exists`)
  }
  for (const { key, wanted } of texts) {
    for (const text of wanted) {
      const never = whyNever(path.types, field, text)
      if (never !== undefined) problems.push(`${where}.${key}: ${never}`)
    }
  }
  const textOf = bindPath(type, parsePath(field), (types) => toText(types).convert).read as Take<string>
  return [...tests, ...texts.map(({ key, wanted }) => testOf(textOf, wanted, key !== 'not'))]
}

type TextKey = 'equals' | 'in' | 'not'

function textTests({ equals, in: among, not }: Condition): { readonly key: TextKey; readonly wanted: readonly string[] }[] {
  const tests = { equals, in: among, not }
  return (Object.keys(tests) as TextKey[]).flatMap((key) => {
    const wanted: Scalar | readonly Scalar[] | undefined = tests[key]
    return wanted === undefined ? [] : [{ key, wanted: (isList(wanted) ? wanted : [wanted]).map(String) }]
  })
}

/** A value that is absent has none of the texts. */
function testOf(textOf: Take<string>, wanted: readonly string[], isWanted: boolean): Test {
  const [only] = wanted
  if (wanted.length === 1 && isWanted) return (event) => textOf(event) === only
  const texts = new Set<string | undefined>(wanted)
  return (event) => texts.has(textOf(event)) === isWanted
}
