import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Agent, request as send } from 'undici'
import type { Clock } from '../../src/core/clock.ts'
import type { FaultRequest } from '../../src/simulator/faults.ts'
import { parseFaultPlan } from '../../src/simulator/plan-format.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { admin, call, one, start } from './calling.ts'

/** A request that gets no answer: resolves to the error's code once the connection is gone. */
async function callInVain({ url }: Simulator): Promise<string> {
  const agent = new Agent()
  const error = await send(`${url}/v1/login/?idApp=666`, {
    method: 'POST',
    headers: { authorization: 's' },
    body: one,
    dispatcher: agent,
  }).then(
    () => assert.fail('there was an answer'),
    (reason: Error & { code?: string }) => reason,
  )
  await agent.destroy()
  return error.code ?? error.message
}

/** A condition with a deadline; each look lets the event loop turn. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'the condition did not come true in 5 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('faults', () => {
  it('the function sees number, method, app and events, and goes before the plan', async (t) => {
    const seen: FaultRequest[] = []
    const fault = (request: FaultRequest): { status: number } | undefined => {
      seen.push(request)
      return request.number === 1 ? { status: 502 } : undefined
    }
    const simulator = await start(t, { fault })
    await admin(simulator, '/_/faults', '{"rules":[{"when":{"requests":{"to":1}},"do":{"status":503}}]}')
    const batch = { path: '/v1/loginBatch/?idApp=7', body: '[{"customUserId":"a"},{}]' }
    const statuses = [await call(simulator, batch), await call(simulator), await call(simulator, { body: 'x' })].map(
      ({ status }) => status,
    )
    assert.deepEqual(statuses, [502, 503, 400])
    assert.deepEqual(seen, [
      { number: 1, method: 'loginBatch', idApp: '7', events: [{ customUserId: 'a' }, {}] },
      { number: 2, method: 'login', idApp: '666', events: [{ customUserId: '1' }] },
      { number: 3, method: 'login', idApp: '666', events: undefined },
    ])
    assert.deepEqual([simulator.journal.hits.length, simulator.journal.counts().answers], [0, { 400: 1, 502: 1, 503: 1 }])
  })

  it('an answer has the given body and headers, or the documented body', async (t) => {
    const answers = [
      { status: 500 },
      { status: 429, headers: { 'retry-after': '2' } },
      { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } },
    ]
    const simulator = await start(t, { fault: ({ number }) => answers[number - 1] })
    assert.deepEqual(JSON.parse((await call(simulator)).text), { error: 'Internal Server Error' })
    assert.equal((await call(simulator)).headers['retry-after'], '2')
    const { text, headers } = await call(simulator)
    assert.deepEqual([text, headers['content-type']], ['<html>', 'text/html'])
  })

  it('a 200 of odd looks still accepts, and still keeps the rules', async (t) => {
    const simulator = await start(t, { fault: () => ({ status: 200, body: '<html>' }) })
    assert.equal((await call(simulator)).text, '<html>')
    assert.equal((await call(simulator, { body: '{}' })).status, 400)
    assert.equal(simulator.journal.hits.length, 1)
  })

  it('an answer that is cut promises more than it brings, and a 200 among them accepts', async (t) => {
    const simulator = await start(t, { fault: ({ number }) => ({ status: number === 1 ? 200 : 502, cut: true }) })
    for (const status of [200, 502]) {
      const headers = { authorization: 's' }
      const answer = await send(`${simulator.url}/v1/login/?idApp=666`, { method: 'POST', headers, body: one })
      assert.equal(answer.statusCode, status)
      assert.equal(answer.headers['content-type'], 'application/json')
      await assert.rejects(answer.body.text())
    }
    assert.equal(simulator.journal.hits.length, 1)
  })

  it('a reset loses the answer, before or after the hits were accepted', async (t) => {
    const simulator = await start(t, { fault: ({ number }) => ({ reset: number === 1 ? 'before' : 'after' }) })
    for (const accepted of [0, 1]) {
      assert.match(await callInVain(simulator), /ECONNRESET|UND_ERR_SOCKET/)
      assert.equal(simulator.journal.hits.length, accepted)
    }
    assert.deepEqual(simulator.journal.counts().answers, { none: 2 })
  })

  it('a hang lasts until the stop, with or without accepting', async () => {
    const simulator = await startSimulator({
      journal: 'hits',
      fault: ({ number }) => (number === 1 ? { hang: true } : { acceptThenHang: true }),
    })
    const first = callInVain(simulator)
    await until(() => simulator.journal.counts().requests === 1)
    const second = callInVain(simulator)
    await until(() => simulator.journal.counts().requests === 2)
    await simulator.stop()
    for (const error of await Promise.all([first, second])) assert.match(error, /ECONNRESET|UND_ERR_SOCKET/)
    assert.deepEqual(
      simulator.journal.hits.map(({ request }) => request),
      [2],
    )
  })
})

describe('time', () => {
  /** Holds every timer until told, so that a delay takes none. */
  function handClock(): Clock & { readonly timers: { run: () => void; delayMs: number }[]; cleared: number } {
    const timers: { run: () => void; delayMs: number }[] = []
    return {
      timers,
      cleared: 0,
      now: () => 0,
      set: (run, delayMs) => timers.push({ run, delayMs }),
      clear() {
        this.cleared++
      },
    }
  }

  it('latency stands between accepting and answering, and a fault’s own delay replaces it', async (t) => {
    const clock = handClock()
    const delays = [undefined, { delayMs: 40 }, { status: 500, delayMs: 50 }, { status: 500 }]
    const simulator = await start(t, { clock, latencyMs: 30, fault: ({ number }) => delays[number - 1] })
    const statuses: number[] = []
    for (let count = 1; count <= delays.length; count++) {
      const answer = call(simulator)
      await until(() => clock.timers.length === count)
      assert.equal(simulator.journal.hits.length, Math.min(count, 2))
      clock.timers.at(-1)?.run()
      statuses.push((await answer).status)
    }
    assert.deepEqual(statuses, [200, 200, 500, 500])
    assert.deepEqual(
      clock.timers.map(({ delayMs }) => delayMs),
      [30, 40, 50, 30],
    )
    assert.equal(clock.cleared, 0)
  })

  it('the seconds of a plan count from the moment that it is set', async (t) => {
    let nowMs = 0
    const clock = { now: () => nowMs, set: () => undefined, clear: () => undefined }
    const parsed = parseFaultPlan({ rules: [{ when: { seconds: { to: 1 } }, do: { status: 503 } }] })
    assert.equal(parsed.kind, 'plan')
    const simulator = await start(t, { clock, plan: parsed.plan })
    const statusAt = async (ms: number): Promise<number> => {
      nowMs = ms
      return (await call(simulator)).status
    }
    assert.deepEqual([await statusAt(999), await statusAt(5_000)], [503, 200])
    await admin(simulator, '/_/faults', 'rules: [{ when: { seconds: { to: 1 } }, do: { status: 500 } }]')
    assert.deepEqual([await statusAt(5_999), await statusAt(6_000)], [500, 200])
  })

  it('a sender that gives up takes its timer with it, and its hits stay accepted', async (t) => {
    const clock = handClock()
    const simulator = await start(t, { clock, latencyMs: 30 })
    const controller = new AbortController()
    const headers = { authorization: 's' }
    const answer = send(`${simulator.url}/v1/login/?idApp=666`, { method: 'POST', headers, body: one, signal: controller.signal })
    await until(() => clock.timers.length === 1)
    controller.abort()
    await assert.rejects(answer)
    await until(() => clock.cleared === 1)
    assert.equal(simulator.journal.hits.length, 1)
  })
})
