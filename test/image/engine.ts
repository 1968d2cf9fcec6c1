/** Podman with storage of its own, without a daemon: what it makes goes with the test. */
import assert from 'node:assert/strict'
import type { ChildProcessByStdio } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { podmanSettings } from '../support/podman-settings.ts'

const exec = promisify(execFile)
const COMMAND_MS_MAX = 600_000
const TOOLS = ['podman', 'runc', 'hadolint', 'ldd', 'tar', 'mount', 'umount']

/** Waits for the end of its input, which comes even where the test is killed; then what podman still has open may take a while to close. */
const keeper = `cat
podman --root "$1/storage" --runroot "$1/run" rm --all --force --time 0
for try in $(seq 300); do umount --recursive "$1" 2> /dev/null && exec rmdir "$1"; sleep 0.2; done
umount --recursive "$1"`

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class Engine {
  /** For files of the test's own, gone with the storage. */
  readonly folder: string
  readonly #keeper: ChildProcessByStdio<Writable, null, null>

  private constructor(folder: string) {
    this.folder = folder
    writeFileSync(join(folder, 'containers.conf'), podmanSettings)
    const { env } = this.#options()
    this.#keeper = spawn('sh', ['-c', keeper, 'sh', folder], { stdio: ['pipe', 'ignore', 'inherit'], detached: true, env })
  }

  /** Rejects with a sentence where a tool is missing, or the right to mount. */
  static async start(): Promise<Engine> {
    if (process.getuid?.() !== 0) throw new Error('the test of the image must be run by root: see docs/image.md')
    const missing: string[] = []
    for (const tool of TOOLS) await exec(tool, ['--version']).catch(() => missing.push(tool))
    if (missing.length > 0) throw new Error(`the test of the image needs ${missing.join(', ')} on the PATH: see docs/image.md`)
    const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-image-'))
    // In memory, at most half of it: layers are tens of thousands of small files, for which a disk takes minutes.
    await exec('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'mytracker-sink-image', folder])
    return new Engine(folder)
  }

  /** How it ended, whatever the code. */
  async ended(...args: readonly string[]): Promise<Ended> {
    return await exec('podman', [...this.#place(), ...args], this.#options()).then(
      (said) => ({ code: 0, ...said }),
      ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
    )
  }

  /** What it prints. Rejects where it fails. */
  async podman(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ended(...args)
    if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${code}\n${stdout.slice(-2_000)}${stderr.slice(-4_000)}`)
    return stdout.trim()
  }

  /** Makes an image of a folder, which is gone then. */
  async imported(folder: string, image: string, ...changes: readonly string[]): Promise<void> {
    const archive = join(this.folder, 'import.tar')
    await exec('tar', ['-C', folder, '--owner=0', '--group=0', '-cf', archive, '.'])
    rmSync(folder, { recursive: true })
    await this.podman('import', '--quiet', ...changes.flatMap((change) => ['--change', change]), archive, image)
    rmSync(archive)
  }

  async stop(): Promise<void> {
    this.#keeper.stdin.end()
    assert.deepEqual(await once(this.#keeper, 'exit'), [0, null])
  }

  #place(): string[] {
    const [root, runroot] = [join(this.folder, 'storage'), join(this.folder, 'run')]
    mkdirSync(root, { recursive: true })
    return ['--root', root, '--runroot', runroot]
  }

  #options() {
    const env = { ...process.env, CONTAINERS_CONF: join(this.folder, 'containers.conf') }
    return { env, timeout: COMMAND_MS_MAX, maxBuffer: 64 * 1_048_576 }
  }
}
