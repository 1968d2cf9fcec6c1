import type { Node } from 'yaml'
import { isScalar, visit } from 'yaml'
import type { Finding } from './problem.ts'
import type { YamlSource } from './yaml-source.ts'

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

const variable = /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g

/** Stands where a variable was missing: no schema takes it for a value. */
const unresolved = Symbol('unresolved')

interface Filled {
  readonly findings: readonly Finding[]
  /** Scalars that were nothing but one variable: they have no kind of their own until it is known which kind is wanted. */
  readonly untyped: ReadonlySet<Node>
}

interface Replaced {
  readonly text: string
  readonly faults: readonly string[]
}

function replaced(template: string, env: Environment): Replaced {
  const faults: string[] = []
  const text = template.replace(variable, (_, name: string, fallback: string | undefined) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    // As in a shell, `:-` also stands in for a variable that is set to nothing.
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
    if (value === undefined) faults.push(`names the variable ${name}, which is not set; set it, or write \${${name}:-default}`)
    return value ?? ''
  })
  // Looked for in what is left of the template, never in a variable's value.
  const isBroken = template.replace(variable, '').includes('${')
  if (isBroken) faults.push(`has a "\${" that begins no variable; write \${NAME} or \${NAME:-default}`)
  return { text, faults }
}

/**
 * Fills variables into the scalars of a YAML that is already parsed: what a variable holds stays inside its scalar, whatever it looks like.
 * Keys are left as they are.
 */
export function fillVariables(source: YamlSource, env: Environment): Filled {
  const findings: Finding[] = []
  const untyped = new Set<Node>()
  visit(source.document, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const isWhole = node.value.replace(variable, '') === '' && [...node.value.matchAll(variable)].length === 1
      const { text, faults } = replaced(node.value, env)
      const path = source.pathOf(node, ancestors)
      findings.push(...faults.map((message) => ({ path, message })))
      if (isWhole) untyped.add(node)
      node.value = faults.length > 0 ? unresolved : text
    },
  })
  return { findings, untyped }
}

/** The number or truth value that a text is in plain YAML; undefined for any other text. */
function typed(text: unknown): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true'
  return typeof text === 'string' && /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined
}

/**
 * Gives a variable's text the kind it has in plain YAML, and says whether that made a difference. For the places where a text was refused:
 * so it is the schema that decides, and a token of nothing but digits stays the text it is.
 */
export function retype(node: Node | undefined, untyped: ReadonlySet<Node>): boolean {
  if (!isScalar(node) || !untyped.has(node)) return false
  const value = typed(node.value)
  if (value !== undefined) node.value = value
  return value !== undefined
}
