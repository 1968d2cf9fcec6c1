/** What an image is made of where none can be pulled: this machine's own programs, put into a folder that becomes its root. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a program of the PATH really lies. */
export const pathOf = (tool: string): string => realpathSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim())

/** Where the loader finds what a program is linked to. */
export const librariesOf = (program: string): string[] =>
  execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+(?= \(0x)/g) ?? []

/** Copies a file, not a link to it; `place`: from the root on, its own path unless told otherwise. */
export function copyInto(root: string, file: string, place = file): void {
  mkdirSync(dirname(join(root, place)), { recursive: true })
  cpSync(realpathSync(file), join(root, place))
}
