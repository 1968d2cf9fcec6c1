/** Ten thousand attempts that all go wrong leave no socket and no memory behind. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { EndurancePlan, EnduranceReport } from '../support/endurance-client.ts'
import { FaultyTracker, faults } from '../support/faulty-tracker.ts'

const program = new URL('../support/endurance-client.ts', import.meta.url).pathname
const attempts = 2_500
const timeoutMs = 20
const connections = 16
/** What the collector may leave lying about; ten thousand attempts that kept anything would keep more. */
const leftoverBytesMax = 3 * 1_048_576

const endured = async (context: TestContext, plan: EndurancePlan): Promise<EnduranceReport> => {
  const child = fork(program, [JSON.stringify(plan)], { execArgv: ['--expose-gc'], timeout: 55_000, killSignal: 'SIGKILL' })
  context.after(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const first = await Promise.race([once(child, 'message'), ended.then(() => undefined)])
  assert.ok(first !== undefined, 'the client gave no report')
  assert.deepEqual(await ended, [0, null], 'nothing keeps the process alive once its clients are gone')
  return first[0] as EnduranceReport
}

test('10,000 attempts against a hung, a dripping and a resetting server leave no socket, timer or memory behind', async (context) => {
  const tracker = await FaultyTracker.start()
  context.after(() => tracker.stop())
  const endpoints = faults.map((fault) => tracker.endpoint(fault))
  const { answers, latestMs, heapBytes, resources } = await endured(context, { endpoints, attempts, timeoutMs, connections })

  const total = Object.values(answers).reduce((sum, times) => sum + times, 0)
  assert.equal(total, endpoints.length * (attempts + attempts / 10))
  const known =
    /^(delivered|retry: timed out after 20 ms waiting for (a connection|the answer)|retry: no answer: connection reset.*)$/
  assert.deepEqual(
    Object.keys(answers).filter((words) => !known.test(words)),
    [],
  )
  assert.ok(latestMs < timeoutMs + 2_000, `${latestMs} ms`)
  assert.deepEqual(resources.after, resources.before)
  const leftover = heapBytes.after - heapBytes.before
  assert.ok(leftover < leftoverBytesMax, `${leftover} bytes`)

  // Most get as far as the server: a connection that is given up makes room for another.
  assert.ok(tracker.requests > total / 2, `${tracker.requests} requests`)
  assert.ok(tracker.openMax <= 2 * connections, `${tracker.openMax} connections at once`)
  const deadline = performance.now() + 5_000
  while (tracker.open > 0 && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(tracker.open, 0)

  context.diagnostic(`the slowest attempt took ${latestMs.toFixed(1)} ms of ${timeoutMs}`)
  context.diagnostic(`heap ${(heapBytes.before / 1e6).toFixed(2)} MB before, ${(heapBytes.after / 1e6).toFixed(2)} MB after`)
  context.diagnostic(`${tracker.connections} connections in all, ${tracker.openMax} at once; answers ${JSON.stringify(answers)}`)
  context.diagnostic(`open in the client ${JSON.stringify(resources.after)}`)
})
