/** `npm run test:unit`: the quick tests, in two processes, since half of their time is waiting. What follows is handed on to Node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const rooms =
  'core,config,check,telemetry,ops,avro,mapping,mapping-test,docs,tracker,kafka,pipeline,simulator,stack,cli,shop,dead-letters,simulation,chaos'
const files = [`test/{${rooms}}/**/*.test.ts`, 'test/contract/memory*.test.ts']

const ends = [1, 2].map(async (shard) => {
  const args = ['--test', '--test-isolation=none', `--test-shard=${shard}/2`, ...process.argv.slice(2), ...files]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  // One after the other, not mixed.
  process.stdout.write(output)
  return code as number | null
})
const codes = await Promise.all(ends)
if (codes.some((code) => code !== 0)) process.exitCode = 1
