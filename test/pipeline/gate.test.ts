import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import type { Door, Pass } from '../../src/pipeline/gate.ts'
import { Gate } from '../../src/pipeline/gate.ts'
import { Bench, delivered, forbidden, freePasses, probes, refused, unavailable } from '../support/pipeline-fakes.ts'

const elsewhere: Answer = { kind: 'halt', reason: 'misconfigured', detail: 'status 404' }
const nobody = (): void => undefined

function passOf(door: Door, app = 'shop'): Pass {
  const pass = door.enter(app, nobody)
  assert.ok(pass !== undefined && pass !== 'blocked', `a request of ${app} may not go: ${pass}`)
  return pass
}

/** A request of the app, and what its answer counts as. */
function ask(door: Door, answer: Answer, { app = 'shop', refusedAt }: { app?: string; refusedAt?: number } = {}) {
  const pass = passOf(door, app)
  const judgement = door.judge(pass, answer, refusedAt)
  door.leave(pass)
  return judgement
}

test('so many failures in a row hold everything back; a success between them counts, a refusal does not', () => {
  const { door, gate, probe } = new Bench({}, { failures: 3 })
  for (const answer of [unavailable, unavailable, delivered, unavailable, refused]) ask(door, answer)
  assert.equal(ask(door, unavailable), 'counts')
  assert.equal(gate.view().breaker.state, 'closed')
  assert.equal(ask(door, unavailable), 'waits', 'the one that opens it waits, too')
  assert.equal(gate.view().breaker.state, 'open')
  assert.deepEqual([freePasses(door), probe.heard], [0, ['held down']])
})

test('what fails while the tracker is down counts as nothing, but for the probe', async () => {
  const { door, gate, clock } = new Bench({}, { failures: 2 })
  const late = passOf(door)
  for (let each = 0; each < 2; each += 1) ask(door, unavailable)
  assert.equal(door.judge(late, unavailable, undefined), 'waits')
  door.leave(late)
  await clock.advance(probes.afterMs)
  assert.equal(freePasses(door), 1)
  gate.stop()
})

test('one probe goes at a time, each after twice the wait, and the first success lets everything go at once', async () => {
  const { door, gate, clock, probe } = new Bench({}, { failures: 1, maxInFlight: 8 })
  ask(door, unavailable)
  for (const wait of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    await clock.advance(wait - 1)
    assert.equal(door.enter('shop', nobody), undefined)
    await clock.advance(1)
    const pass = passOf(door)
    assert.equal(gate.view().breaker.state, 'probing')
    assert.equal(door.enter('shop', nobody), undefined)
    assert.equal(door.judge(pass, unavailable, undefined), 'probed')
    door.leave(pass)
  }
  await clock.advance(60_000)
  assert.equal(ask(door, delivered), 'counts')
  assert.deepEqual([gate.view().breaker.state, probe.heard.at(-1)], ['closed', 'released down'])
  assert.ok(freePasses(door) >= 4, 'half of what may be in flight at least')
})

test('waiting lanes of both kinds take turns to probe', async () => {
  const { gate, clock } = new Bench({}, { failures: 1 })
  const doors = { first: gate.door('first'), retried: gate.door('retried') }
  ask(doors.first, unavailable)
  const order: string[] = []
  const lane = (name: string, door: Door): void => {
    const wake = (): void => {
      const pass = door.enter(name, wake)
      if (pass === undefined || pass === 'blocked') return
      order.push(name)
      door.judge(pass, unavailable, undefined)
      door.leave(pass)
      wake()
    }
    wake()
  }
  for (const name of ['a', 'b', 'c']) lane(name, doors.first)
  lane('tier', doors.retried)
  await clock.advance(30 * 60_000)
  assert.deepEqual(order.slice(0, 6), ['a', 'b', 'c', 'a', 'b', 'c'])
  assert.ok(order.filter((name) => name === 'tier').length >= 2, `${order}`)
})

test('an app that is refused waits alone, and one request finds out whether it still must', async () => {
  const { door, gate, clock, probe } = new Bench()
  assert.equal(ask(door, forbidden, { app: 'vk' }), 'waits')
  assert.deepEqual(gate.view().apps, [{ name: 'vk', since: clock.now(), detail: 'status 403' }])
  assert.equal(door.enter('vk', nobody), 'blocked')
  assert.equal(ask(door, delivered), 'counts')
  await clock.advance(probes.afterMs)
  assert.equal(ask(door, forbidden, { app: 'vk' }), 'waits')
  assert.equal(door.enter('vk', nobody), 'blocked')
  await clock.advance(2 * probes.afterMs)
  ask(door, delivered, { app: 'vk' })
  assert.deepEqual([gate.view().apps, probe.heard], [[], ['held forbidden vk', 'released forbidden vk']])
})

test('a success that had gone before an app was refused does not let it go', async () => {
  const { door, clock } = new Bench()
  const late = passOf(door, 'vk')
  await clock.advance(10)
  ask(door, forbidden, { app: 'vk' })
  door.judge(late, delivered, undefined)
  door.leave(late)
  assert.equal(door.enter('vk', nobody), 'blocked')
})

test('whoever waits for an app is woken to find out, and when it is taken again', async () => {
  const { door, clock } = new Bench()
  ask(door, forbidden, { app: 'vk' })
  let woken = 0
  const wake = (): void => {
    woken += 1
  }
  assert.equal(door.enter('vk', wake), 'blocked')
  await clock.advance(probes.afterMs)
  assert.equal(woken, 1)
  const pass = passOf(door, 'vk')
  assert.equal(door.enter('vk', wake), 'blocked')
  door.judge(pass, delivered, undefined)
  door.leave(pass)
  assert.equal(woken, 2)
})

test('only an answer to what a request holds says that its app is taken again', async () => {
  for (const [answer, isTaken] of [
    [unavailable, false],
    [{ kind: 'pace', afterMs: 1, detail: '429' }, false],
    [elsewhere, false],
    [refused, true],
    [delivered, true],
  ] as const) {
    const { door, gate, clock } = new Bench()
    ask(door, forbidden, { app: 'vk' })
    await clock.advance(probes.afterMs)
    ask(door, answer, { app: 'vk' })
    assert.equal(gate.view().apps.length === 0, isTaken, answer.kind)
    gate.stop()
  }
})

test('a probe that is answered well ends the wait, whatever the clock says', async () => {
  let now = 1_000_000
  const timers: (() => void)[] = []
  const clock = { now: () => now, set: (run: () => void) => timers.push(run), clear: () => undefined }
  const { probe } = new Bench()
  const gate = new Gate({ clock, probe, maxInFlight: 8, requestsPerSecond: 0, failures: undefined, probes })
  const door = gate.door('first')
  ask(door, forbidden, { app: 'vk' })
  // The clock is set back by more than the wait.
  now -= 60_000
  for (const ring of timers) ring()
  ask(door, delivered, { app: 'vk' })
  assert.deepEqual(gate.view().apps, [])
})

test('one that is refused although others of its app are taken has itself to blame, and blocks nobody', async () => {
  const { door, gate, clock } = new Bench()
  ask(door, forbidden, { app: 'vk' })
  const refusedAt = clock.now()
  await clock.advance(probes.afterMs)
  ask(door, delivered, { app: 'vk' })
  await clock.advance(1)
  assert.equal(ask(door, forbidden, { app: 'vk', refusedAt }), 'own')
  assert.deepEqual(gate.view().apps, [])
  assert.equal(ask(door, forbidden, { app: 'vk', refusedAt: clock.now() }), 'waits', 'nobody was taken since')
})

test('an endpoint that is none holds everything, whatever the breaker; the first success ends it', async () => {
  const { door, gate, clock, probe } = new Bench()
  assert.equal(ask(door, elsewhere), 'waits')
  assert.deepEqual(gate.view().misconfigured, { since: clock.now(), detail: 'status 404' })
  assert.equal(gate.view().breaker.state, 'closed')
  assert.equal(freePasses(door), 0)
  await clock.advance(probes.afterMs)
  assert.equal(ask(door, elsewhere), 'waits')
  await clock.advance(2 * probes.afterMs)
  ask(door, delivered)
  assert.deepEqual([gate.view().misconfigured, probe.heard], [undefined, ['held misconfigured', 'released misconfigured']])
})

test('with a Retry-After nothing goes before it is over, and then somebody who waits is woken', async () => {
  const { door, gate, clock } = new Bench()
  assert.equal(ask(door, { kind: 'pace', afterMs: 3_000, detail: '429' }), 'waits')
  let woken = 0
  door.enter('shop', () => {
    woken += 1
  })
  await clock.advance(2_999)
  assert.deepEqual([woken, freePasses(door)], [0, 0])
  await clock.advance(1)
  assert.equal(woken, 1)
  assert.ok(freePasses(door) >= 32)
  assert.equal(gate.view().pace?.detail, '429')
  gate.stop()
})

test('a request that ends in a bug is no answer: a probe decides nothing, and the next one goes', async () => {
  const { door, clock } = new Bench({}, { failures: 1 })
  ask(door, unavailable)
  await clock.advance(probes.afterMs)
  const pass = passOf(door)
  assert.equal(door.broke(pass), 'broken')
  door.leave(pass)
  assert.equal(door.enter('shop', nobody), undefined)
  await clock.advance(probes.afterMs)
  passOf(door)
})
