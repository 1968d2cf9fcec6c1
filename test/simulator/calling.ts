import type { TestContext } from 'node:test'
import { request as send } from 'undici'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'

export const one = '{"customUserId":"1"}'

export async function start(t: TestContext, options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({ journal: 'hits', ...options })
  t.after(() => simulator.stop())
  return simulator
}

export interface Call {
  readonly path?: string
  readonly verb?: 'GET' | 'POST' | 'PUT'
  readonly token?: string
  readonly body?: string | Buffer
}

export async function call(
  { url }: Simulator,
  { path = '/v1/login/?idApp=666', verb = 'POST', token = 'secret', body = one }: Call = {},
) {
  const response = await send(url + path, { method: verb, headers: { authorization: token }, body: verb === 'GET' ? null : body })
  return { status: response.statusCode, text: await response.body.text(), headers: response.headers }
}

export async function admin({ url }: Simulator, path: string, body?: string): Promise<{ status: number; json: unknown }> {
  const response = await send(url + path, body === undefined ? {} : { method: 'POST', body })
  return { status: response.statusCode, json: await response.body.json() }
}
