/** Everything that the tracker's documentation shows, against our validation and requests and against the stand-in over HTTP. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { request } from 'undici'
import type { Method } from '../../src/core/hit.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { bodyOf, pathOf, serialiseHit } from '../../src/tracker/request.ts'
import { answerOf } from '../../src/tracker/response.ts'
import type { Params, Validation } from '../../src/tracker/validate.ts'
import { compileValidator } from '../../src/tracker/validate.ts'
import { eventsOf, shownAnswers, shownApp, shownParameters, shownRequests, shownToken, withNumbers } from './documentation.ts'

const simulator = await startSimulator({ journal: 'hits', apps: [{ idApp: String(shownApp), token: shownToken }] })
const client = createTrackerClient({
  endpoint: simulator.url,
  timeoutMs: 10_000,
  connections: 1,
  apps: [{ name: 'shown', idApp: shownApp, token: () => shownToken }],
})
after(async () => {
  await client.destroy()
  await simulator.stop()
})

/** As the documentation's curl sends it, which says it were a form. */
const curl = async (target: string, body: string, token = shownToken): Promise<{ status: number; text: string }> => {
  const headers = { authorization: token, 'content-type': 'application/x-www-form-urlencoded' }
  const response = await request(simulator.url + target, { method: 'POST', headers, body })
  return { status: response.statusCode, text: await response.body.text() }
}

const validate = (method: Method, params: Params, invalidParams: 'drop' | 'reject' = 'reject'): Validation =>
  compileValidator({ method, vkMiniApp: false, invalidParams })(params)

const send = (method: Method, events: readonly Params[]) => {
  const route = { app: 'shown', method }
  return client.send(
    route,
    events.map((event) => serialiseHit(route, event)),
  )
}

/** The least that each method requires. */
const least: Readonly<Record<Method, Params>> = {
  registration: { customUserId: '1' },
  login: { customUserId: '1' },
  customEvent: { customUserId: '1', customEventName: 'levelUp' },
}

const lastHits = (count: number): unknown[] => simulator.journal.hits.slice(-count).map(({ params }) => params)

for (const { where, method, target, body } of shownRequests) {
  test(`${where}: the request passes our validation, is sent as it is shown, and is accepted`, async () => {
    const shown = eventsOf(body)
    const events = shown.map(withNumbers)
    for (const event of events) {
      for (const invalidParams of ['drop', 'reject'] as const) {
        const validation = validate(method, event, invalidParams)
        assert.ok(validation.kind === 'valid' && validation.params === event && validation.dropped.length === 0)
      }
    }
    const hits = events.map((event) => serialiseHit({ app: 'shown', method }, event))
    const isBatch = body.startsWith('[')
    assert.equal(bodyOf(hits), JSON.stringify(isBatch ? events : events[0]))
    assert.equal(pathOf(method, hits.length, shownApp), target)
    assert.deepEqual(await send(method, events), { kind: 'delivered' })
    assert.deepEqual(lastHits(events.length), events)
    assert.equal((await curl(target, body)).status, 200)
    assert.deepEqual(lastHits(events.length), shown)
  })
}

test('the PHP client’s example is the curl example with its numbers spelled as numbers', () => {
  const [curlQuery, phpQuery] = shownRequests.slice(-2).map(({ body }) => eventsOf(body)[0])
  assert.ok(curlQuery !== undefined)
  assert.deepEqual(withNumbers(curlQuery), phpQuery)
})

for (const { where, example, isBroken, customEventOnly } of shownParameters) {
  const shown = JSON.parse(`{${example}}`)
  const [name] = Object.keys(shown)
  const methods: readonly Method[] = customEventOnly ? ['customEvent'] : ['registration', 'login', 'customEvent']
  const verdict = isBroken ? 'breaks its own rule and is refused' : 'is taken in every spelling that is shown'
  test(`${where}: the example of ${name} ${verdict}`, async () => {
    for (const method of methods) {
      const event = { ...least[method], ...withNumbers(shown) }
      const validation = validate(method, event)
      assert.equal(validation.kind, isBroken ? 'reject' : 'valid', method)
      if (validation.kind === 'valid') assert.equal(validation.params, event)
      assert.equal((await send(method, [event])).kind, isBroken ? 'reject' : 'delivered', method)
      const asShown = await curl(pathOf(method, 1, shownApp), JSON.stringify({ ...least[method], ...shown }))
      assert.equal(asShown.status, isBroken ? 400 : 200, method)
    }
  })

  if (customEventOnly) {
    test(`${where}: ${name} belongs to custom events alone`, async () => {
      for (const method of ['registration', 'login'] as const) {
        const event = { ...least[method], ...shown }
        assert.equal(validate(method, event).kind, 'reject')
        assert.deepEqual(validate(method, event, 'drop'), { kind: 'valid', params: least[method], dropped: [name] })
        assert.equal((await send(method, [event])).kind, 'reject')
      }
    })
  }
}

const withoutName = { customUserId: '1111', lvid: '0'.repeat(32) }
const whole = { ...withoutName, customEventName: 'messageReceived' }

/** Sentences of the documentation, and a batch that goes against each in one of its events. */
const brokenBatches: readonly [where: string, method: Method, broken: Params][] = [
  ['registration, Required parameters', 'registration', { lvid: '0'.repeat(32) }],
  ['login, Required parameters', 'login', { lvid: '0'.repeat(32) }],
  ['customEvent, Required parameters', 'customEvent', { customEventName: 'messageReceived' }],
  ['customEvent, required parameter', 'customEvent', withoutName],
  ['customEventName, minimum length 1', 'customEvent', { ...whole, customEventName: '' }],
  ['paramsName, minimum length 1', 'customEvent', { ...whole, customEventParams: { '': 'value1' } }],
  ['idGender, possible values', 'login', { ...withoutName, idGender: 3 }],
  ['lvid, number of symbols 32', 'registration', { ...withoutName, lvid: '0'.repeat(31) }],
]

for (const [where, method, broken] of brokenBatches) {
  test(`${where}: what breaks it is refused by both, and with it the sound event beside it`, async () => {
    const sound = method === 'customEvent' ? whole : withoutName
    assert.equal(validate(method, sound).kind, 'valid')
    assert.equal(validate(method, broken).kind, 'reject')
    assert.equal((await send(method, [broken])).kind, 'reject')
    const kept = simulator.journal.hits.length
    assert.deepEqual(await send(method, [sound, broken]), {
      kind: 'reject',
      reason: 'rejected',
      detail: '400 Bad Request: an event breaks a rule',
    })
    assert.equal(simulator.journal.hits.length, kept)
    assert.deepEqual(await send(method, [sound, sound]), { kind: 'delivered' })
  })
}

/** How each answer of "Status codes" is brought about, and what it is to us. */
const login = '/v1/login/?idApp=666'
const answers: readonly [target: string, body: string, token: string, ours: string][] = [
  [login, '{"customUserId":"1"}', shownToken, 'delivered'],
  [login, '{}', shownToken, 'reject rejected'],
  [login, '{"customUserId":"1"}', 'another', 'halt forbidden'],
  [login, '', shownToken, 'retry corrupted'],
  [login, '{"customUserId":', shownToken, 'retry corrupted'],
  ['/v2/login/?idApp=666', '{"customUserId":"1"}', shownToken, 'halt misconfigured'],
  ['/v1/logout/?idApp=666', '{"customUserId":"1"}', shownToken, 'halt misconfigured'],
  [login, '{"customUserId":"1"}', shownToken, 'retry unavailable'],
]

for (const [place, { status, text, means }] of shownAnswers.entries()) {
  test(`Status codes, ${status} ${text}: the stand-in says so where "${means}", and we read it so`, async () => {
    const [target = '', body = '', token = '', ours] = answers[place] ?? []
    // Nothing that is sent brings a 500 about, so it is asked for.
    if (status === 500)
      await request(`${simulator.url}/_/faults`, {
        method: 'POST',
        body: '{"rules":[{"when":{"requests":{"to":1}},"do":{"status":500}}]}',
      })
    assert.deepEqual(await curl(target, body, token), { status, text })
    const answer = answerOf(status, text, undefined, 0)
    assert.equal('reason' in answer ? `${answer.kind} ${answer.reason}` : answer.kind, ours)
  })
}
