/** The integration tests with broker and registry in containers; docs/testing.md tells how. Arguments: test files, instead of all. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { brokerImage } from '../../src/stack/docker.ts'
import { makeImages } from './images.ts'
import { Podman } from './podman.ts'

const all = ['test/integration/**/*.test.ts', 'test/contract/kafka.test.ts']
const report = (line: string): void => void process.stderr.write(`${line}\n`)

/** What the stacks of the tests say of themselves. */
class Stacks {
  inDocker = 0
  onJava = 0
  failed = 0

  hear(line: string): void {
    if (line.includes(`starting ${brokerImage}`)) this.inDocker++
    else if (/starting Apache Kafka .* on Java/.test(line)) this.onJava++
    else if (line.includes('Docker could not start the stack')) this.failed++
  }
}

async function runTests(env: NodeJS.ProcessEnv, files: readonly string[], stacks: Stacks): Promise<number> {
  const { MYTRACKER_SINK_BROKERS: _, MYTRACKER_SINK_REGISTRY_URL: __, ...rest } = env
  const args = ['--test', '--test-concurrency=1', ...files]
  const tests = spawn(process.execPath, args, { env: rest, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const [stream, out] of [
    [tests.stdout, process.stdout],
    [tests.stderr, process.stderr],
  ] as [Readable, NodeJS.WriteStream][]) {
    createInterface({ input: stream }).on('line', (line) => {
      stacks.hear(line)
      out.write(`${line}\n`)
    })
  }
  const [code] = (await once(tests, 'close')) as [number | null]
  return code ?? 1
}

// Ctrl-C ends the tests, which are in our process group; what they leave is removed here.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
const podman = await Podman.start()
try {
  await makeImages(podman, report)
  await podman.serve()
  const stacks = new Stacks()
  const files = process.argv.slice(2)
  const code = await runTests(podman.env, files.length > 0 ? files : all, stacks)
  const left = await podman.left()
  report(
    `stacks in containers: ${stacks.inDocker} started, ${stacks.failed} failed; on Java: ${stacks.onJava}; left behind: ${left}`,
  )
  process.exitCode = code === 0 && stacks.inDocker > 0 && stacks.failed === 0 && left === 0 ? 0 : 1
} finally {
  await podman.stop()
}
