import type { Take } from './sources.ts'

/**
 * A function that takes each value out of the event and makes an object of those that are there.
 *
 * Generated, as avsc generates its decoders: a loop over names and closures makes an object whose shape the engine must find out
 * anew for each event, which costs more than taking the values. Names go in as JSON texts only, never as code.
 */
export function buildObject<T>(names: readonly string[], takes: readonly Take<T>[]): (event: unknown) => Record<string, T> {
  const literals = names.map((name) => JSON.stringify(name))
  // `__proto__` as a plain key would set the prototype; in brackets, or defined, it is a key like any other.
  const store = (literal: string, index: number): string =>
    literal === '"__proto__"'
      ? `Object.defineProperty(object, ${literal}, { value: v${index}, enumerable: true })`
      : `object[${literal}] = v${index}`
  const code = `return (event) => {
    ${literals.map((_, index) => `const v${index} = t${index}(event)`).join('\n')}
    if (${literals.map((_, index) => `v${index} !== undefined`).join(' && ') || 'true'}) {
      return { ${literals.map((literal, index) => `[${literal}]: v${index}`).join(', ')} }
    }
    const object = {}
    ${literals.map((literal, index) => `if (v${index} !== undefined) ${store(literal, index)}`).join('\n')}
    return object
  }`
  return new Function(...names.map((_, index) => `t${index}`), code)(...takes) as (event: unknown) => Record<string, T>
}
