import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Finding } from './problem.ts'
import type { WrittenDraft } from './rules.ts'

const extension = /\.(ts|mts|js|mjs)$/

/** Modules of mappings that are not there, or could not be loaded by their name. What they export is seen when they are loaded. */
export function moduleFindings({ mappings }: WrittenDraft, directory: string): Finding[] {
  return (mappings ?? []).flatMap((mapping, place) => {
    const file = mapping?.module
    if (file === undefined) return []
    const path = ['mappings', place, 'module']
    if (!extension.test(file))
      return [{ path, message: `${file} is no module by its name; write one that ends in .ts, .mts, .js or .mjs` }]
    const fault = whyNoFile(resolve(directory, file))
    return fault === undefined ? [] : [{ path, message: `cannot be read: ${fault}` }]
  })
}

function whyNoFile(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? undefined : `${file} is no file`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
