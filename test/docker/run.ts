/**
 * The integration tests with broker and registry in containers; docs/own-tests.md tells how. Arguments: test files, instead of all, or
 * `--serve`: no test, but the daemon and the images, until Ctrl-C.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { endOfProcess } from '../../src/cli/end-of-process.ts'
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

/** The exit code. */
async function judged(podman: Podman, files: readonly string[]): Promise<number> {
  const stacks = new Stacks()
  const code = await runTests(podman.env, files, stacks)
  const left = await podman.left()
  report(
    `stacks in containers: ${stacks.inDocker} started, ${stacks.failed} failed; on Java: ${stacks.onJava}; left behind: ${left}`,
  )
  return code === 0 && stacks.inDocker > 0 && stacks.failed === 0 && left === 0 ? 0 : 1
}

// Ctrl-C ends the tests, which are in our process group; what they leave is removed here.
const ended = endOfProcess()
const args = process.argv.slice(2)
const podman = await Podman.start()
try {
  await makeImages(podman, report)
  await podman.serve()
  if (args.includes('--serve')) {
    process.stdout.write(`export ${podman.settings().join(' ')}\n`)
    await ended
  } else {
    process.exitCode = await judged(podman, args.length > 0 ? args : all)
  }
} finally {
  await podman.stop()
}
