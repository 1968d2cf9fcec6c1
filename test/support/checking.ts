import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { CliProcess } from './cli-process.ts'
import { serving } from './serving.ts'

export interface Checked {
  readonly name: string
  readonly state: string
  readonly ms: number
  readonly found: string
  readonly cure?: string
}

/** `check --online` of the file. */
export async function checked(t: TestContext, file: string): Promise<{ code: number | null; ok: boolean; checks: Checked[] }> {
  const { code, stdout, stderr } = await new CliProcess(t, ['check', '--config', file, '--online', '--json']).ended()
  assert.equal(stderr, '')
  return { code, ...(JSON.parse(stdout) as { ok: boolean; checks: Checked[] }) }
}

/** What is told of the checks in this state: name, what was found, what to do. */
export const toldOf = (checks: readonly Checked[], state: string) =>
  checks.filter((each) => each.state === state).map(({ name, found, cure }) => [name, found, cure])

/** A tracker that offers `test-app-access`: 200 for the app 1 with its token, 403 for all else. */
export async function tracker(t: TestContext): Promise<string> {
  return await serving(t, async (request, response) => {
    const body = await text(request)
    const isRight = request.method === 'POST' && request.url === '/v1/test-app-access/?idApp=1' && body === 'true'
    response.writeHead(isRight && request.headers.authorization === 't1' ? 200 : 403).end('{}')
  })
}
