/**
 * `npm run bench:idle`: what the whole service takes of a core while nothing comes: three brokers, a source of six partitions, three
 * tiers. The figure is the process's own user and system time, as the kernel counts it, the median of three windows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Cluster } from '../src/stack/cluster.ts'
import { startStack } from '../src/stack/stack.ts'
import { SinkProcess, until } from '../test/support/sink-process.ts'

const { values } = parseArgs({
  options: {
    /** Of one window. */
    seconds: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '15' },
    windows: { type: 'string', default: '3' },
  },
})
const WANTED_PERCENT = 1.5
/** USER_HZ: Linux counts a process's time in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10
const topic = 'idle.orders'

const report = (line: string): void => void process.stderr.write(`${line}\n`)

/** User and system time since the process began, milliseconds. */
function cpuMs(pid: number): number {
  // The name, in brackets, may hold blanks; what follows it is numbers from field 3 on.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function configOf(cluster: Cluster, directory: string): string {
  const file = join(directory, 'idle.yaml')
  const { brokers, registryUrl } = cluster.stack
  writeFileSync(
    file,
    `kafka: { brokers: ${JSON.stringify(brokers)}, groupId: idle-sink, topics: [${topic}], startFrom: earliest }
schemaRegistry: { url: "${registryUrl}" }
http: { host: 127.0.0.1, port: 0 }
tracker: { endpoint: "http://127.0.0.1:9", apps: [{ name: shop, idApp: 666, token: bench-token }] }
`,
  )
  return file
}

async function measure(sink: SinkProcess): Promise<number[]> {
  const joined = () => sink.log.filter(({ msg }) => msg === 'the group was joined').length
  await until('both groups are joined', () => joined() === 2)
  await sleep(Number(values['warm-up']) * 1_000)
  const percents: number[] = []
  for (let window = 1; window <= Number(values.windows); window += 1) {
    const [cpu, at] = [cpuMs(sink.pid), performance.now()]
    await sleep(Number(values.seconds) * 1_000)
    percents.push(((cpuMs(sink.pid) - cpu) / (performance.now() - at)) * 100)
    report(`window ${window}: ${percents.at(-1)?.toFixed(2)} % of a core`)
  }
  return percents
}

const ends: (() => void)[] = []
const directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-idle-'))
const stack = await startStack({ env: process.env, report, nodes: 3 })
const cluster = await Cluster.connect(stack)
try {
  await cluster.createTopic(topic, 6, {}, 3)
  const sink = new SinkProcess({ after: (end) => ends.push(end) }, configOf(cluster, directory))
  const percents = (await measure(sink)).toSorted((a, b) => a - b)
  await sink.end('SIGTERM')
  const median = percents[Math.floor(percents.length / 2)] ?? Number.NaN
  process.stdout.write(
    `idle, ${stack.nodes.length} brokers, 6 partitions, 3 tiers: ${median.toFixed(2)} % of a core (median of ${percents.length} windows of ${values.seconds} s), wanted at most ${WANTED_PERCENT} %\n`,
  )
} finally {
  for (const end of ends) end()
  await cluster.close()
  await stack.stop()
  rmSync(directory, { recursive: true, force: true })
}
