import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { Secret } from '../../src/config/secrets.ts'
import { trackerApps } from '../../src/connection.ts'
import type { Route } from '../../src/core/hit.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { serialiseHit } from '../../src/tracker/request.ts'
import { oddServer } from './odd-server.ts'

const route: Route = { app: 'shop', method: 'login' }
const hits = [serialiseHit(route, { customUserId: 'u' })]

/** A secret's folder as Kubernetes swaps it: the file is a link, and what it leads through is replaced at once. */
const secretFolder = (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'token-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  let version = 0
  const swap = (token: string): void => {
    version++
    writeFileSync(join(folder, `token-${version}`), token)
    symlinkSync(`token-${version}`, join(folder, 'new'))
    renameSync(join(folder, 'new'), join(folder, 'token'))
  }
  return { path: join(folder, 'token'), swap }
}

for (const status of [401, 403]) {
  test(`after a ${status} the next request uses the token that the file holds by then, however short ago it was read`, async (context) => {
    const server = await oddServer(context, ({ headers }, response) => {
      response.writeHead(headers.authorization === 'new' ? 200 : status).end()
    })
    const { path, swap } = secretFolder(context)
    swap('old')
    // The clock stands still: without a refusal the file would never be looked at again.
    const token = Secret.fromFile(path, () => 1_000_000)
    const apps = trackerApps([{ name: 'shop', idApp: 666, token, vkMiniApp: false }])
    const client = createTrackerClient({ endpoint: server.endpoint, timeoutMs: 5_000, connections: 1, apps })
    context.after(() => client.destroy())
    swap('new')
    const refused = await client.send(route, hits)
    assert.ok(refused.kind === 'halt' && refused.reason === 'forbidden')
    assert.equal((await client.send(route, hits)).kind, 'delivered')
    swap('newer')
    assert.equal((await client.send(route, hits)).kind, 'delivered')
    assert.deepEqual(
      server.received.map(({ headers }) => headers.authorization),
      ['old', 'new', 'new'],
    )
  })
}

test('no other answer makes the token be looked at again', async (context) => {
  const statuses = [200, 302, 400, 404, 429, 500]
  const server = await oddServer(context, (_, response, nth) => response.writeHead(statuses[nth - 1] ?? 200).end())
  let refusals = 0
  const apps = [{ name: 'shop', idApp: 666, token: () => 't', tokenRefused: () => void refusals++ }]
  const client = createTrackerClient({ endpoint: server.endpoint, timeoutMs: 5_000, connections: 1, apps })
  context.after(() => client.destroy())
  for (const _ of statuses) await client.send(route, hits)
  assert.equal(refusals, 0)
})
