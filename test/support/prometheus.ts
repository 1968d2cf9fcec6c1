import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { stringify } from 'yaml'
import { tool } from '../chart/tools.ts'

interface Series {
  readonly metric: Readonly<Record<string, string>>
  /** Seconds, and the number as a text. */
  readonly values: readonly (readonly [number, string])[]
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

export interface Rule {
  readonly name: string
  readonly query: string
  readonly health: 'ok' | 'err' | 'unknown'
  readonly lastError?: string
}

/** As /api/v1/parse_query tells a query. */
interface Node {
  readonly type?: string
  readonly matchers?: readonly { readonly name: string; readonly type: string; readonly value: string }[]
}

/** A real one, on a free port and with data of its own. */
export class Prometheus {
  readonly #url: string
  readonly #since = Date.now() / 1_000

  private constructor(url: string) {
    this.#url = url
  }

  /** It has read its rules and begins to scrape. `ruleFiles`: by their names. */
  static async start(
    t: TestContext,
    scrapes: readonly object[],
    ruleFiles: Readonly<Record<string, object>>,
  ): Promise<Prometheus> {
    const program = await tool('prometheus')
    const folder = mkdtempSync(join(tmpdir(), 'mytracker-sink-prometheus-'))
    for (const [name, rules] of Object.entries(ruleFiles)) writeFileSync(join(folder, name), stringify(rules))
    const files = { rule_files: Object.keys(ruleFiles), scrape_configs: scrapes }
    writeFileSync(join(folder, 'prometheus.yaml'), stringify({ global: { evaluation_interval: '1s' }, ...files }))
    const flags = {
      'config.file': join(folder, 'prometheus.yaml'),
      'storage.tsdb.path': join(folder, 'data'),
      'web.listen-address': '127.0.0.1:0',
      'log.format': 'json',
      // Else it looks for targets after five seconds only.
      'scrape.discovery-reload-interval': '100ms',
    }
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const exited = once(child, 'exit')
    t.after(async () => {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    })
    return new Prometheus(`http://${await readyAddress(child)}`)
  }

  /** Every series that the query has had since the start, without what is no number. */
  async history(query: string): Promise<Series[]> {
    const { result } = await this.#ask<{ readonly result: readonly Series[] }>('query_range', {
      ...{ query, start: String(this.#since), end: String(Date.now() / 1_000), step: '1' },
    })
    return result
      .map(({ metric, values }) => ({ metric, values: values.filter(([, value]) => Number.isFinite(Number(value))) }))
      .filter(({ values }) => values.length > 0)
  }

  /** What the query reads, each as a selector without any offset. */
  async selectorsOf(query: string): Promise<string[]> {
    return [...new Set(selectorsIn(await this.#ask<Node>('parse_query', { query })))]
  }

  async hasSeries(selector: string): Promise<boolean> {
    return (await this.#ask<readonly unknown[]>('series', { 'match[]': selector })).length > 0
  }

  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return await this.#ask(`label/${label}/values`, { 'match[]': selector })
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#ask<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>('rules')
    return groups.flatMap(({ rules }) => rules)
  }

  async firing(): Promise<Alert[]> {
    const { alerts } = await this.#ask<{ readonly alerts: readonly Alert[] }>('alerts')
    return alerts.filter(({ state }) => state === 'firing')
  }

  async #ask<Data>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { data, error } = (await response.json()) as { readonly data: Data; readonly error?: string }
    if (error !== undefined) throw new Error(`Prometheus answers ${error} to ${path} ${JSON.stringify(parameters)}`)
    return data
  }
}

async function readyAddress({ stderr }: ChildProcess): Promise<string> {
  const lines: string[] = []
  let address: string | undefined
  let isReady = false
  for await (const line of createInterface({ input: stderr as NodeJS.ReadableStream })) {
    lines.push(line)
    address ??= /"Listening on".*"address":"([^"]+)"/.exec(line)?.[1]
    isReady ||= line.includes('"Server is ready')
    if (isReady && address !== undefined) {
      // It must not wait for somebody to read on.
      stderr?.resume()
      return address
    }
  }
  throw new Error(`Prometheus does not start: ${lines.join('\n')}`)
}

function selectorsIn(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return []
  const { type, matchers = [] } = node as Node
  if (type === 'vectorSelector' || type === 'matrixSelector') {
    return [`{${matchers.map((matcher) => matcher.name + matcher.type + JSON.stringify(matcher.value)).join(',')}}`]
  }
  return Object.values(node).flatMap(selectorsIn)
}
