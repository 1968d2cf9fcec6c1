// The door `mytracker-sink`; as for bin/tracker.js, whose comment says why it is made so.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const source = new URL('../src/index.ts', import.meta.url)

export const { createClient, createLog, createService, InvalidEventError, loadConfig, TrackerError } = existsSync(source)
  ? require('../src/index.ts')
  : require('../dist/index.js')
