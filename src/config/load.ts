import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { adviceFindings } from './advice.ts'
import type { Config } from './config.ts'
import { bindConfig } from './config.ts'
import { draftOf } from './draft.ts'
import type { Environment } from './environment.ts'
import { fillVariables, retype } from './environment.ts'
import { isMapping } from './fields.ts'
import type { Surroundings } from './files.ts'
import { fileFindings } from './files.ts'
import { findingsOf } from './issues.ts'
import type { ParamRules } from './param-findings.ts'
import { paramFindings } from './param-findings.ts'
import type { Finding, Path, Problem } from './problem.ts'
import { formatPath, isUnder } from './problem.ts'
import { ruleFindings } from './rules.ts'
import type { Written } from './schema.ts'
import { configSchema } from './schema.ts'
import { YamlSource } from './yaml-source.ts'

/** Either a configuration without any fault, or every fault at once, in the order of the file's lines. */
export type Loaded = Sound | { readonly problems: readonly Problem[] }

interface Sound {
  readonly config: Config
  /** What works and is still worth a second look, in the order of the file's lines. */
  readonly notes: readonly Problem[]
}

export interface Origin {
  /** The file's name as problems show it. */
  readonly file: string
  readonly env: Environment
  /** Where relative paths in the file start. */
  readonly directory: string
  /** Milliseconds since the epoch; for reading secret files again. */
  readonly now?: () => number
  /** What the tracker takes; without it, parameters are not looked at. */
  readonly params?: ParamRules
}

export function loadConfig(path: string, env: Environment, params?: ParamRules): Loaded {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const message = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { problems: [{ file: path, line: 1, column: 1, key: '', message }] }
  }
  return parseConfig(text, { file: path, env, directory: dirname(path), ...(params === undefined ? {} : { params }) })
}

export function parseConfig(text: string, { file, env, directory, now = Date.now, params }: Origin): Loaded {
  const source = new YamlSource(text)
  const faults: Problem[] = source.faults().map(({ path, ...fault }) => ({ ...fault, file, key: formatPath(path) }))
  if (!source.isReadable) return { problems: inOrder(faults) }
  const { findings, written } = check(source, env, { directory, now }, params)
  const placed = (found: readonly Finding[]): Problem[] =>
    found.map(({ path, message }) => ({ file, ...source.placeOf(path), key: formatPath(path), message }))
  const problems = placed(findings)
  if (written === undefined || faults.length + problems.length > 0) return { problems: inOrder([...faults, ...problems]) }
  return { config: bindConfig(written, { directory, now }), notes: inOrder(placed(adviceFindings(written))) }
}

interface Checked {
  readonly findings: readonly Finding[]
  /** Undefined where a value is of a wrong kind; then there are findings. */
  readonly written: Written | undefined
}

function check(source: YamlSource, env: Environment, surroundings: Surroundings, params: ParamRules | undefined): Checked {
  const missing = fillVariables(source, env)
  try {
    source.value()
  } catch (error) {
    const message = `this is not valid YAML: ${error instanceof Error ? error.message : String(error)}`
    return { findings: [{ path: [], message }], written: undefined }
  }
  const result = typed(source, missing.untyped)
  const raw = source.value()
  if (!isMapping(raw)) return { findings: [topLevel(raw)], written: undefined }
  const draft = draftOf(configSchema, raw)
  const wrong = result.success ? [] : findingsOf(configSchema, result.error.issues)
  // What is unknown as a whole is not worth a word about its parts.
  const settled = missing.findings
  const unfit = params === undefined ? [] : paramFindings(raw, draft, params)
  const rest = [...wrong, ...ruleFindings(draft), ...fileFindings(draft, surroundings), ...unfit]
  const findings = [...settled, ...rest.filter(({ path }) => !settled.some((each) => isUnder(path, each.path)))]
  return { findings: oneEach(findings), written: result.data }
}

/** Checks the kinds of the values, where a variable's text may become a number or a truth value if that is what is wanted. */
function typed(source: YamlSource, untyped: ReturnType<typeof fillVariables>['untyped']) {
  const result = configSchema.safeParse(source.value())
  const wrong = result.success ? [] : findingsOf(configSchema, result.error.issues)
  const changed = wrong.map(({ path }) => retype(source.nodeAt(path), untyped))
  return changed.includes(true) ? configSchema.safeParse(source.value()) : result
}

function topLevel(raw: unknown): Finding {
  const is =
    raw === null || raw === undefined ? 'the file is empty' : `the file holds ${Array.isArray(raw) ? 'a list' : 'a single value'}`
  return { path: [], message: `${is}; write a mapping with at least kafka, schemaRegistry and tracker` }
}

/** The first finding of each place: a value of a wrong kind breaks rules too, and saying so again would help nobody. */
function oneEach(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  const key = (path: Path) => JSON.stringify(path)
  for (const finding of findings) if (!seen.has(key(finding.path))) seen.set(key(finding.path), finding)
  return [...seen.values()]
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}
