/** Podman with storage, network and service of its own: whoever is given `env` finds what looks like a Docker daemon. */
import type { ChildProcessByStdio } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { dockerAnswers } from '../../src/stack/docker.ts'
import { podmanSettings } from '../support/podman-settings.ts'
import { until } from '../support/sink-process.ts'

const exec = promisify(execFile)
const COMMAND_MS_MAX = 600_000
const TOOLS = { podman: '--version', runc: '--version', ldd: '--version', tar: '--version', jlink: '--version' }

const configuration = (folder: string, network: string): string => `${podmanSettings}[network]
network_config_dir = "${folder}"
default_network = "${network}"
`

/** Podman's own default is the same bridge under the same name for each Podman of a machine: the end of one would take the others' ways. */
function network() {
  const id = randomBytes(32).toString('hex')
  const subnet = `10.137.${randomInt(256)}`
  return {
    ...{ id, name: `mts-${id.slice(0, 8)}`, driver: 'bridge', network_interface: `mts-${id.slice(0, 8)}` },
    subnets: [{ subnet: `${subnet}.0/24`, gateway: `${subnet}.1` }],
    ipam_options: { driver: 'host-local' },
  }
}

/** The service, until the end of the input, which comes even where the test is killed. */
const keeper = `podman system service --time=0 "$DOCKER_HOST" &
cat
podman rm --all --force --time 0
kill $!
podman rmi --all --force
rm -rf "$1"`

export class Podman {
  /** For files of the test's own, gone with the storage. */
  readonly folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-docker-'))
  readonly env: NodeJS.ProcessEnv
  readonly #keeper: ChildProcessByStdio<Writable, null, null>

  private constructor() {
    const file = (name: string, content: string): string => {
      writeFileSync(join(this.folder, name), content)
      return join(this.folder, name)
    }
    const own = network()
    mkdirSync(join(this.folder, 'networks'))
    file(`networks/${own.name}.json`, JSON.stringify(own))
    const [graphroot, runroot] = [join(this.folder, 'storage'), join(this.folder, 'run')]
    this.env = {
      ...process.env,
      CONTAINERS_CONF: file('containers.conf', configuration(join(this.folder, 'networks'), own.name)),
      CONTAINERS_STORAGE_CONF: file(
        'storage.conf',
        `[storage]\ndriver = "overlay"\ngraphroot = "${graphroot}"\nrunroot = "${runroot}"\n`,
      ),
      DOCKER_HOST: `unix://${join(this.folder, 'docker.sock')}`,
      // Its image cannot be made here. It removes what a killed process leaves behind; here the end does.
      TESTCONTAINERS_RYUK_DISABLED: 'true',
    }
    // In a group of its own: Ctrl-C is for the tests, which need the service to clean up.
    this.#keeper = spawn('sh', ['-c', keeper, 'sh', this.folder], {
      env: this.env,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
  }

  /** Rejects with a sentence where a tool is missing. */
  static async start(): Promise<Podman> {
    if (process.getuid?.() !== 0) throw new Error('the tests in containers must be run by root: see docs/own-tests.md')
    const missing: string[] = []
    for (const [tool, flag] of Object.entries(TOOLS)) await exec(tool, [flag]).catch(() => missing.push(tool))
    if (missing.length > 0)
      throw new Error(`the tests in containers need ${missing.join(', ')} on the PATH: see docs/own-tests.md`)
    return new Podman()
  }

  /** What it prints. Rejects where it fails. */
  async run(...args: readonly string[]): Promise<string> {
    const options = { env: this.env, timeout: COMMAND_MS_MAX, maxBuffer: 64 * 1_048_576 }
    return (await exec('podman', [...args], options)).stdout.trim()
  }

  async serve(): Promise<void> {
    await until('podman answers as Docker', async () => await dockerAnswers(this.env))
  }

  /** What a shell needs for its `podman` and `docker` to be these. */
  settings(): string[] {
    return Object.entries(this.env)
      .filter(([name, value]) => value !== process.env[name])
      .map(([name, value]) => `${name}=${value}`)
  }

  /** Containers and volumes that nobody has removed. */
  async left(): Promise<number> {
    const listed = [await this.run('ps', '--all', '--quiet'), await this.run('volume', 'ls', '--quiet')]
    return listed.flatMap((names) => names.split('\n').filter((name) => name !== '')).length
  }

  async stop(): Promise<void> {
    this.#keeper.stdin.end()
    await once(this.#keeper, 'exit')
  }
}
