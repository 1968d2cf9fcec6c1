import { readFileSync } from 'node:fs'

/** What the package says of itself. */
export const about = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
  readonly description: string
}
