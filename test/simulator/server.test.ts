import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { request as send } from 'undici'
import { startSimulator } from '../../src/simulator/server.ts'
import type { Call } from './calling.ts'
import { admin, call, one, start } from './calling.ts'

describe('documented answers', () => {
  it('200 to a valid request of every method', async (t) => {
    const simulator = await start(t)
    const bodies = {
      registration: one,
      registrationBatch: `[${one}]`,
      login: one,
      loginBatch: `[${one}]`,
      customEvent: '{"lvid":"00000000000000000000000000000000","customEventName":"n"}',
      customEventBatch: '[{"customUserId":"1","customEventName":"n"}]',
    }
    for (const [method, body] of Object.entries(bodies)) {
      assert.equal((await call(simulator, { path: `/v1/${method}/?idApp=666`, body })).status, 200, method)
    }
    assert.deepEqual(
      simulator.journal.hits.map(({ method }) => method),
      Object.keys(bodies),
    )
  })

  it('the errors, by what is wrong', async (t) => {
    const simulator = await start(t, { apps: [{ idApp: '666', token: 'secret' }] })
    const cases: [Call, number, string][] = [
      [{ body: '{"customUserId":""}' }, 400, 'Bad Request'],
      [{ body: '"text"' }, 400, 'Bad Request'],
      [{ body: `[${one}]` }, 400, 'Bad Request'],
      [{ body: '' }, 400, 'Empty post data'],
      [{ verb: 'GET' }, 400, 'Empty post data'],
      [{ verb: 'PUT' }, 400, 'Empty post data'],
      [{ body: '{"customUserId":"1"' }, 400, 'Bad json'],
      [{ body: ' ' }, 400, 'Bad json'],
      [{ body: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'Bad json'],
      [{ path: '/v2/login/?idApp=666' }, 400, 'Bad api version'],
      [{ path: '/login/?idApp=666' }, 400, 'Bad api version'],
      [{ path: '/' }, 400, 'Bad api version'],
      [{ path: '/v1/logout/?idApp=666' }, 404, 'Method not found'],
      [{ path: '/v1/login?idApp=666' }, 404, 'Method not found'],
      [{ path: '/v1/login/more/?idApp=666' }, 404, 'Method not found'],
      [{ path: '/v1/' }, 404, 'Method not found'],
      [{ path: '/v1/login/?idApp=667' }, 403, 'Forbidden'],
      [{ path: '/v1/login/' }, 403, 'Forbidden'],
      [{ token: 'other' }, 403, 'Forbidden'],
      [{ token: 'Bearer secret' }, 403, 'Forbidden'],
      [{ token: '' }, 403, 'Forbidden'],
    ]
    for (const [wrong, status, error] of cases) {
      const answer = await call(simulator, wrong)
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [status, { error }], JSON.stringify(wrong))
    }
    const { requests, events, answers, refusals } = simulator.journal.counts()
    assert.deepEqual([requests, events, answers], [cases.length, 0, { 400: 12, 404: 4, 403: 5 }])
    assert.equal(refusals[0]?.why, 'customUserId is required')
  })

  it('its version to anybody, and whether a token fits an app, without an event in the journal', async (t) => {
    const simulator = await start(t, { apps: [{ idApp: '666', token: 'secret' }] })
    for (const verb of ['GET', 'POST'] as const) {
      const { status, text } = await call(simulator, { path: '/v1/version/', verb, token: '', body: '' })
      assert.deepEqual([status, typeof JSON.parse(text).version], [200, 'string'])
    }
    const access = { path: '/v1/test-app-access/?idApp=666', body: 'true' }
    const cases: [Call, number, string?][] = [
      [access, 200],
      [{ ...access, token: 'other' }, 403, 'Forbidden'],
      [{ ...access, path: '/v1/test-app-access/?idApp=667' }, 403, 'Forbidden'],
      [{ ...access, verb: 'GET' }, 400, 'Empty post data'],
      [{ ...access, body: 'tru' }, 400, 'Bad json'],
      [{ ...access, body: one }, 400, 'Bad Request'],
      [{ path: '/v2/version/' }, 400, 'Bad api version'],
    ]
    for (const [sent, status, error] of cases) {
      const answer = await call(simulator, sent)
      assert.deepEqual([answer.status, JSON.parse(answer.text).error], [status, error], JSON.stringify(sent))
    }
    const { requests, acceptedRequests, answers } = simulator.journal.counts()
    assert.deepEqual([requests, acceptedRequests, answers], [9, 0, { 200: 3, 400: 4, 403: 2 }])
  })

  it('any app with any token, where no apps are given, but never without one', async (t) => {
    const simulator = await start(t)
    assert.equal((await call(simulator, { path: '/v1/login/?idApp=1', token: 'x' })).status, 200)
    assert.equal((await call(simulator, { token: '' })).status, 403)
    assert.equal((await call(simulator, { path: '/v1/login/?idApp=' })).status, 403)
  })

  it('Bad Request to a body over 10 KiB, however large', async (t) => {
    const simulator = await start(t)
    const padded = (bytes: number): string => one.padEnd(bytes, ' ')
    assert.equal((await call(simulator, { body: padded(10_240) })).status, 200)
    for (const bytes of [10_241, 1_048_576, 1_048_577]) {
      const { status, text } = await call(simulator, { body: padded(bytes) })
      assert.deepEqual([status, JSON.parse(text)], [400, { error: 'Bad Request' }])
    }
    assert.equal(simulator.journal.hits[0]?.bodyBytes, 10_240)
  })

  it('the rules of a VK mini app only to that app', async (t) => {
    const apps = [
      { idApp: '1', token: 'a' },
      { idApp: '2', token: 'b', vkMiniApp: true },
    ]
    const simulator = await start(t, { apps })
    assert.equal((await call(simulator, { path: '/v1/login/?idApp=1', token: 'a' })).status, 200)
    assert.equal((await call(simulator, { path: '/v1/login/?idApp=2', token: 'b' })).status, 400)
  })

  it('takes a form’s content type, as the documentation’s own example sends it', async (t) => {
    const { url } = await start(t)
    for (const type of ['application/x-www-form-urlencoded', 'application/json; charset=utf-8', 'text/plain']) {
      const headers = { authorization: 's', 'content-type': type }
      const response = await send(`${url}/v1/login/?idApp=666`, { method: 'POST', headers, body: one })
      await response.body.dump()
      assert.equal(response.statusCode, 200, type)
    }
  })
})

describe('the journal', () => {
  it('holds each accepted hit with its request, and nothing of refused ones', async (t) => {
    const simulator = await start(t, { clock: { now: () => 1234, set: () => undefined, clear: () => undefined } })
    await call(simulator, { body: '{}' })
    const body = '[{"customUserId":"a"},{"customUserId":"b","age":"7"}]'
    await call(simulator, { path: '/v1/loginBatch/?idApp=7', body })
    const shared = { request: 2, batchSize: 2, bodyBytes: body.length, method: 'loginBatch', idApp: '7', at: 1234 }
    const hits = [
      { ...shared, params: { customUserId: 'a' } },
      { ...shared, params: { customUserId: 'b', age: '7' } },
    ]
    assert.deepEqual(simulator.journal.hits, hits)
    assert.deepEqual((await admin(simulator, '/_/journal')).json, { since: 0, next: 2, hitsNotKept: 0, hits })
    assert.deepEqual((await admin(simulator, '/_/journal?since=1')).json, {
      since: 1,
      next: 2,
      hitsNotKept: 0,
      hits: hits.slice(1),
    })
    assert.deepEqual((await admin(simulator, '/_/journal?since=9')).json, { since: 9, next: 9, hitsNotKept: 0, hits: [] })
    assert.equal((await admin(simulator, '/_/journal?since=x')).status, 400)
  })

  it('shows what was accepted more than once, by all parameters or by one', async (t) => {
    const simulator = await start(t, { hitsMax: 4 })
    const batch = '[{"customUserId":"a","age":7},{"customUserId":"b"}]'
    await call(simulator, { path: '/v1/loginBatch/?idApp=666', body: batch })
    await call(simulator, { body: '{"age":7,"customUserId":"a"}' })
    await call(simulator, { body: '{"customUserId":"a"}' })
    await call(simulator)
    const a = { idApp: '666', method: 'loginBatch', params: { customUserId: 'a', age: 7 } }
    const shared = { repeatedNotListed: 0, hitsNotKept: 1 }
    assert.deepEqual((await admin(simulator, '/_/duplicates')).json, {
      ...{ hits: 4, distinct: 3, again: 1, repeated: [{ times: 2, requests: [1, 2], ...a }] },
      ...shared,
    })
    assert.deepEqual((await admin(simulator, '/_/duplicates?by=customUserId')).json, {
      ...{ hits: 4, distinct: 2, again: 2, repeated: [{ times: 3, requests: [1, 2, 3], ...a }] },
      ...shared,
    })
    assert.equal((await admin(simulator, '/_/duplicates?by=user')).status, 400)
  })

  it('is written out whole when it is long', async (t) => {
    const simulator = await start(t)
    const batch = `[${Array.from({ length: 20 }, () => one).join(',')}]`
    await Promise.all(Array.from({ length: 101 }, () => call(simulator, { path: '/v1/loginBatch/?idApp=666', body: batch })))
    const { json } = await admin(simulator, '/_/journal?since=10')
    const { next, hits } = json as { next: number; hits: unknown[] }
    assert.deepEqual([next, hits.length], [2020, 2010])
  })

  it('counts alone in count mode, with the same rules', async (t) => {
    const simulator = await start(t, { journal: 'count' })
    await call(simulator)
    await call(simulator, { body: '{}' })
    const { json } = await admin(simulator, '/_/counts')
    assert.deepEqual(json, simulator.journal.counts())
    const { events, answers, firstAcceptedAt } = simulator.journal.counts()
    assert.deepEqual([events, answers], [1, { 200: 1, 400: 1 }])
    assert.ok(firstAcceptedAt !== null && Math.abs(Date.now() - firstAcceptedAt) < 60_000)
    assert.deepEqual(simulator.journal.hits, [])
    assert.equal((await admin(simulator, '/_/duplicates')).status, 409)
  })
})

describe('admin paths', () => {
  it('reset forgets hits, counts and planned faults', async (t) => {
    const simulator = await start(t)
    await call(simulator)
    assert.equal((await admin(simulator, '/_/faults', 'rules: [{ do: { status: 500 } }]')).status, 200)
    assert.equal((await call(simulator)).status, 500)
    assert.equal((await admin(simulator, '/_/reset', '')).status, 200)
    assert.deepEqual([simulator.journal.counts().requests, simulator.journal.hits.length], [0, 0])
    assert.equal((await call(simulator)).status, 200)
  })

  it('a plan with a mistake is refused and changes nothing', async (t) => {
    const simulator = await start(t)
    await admin(simulator, '/_/faults', '{"rules":[{"do":{"status":503}}]}')
    for (const [wrong, error] of [
      ['{"rules":[{"do":{"stauts":500}},{}]}', /^rules\[0\]\.do\.stauts: is not .*; rules\[1\]\.do: is missing/],
      ['{', /YAML or JSON/],
      ['', /seed, rules/],
    ] as const) {
      const { status, json } = await admin(simulator, '/_/faults', wrong)
      assert.equal(status, 400)
      assert.match((json as { error: string }).error, error)
    }
    assert.deepEqual((await admin(simulator, '/_/faults')).json, { rules: [{ chosen: 0, met: 0 }] })
    assert.equal((await call(simulator)).status, 503)
    await admin(simulator, '/_/faults', '{"rules":[]}')
    assert.equal((await call(simulator)).status, 200)
  })

  it('an unknown one names those that exist, and none of them counts as a request', async (t) => {
    const simulator = await start(t)
    const { status, json } = await admin(simulator, '/_/nothing')
    assert.equal(status, 404)
    assert.match((json as { error: string }).error, /\/_\/counts/)
    assert.equal(simulator.journal.counts().requests, 0)
  })
})

it('a stop closes idle connections too', async () => {
  const simulator = await startSimulator({ journal: 'hits' })
  const socket = connect(simulator.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`POST /v1/login/?idApp=1 HTTP/1.1\r\nHost: x\r\nAuthorization: s\r\nContent-Length: ${one.length}\r\n\r\n${one}`)
  await once(socket, 'data')
  const closed = once(socket, 'close')
  await simulator.stop()
  await closed
})
