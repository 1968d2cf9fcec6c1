/**
 * The tracker client in a process of its own, so that what it keeps can be measured: attempts in great number against a server that answers none as
 * it should. Started with --expose-gc; the argument is the plan, the answer is sent to the parent.
 */
import assert from 'node:assert/strict'
import { createTrackerClient } from '../../src/tracker/client.ts'
import { serialiseHit } from '../../src/tracker/request.ts'

export interface EndurancePlan {
  /** One client each. */
  readonly endpoints: readonly string[]
  /** Of each client. */
  readonly attempts: number
  readonly timeoutMs: number
  readonly connections: number
}

export interface EnduranceReport {
  /** How often each answer came. */
  readonly answers: Readonly<Record<string, number>>
  /** The longest that an attempt took, the first tenth left out: it waits for compilers. */
  readonly latestMs: number
  readonly heapBytes: { readonly before: number; readonly after: number }
  /** `process.getActiveResourcesInfo()`, counted, before there was any attempt and once the clients are gone. */
  readonly resources: { readonly before: Readonly<Record<string, number>>; readonly after: Readonly<Record<string, number>> }
}

const route = { app: 'shop', method: 'login' } as const
const hit = serialiseHit(route, { customUserId: 'u' })

const counted = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const heapAfterCollection = (): number => {
  assert.ok(globalThis.gc !== undefined)
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length

/** Sockets close in their own time after the client has let go of them. */
const untilSocketsAreGone = async (): Promise<void> => {
  const deadline = performance.now() + 5_000
  while (sockets() > 0 && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
}

const endure = async (plan: EndurancePlan): Promise<EnduranceReport> => {
  const { timeoutMs, connections } = plan
  const apps = [{ name: 'shop', idApp: 666, token: () => 't0ken' }]
  const answers: Record<string, number> = {}
  let latestMs = 0
  const run = async (attempts: number): Promise<void> => {
    for (const endpoint of plan.endpoints) {
      const client = createTrackerClient({ endpoint, timeoutMs, connections, apps })
      let left = attempts
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          const start = performance.now()
          const answer = await client.send(route, [hit])
          latestMs = Math.max(latestMs, performance.now() - start)
          const words = 'detail' in answer ? `${answer.kind}: ${answer.detail}` : answer.kind
          answers[words] = (answers[words] ?? 0) + 1
        }
      }
      // A few more than there are connections, so that some attempts end while they wait for one.
      await Promise.all(Array.from({ length: connections + 4 }, worker))
      await client.destroy()
    }
    await untilSocketsAreGone()
  }
  const before = counted(process.getActiveResourcesInfo())
  // What is made once for all attempts, such as compiled code, is not counted.
  await run(Math.ceil(plan.attempts / 10))
  const heapBefore = heapAfterCollection()
  latestMs = 0
  await run(plan.attempts)
  const heapAfter = heapAfterCollection()
  const after = counted(process.getActiveResourcesInfo())
  return { answers, latestMs, heapBytes: { before: heapBefore, after: heapAfter }, resources: { before, after } }
}

process.send?.(await endure(JSON.parse(process.argv[2] ?? '') as EndurancePlan))
process.disconnect()
