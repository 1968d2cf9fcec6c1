/** `npm run test:unit`: the quick tests, in two processes, since half of their time is waiting. What follows is handed on to Node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

const rooms =
  'core,config,check,telemetry,ops,tls,avro,mapping,mapping-test,docs,tracker,kafka,pipeline,simulator,stack,cli,shop,dead-letters,simulation,chaos'
const files = [`test/{${rooms}}/**/*.test.ts`, 'test/contract/memory*.test.ts']

const half = (shard: number, stdout: 'inherit' | 'pipe') => {
  const args = ['--test', '--test-isolation=none', `--test-shard=${shard}/2`, ...process.argv.slice(2), ...files]
  return spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit'] })
}
const [first, second] = [half(1, 'inherit'), half(2, 'pipe')]
const ends = Promise.all([once(first, 'close'), once(second, 'close')])
// One after the other, not mixed.
const later = await text(second.stdout as Readable)
const codes = (await ends).map(([code]) => code as number | null)
process.stdout.write(later)
if (codes.some((code) => code !== 0)) process.exitCode = 1
