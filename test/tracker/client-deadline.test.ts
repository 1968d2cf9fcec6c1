/** One attempt against a server that is hung, drips single bytes or resets: it ends with its deadline, and its connection with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/core/outcome.ts'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { serialiseHit } from '../../src/tracker/request.ts'
import type { FaultName } from '../support/faulty-tracker.ts'
import { FaultyTracker } from '../support/faulty-tracker.ts'

const route = { app: 'shop', method: 'login' } as const
const hit = serialiseHit(route, { customUserId: 'u' })
const timeoutMs = 100
const connections = 4
/** What a busy machine may add. On an idle one it is a few milliseconds: the diagnostic tells. */
const slackMs = 2_000

const timedOut = (waitedFor: string): Answer => ({
  kind: 'retry',
  reason: 'unavailable',
  detail: `timed out after ${timeoutMs} ms waiting for ${waitedFor}`,
})
const reset: Answer = { kind: 'retry', reason: 'unavailable', detail: 'no answer: connection reset (ECONNRESET)' }

const until = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5_000
  while (!holds()) {
    assert.ok(performance.now() < deadline, 'never came to hold')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Of the attempts that got a connection. Whether one of the others still gets its turn just before its deadline is up to chance. */
const cases: readonly [fault: FaultName, served: Answer][] = [
  ['hung', timedOut('the answer')],
  ['dripping-headers', timedOut('the answer')],
  // The status decides: it was accepted, however slow the rest is.
  ['dripping-body', { kind: 'delivered' }],
  ['reset', reset],
]

for (const [fault, served] of cases) {
  test(`${fault}: every attempt ends in time, those that waited for a connection too`, async (context) => {
    const tracker = await FaultyTracker.start()
    context.after(() => tracker.stop())
    const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]
    const client = createTrackerClient({ endpoint: tracker.endpoint(fault), timeoutMs, connections, apps })
    context.after(() => client.destroy())
    let latestMs = 0
    const attempt = async (): Promise<string> => {
      const start = performance.now()
      const answer = await client.send(route, [hit])
      latestMs = Math.max(latestMs, performance.now() - start)
      return JSON.stringify(answer)
    }
    const seen = new Set<string>()
    // A process that stands still for longer than the deadline serves nobody in that wave.
    for (let wave = 0; wave < 3 || (!seen.has(JSON.stringify(served)) && wave < 30); wave++) {
      for (const answer of await Promise.all(Array.from({ length: 2 * connections }, attempt))) seen.add(answer)
    }
    assert.ok(seen.delete(JSON.stringify(served)), [...seen].join())
    const late = [timedOut('the answer'), timedOut('a connection')].map((answer) => JSON.stringify(answer))
    assert.deepEqual(
      [...seen].filter((answer) => !late.includes(answer)),
      [],
    )
    // The client lives on, so whatever is closed now was closed for its deadline.
    await until(() => tracker.holding === 0)
    assert.ok(tracker.requests > connections, 'a connection that was given up must make room for another')
    await client.destroy()
    await until(() => tracker.open === 0)
    assert.ok(latestMs < timeoutMs + slackMs, `${latestMs} ms`)
    assert.ok(tracker.openMax <= connections, `${tracker.openMax} connections at once`)
    context.diagnostic(`the slowest attempt took ${latestMs.toFixed(1)} ms of ${timeoutMs}`)
  })
}
