import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { after } from 'node:test'
import type { Manifest } from '../chart/rendering.ts'
import type { Answer } from '../chart/tools.ts'
import { answerOf } from '../chart/tools.ts'
import { until } from '../support/sink-process.ts'
import { ControlPlane } from './control-plane.ts'

/** One for all files of tests: they run in one process. */
export const cluster = await ControlPlane.start()
after(() => cluster.stop())

let made = 0

/** A namespace of one test, which enforces Pod Security's `restricted`. */
export class Namespace {
  readonly name: string

  static async made(t: TestContext): Promise<Namespace> {
    made += 1
    const namespace = new Namespace(`events-${made}`)
    const levels = ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
    const metadata = { name: namespace.name, labels: Object.fromEntries(levels) }
    await cluster.kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }))
    t.after(() => cluster.kubectl(['delete', 'namespace', namespace.name, '--wait=false']))
    // What a controller puts into each.
    await until('a namespace has its account', async () => (await namespace.objects()).length === 2)
    return namespace
  }

  private constructor(name: string) {
    this.name = name
  }

  /** How helm ended. Values come on top of those of the arguments. */
  async helm(args: readonly string[], values: object = {}): Promise<Answer> {
    const place = ['--kubeconfig', cluster.kubeconfig, '--namespace', this.name]
    const given = ['install', 'upgrade', 'template'].includes(args[0] ?? '') ? ['--values', '-'] : []
    return await answerOf('helm', [...args, ...place, ...given], JSON.stringify(values))
  }

  /** What helm prints. It must come to a good end without a warning: the API server's go through to its standard error, beside its client's chatter. */
  async quietly(args: readonly string[], values: object = {}): Promise<string> {
    const { code, stdout, text } = await this.helm(args, values)
    if (code !== 0) assert.fail(`helm ${args.join(' ')}: ${text}\n${await this.kubectl(['events', '--types=Warning'])}`)
    assert.doesNotMatch(text, /Warning:|level=WARN/)
    return stdout
  }

  async kubectl(args: readonly string[], input = ''): Promise<string> {
    return await cluster.kubectl(['--namespace', this.name, ...args], input)
  }

  async all(kind: string): Promise<Manifest[]> {
    return (JSON.parse(await this.kubectl(['get', kind, '--output=json'])) as { readonly items: Manifest[] }).items
  }

  /** Of which there is one. */
  async the(kind: string): Promise<Manifest> {
    const [found, ...others] = await this.all(kind)
    assert.ok(found, `nothing of kind ${kind}`)
    assert.deepEqual(others, [])
    return found
  }

  /** The names of everything that it holds, of any kind there is, but for what happened. */
  async objects(): Promise<string[]> {
    const listed = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name'])
    const kinds = listed.split('\n').filter((kind) => kind !== '' && !kind.startsWith('events'))
    return lines(await this.kubectl(['get', kinds.join(','), '--output=name']))
  }

  /** Resolves when nothing else is left: what belongs to something is removed behind it. */
  async holdsOnly(expected: readonly string[]): Promise<void> {
    const left = async () => (await this.objects()).filter((name) => !expected.includes(name))
    await until(`nothing is left in ${this.name}`, async () => (await left()).length === 0).catch(async (error: Error) =>
      assert.fail(`${error.message}, but ${await left()}`),
    )
  }
}

export const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
