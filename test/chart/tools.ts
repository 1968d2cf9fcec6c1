/** The chart's tools, built once from their Go modules and kept beside the other things that tests fetch. */
import { execFile, spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder, exists, settleFolder, sweepAbandoned, unfinishedFolder } from '../../src/stack/cache.ts'

const run = promisify(execFile)

interface Tool {
  readonly module: string
  readonly version: string
  /** Of the program, inside of the module. */
  readonly path: string
  readonly tags?: string
  /** A line of its go.mod, which counts for the main module only: that module is then one of ours. */
  readonly replace?: string
}

/** Without the discovery of a dozen clouds, and without the pages, for which another tag is needed. */
const prometheus = { module: 'github.com/prometheus/prometheus', version: 'v0.316.0', tags: 'remove_all_sd' } as const

const tools = {
  helm: { module: 'helm.sh/helm/v4', version: 'v4.3.1', path: 'cmd/helm' },
  kubeconform: { module: 'github.com/yannh/kubeconform', version: 'v0.8.0', path: 'cmd/kubeconform' },
  'helm-unittest': {
    module: 'github.com/helm-unittest/helm-unittest',
    version: 'v1.1.2',
    path: 'cmd/helm-unittest',
    replace: 'github.com/vmware-labs/yaml-jsonpath v0.3.2 => github.com/helm-unittest/yaml-jsonpath v0.4.0',
  },
  'kube-score': { module: 'github.com/zegl/kube-score', version: 'v1.20.0', path: 'cmd/kube-score' },
  promtool: { ...prometheus, path: 'cmd/promtool' },
  prometheus: { ...prometheus, path: 'cmd/prometheus' },
} as const satisfies Record<string, Tool>

export type ToolName = keyof typeof tools

/** Why the tests of the chart are skipped; undefined: they are not. A machine for tests (CI) must have Go. */
export const skipped: string | undefined =
  process.env.CI === undefined && spawnSync('go', ['version']).status !== 0
    ? 'the tools are built with Go, which is not here'
    : undefined

const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false', CGO_ENABLED: '0' }

/** The folder of a module's files. */
export async function moduleFolder(module: string, version: string): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@${version}`], { env, maxBuffer: 1e8 })
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir
}

/** Where things of the chart's tests are kept under a name that changes with their versions; `make` fills the folder that is not there yet. */
export async function kept(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const cache = join(cacheFolder(process.env), 'chart')
  const place = join(cache, name)
  if (await exists(place)) return place
  await sweepAbandoned(cache, Date.now())
  const folder = await unfinishedFolder(cache, name)
  try {
    process.stderr.write(`making ${name} for the tests of the chart (once)\n`)
    await make(folder)
    await settleFolder(folder, place)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return place
}

interface OwnModule {
  /** Each with its version. */
  readonly requires: readonly string[]
  readonly replaces: readonly string[]
  /** What is built: the program's name, and its package. */
  readonly programs: Readonly<Record<string, string>>
  readonly flags: readonly string[]
}

/** Builds programs in a module of ours, which may replace what they need. */
export async function build(folder: string, { requires, replaces, programs, flags }: OwnModule): Promise<void> {
  const lines = ['module tools', 'go 1.26', ...Object.values(programs).map((path) => `tool ${path}`)]
  lines.push(...requires.map((line) => `require ${line}`), ...replaces.map((line) => `replace ${line}`))
  await writeFile(join(folder, 'go.mod'), lines.join('\n'))
  const inside = { env, cwd: folder, maxBuffer: 1e8 }
  await run('go', ['mod', 'tidy'], inside)
  for (const [name, path] of Object.entries(programs)) await run('go', ['build', ...flags, '-o', name, path], inside)
}

/** The path of the program. */
export async function tool(name: ToolName): Promise<string> {
  const found: Tool = tools[name]
  const folder = await kept(`${name}-${found.version}`, async (made) => {
    const { module, version, path, tags = '', replace } = found
    const flags = ['-trimpath', '-ldflags', '-s -w', '-tags', tags]
    if (replace === undefined) {
      await run('go', ['install', ...flags, `${module}/${path}@${version}`], { env: { ...env, GOBIN: made } })
      return
    }
    const programs = { [name]: `${module}/${path}` }
    await build(made, { requires: [`${module} ${version}`], replaces: [replace], programs, flags })
  })
  return join(folder, name)
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  /** What it wrote, to both outputs. */
  readonly text: string
}

/** Runs a tool to its end, whatever that is. */
export const answerOf = async (name: ToolName, args: readonly string[], input = ''): Promise<Answer> =>
  await answered(await tool(name), args, input)

/** Runs a program to its end, whatever that is. */
export async function answered(path: string, args: readonly string[], input = ''): Promise<Answer> {
  return await new Promise((settle) => {
    const child = execFile(path, args, { maxBuffer: 1e8 }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code ?? 1), stdout, text: stdout + stderr })
    })
    // One that ends without reading it says why by its code.
    child.stdin?.on('error', () => undefined).end(input)
  })
}

/** All of them before the tests, whose files run at the same time and would each begin to build. */
if (import.meta.main && skipped === undefined) {
  for (const name of Object.keys(tools)) await tool(name as ToolName)
}
