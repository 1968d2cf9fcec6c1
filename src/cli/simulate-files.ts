import { readFile } from 'node:fs/promises'
import type { Path } from '../config/problem.ts'
import { formatPath } from '../config/problem.ts'
import { YamlSource } from '../config/yaml-source.ts'
import { parseApps } from '../simulator/apps-format.ts'
import type { FaultPlanText } from '../simulator/plan-format.ts'
import { parseFaultPlan } from '../simulator/plan-format.ts'
import type { SimulatedApp } from '../simulator/verdict.ts'
import { UnusableFile } from './unusable-file.ts'

export async function readFaultPlan(file: string): Promise<FaultPlanText> {
  const source = await read(file)
  const parsed = parseFaultPlan(source.value)
  if (parsed.kind === 'invalid') throw source.unusable(parsed.problems)
  return parsed.plan
}

export async function readApps(file: string): Promise<readonly SimulatedApp[]> {
  const source = await read(file)
  const parsed = parseApps(source.value)
  if (parsed.kind === 'invalid') throw source.unusable(parsed.problems)
  return parsed.apps
}

interface Source {
  readonly value: unknown
  readonly unusable: (problems: readonly { readonly path: Path; readonly message: string }[]) => UnusableFile
}

/** YAML, of which JSON is a part. */
async function read(file: string): Promise<Source> {
  const top = (message: string): UnusableFile => UnusableFile.asAWhole(file, message)
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw top(`the file cannot be read: ${error.message}`)
  })
  const source = new YamlSource(text)
  const faults = source.faults().map(({ path, ...fault }) => ({ ...fault, file, key: formatPath(path) }))
  if (faults.length > 0) throw new UnusableFile(faults)
  try {
    return {
      value: source.value(),
      unusable: (problems) =>
        new UnusableFile(
          problems
            .map(({ path, message }) => ({ file, ...source.placeOf(path), key: formatPath(path), message }))
            .sort((a, b) => a.line - b.line || a.column - b.column),
        ),
    }
  } catch (error) {
    throw top(`this is not valid YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}
