// The door `mytracker-sink/tracker`. In a checkout Node runs the sources as they are; it does not below node_modules, and a package
// holds none, only what was built of them. `require` instead of `await import`, so that CommonJS programs can open it, too.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const source = new URL('../src/tracker/typed-client.ts', import.meta.url)

export const { createClient, InvalidEventError, TrackerError } = existsSync(source)
  ? require('../src/tracker/typed-client.ts')
  : require('../dist/tracker/typed-client.js')
