import type { ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import { isIPv6 } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { fastify } from 'fastify'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { addAdminRoutes } from './admin.ts'
import type { Fault, FaultRequest, RuleCounts } from './faults.ts'
import { FaultPlan } from './faults.ts'
import type { JournalMode } from './journal.ts'
import { Journal } from './journal.ts'
import type { FaultPlanText } from './plan-format.ts'
import type { SimulatedApp, Verdict } from './verdict.ts'
import { judge, okBody } from './verdict.ts'

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free one. */
  readonly port?: number
  /** Absent: every idApp with any non-empty token is good. */
  readonly apps?: readonly SimulatedApp[]
  readonly journal: JournalMode
  /** Hits kept at most; more are only counted. Default 1,000,000. */
  readonly hitsMax?: number
  /** Between a request's arrival, which is when its hits count as accepted, and its answer. Default 0. */
  readonly latencyMs?: number
  /** Asked once per request, before the plan. */
  readonly fault?: (request: FaultRequest) => Fault | undefined
  /** Replaced by `POST /_/faults`. */
  readonly plan?: FaultPlanText
  readonly clock?: Clock
}

export interface Simulator {
  readonly url: string
  readonly port: number
  readonly journal: Journal
  /** Closes all connections, those of unanswered requests too. */
  stop(): Promise<void>
}

/** Larger bodies are refused unread; those between the API's limit and this one are read, so that the sender hears the answer. */
const readBytesMax = 1_048_576

/** Longer than any client keeps an idle connection, so that the client is the one to close it and never sends into a closing one. */
const keepAliveMs = 600_000

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const journal = new Journal({ mode: options.journal, ...(options.hitsMax === undefined ? {} : { hitsMax: options.hitsMax }) })
  const desk = new Desk(options, journal)
  const app = fastify({
    bodyLimit: readBytesMax,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  })
  readBodiesRaw(app)
  addAdminRoutes(app, { journal, setPlan: (plan) => desk.setPlan(plan), planCounts: () => desk.planCounts() })
  app.all('/*', (request, reply) => desk.serve(request, reply, (request.body as Buffer | undefined) ?? Buffer.alloc(0)))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const isAdmin = request.url.startsWith('/_/')
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE' && !isAdmin) return desk.serve(request, reply, undefined)
    return reply.status(error.statusCode ?? 500).send({ error: `the stand-in failed: ${error.message}` })
  })
  const host = options.host ?? '127.0.0.1'
  await app.listen({ host, port: options.port ?? 0 })
  const bound = app.server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return { url: `http://${reachable(host)}:${port}`, port, journal, stop: () => app.close() }
}

/** Whatever a content type says: the documentation's own example sends JSON as a form, and a broken body must reach the rules. */
function readBodiesRaw(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** The wildcard addresses are for listening, not for calling. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return isIPv6(host) ? `[${host}]` : host
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly delayMs: number
  readonly cut?: boolean
}

/** Where requests of the API are judged, meet their fault, and are answered. */
class Desk {
  readonly #journal: Journal
  readonly #apps: ReadonlyMap<string, SimulatedApp> | undefined
  readonly #fault: SimulatorOptions['fault']
  readonly #clock: Clock
  readonly #latencyMs: number
  #plan: FaultPlan | undefined

  constructor(options: SimulatorOptions, journal: Journal) {
    this.#journal = journal
    this.#apps = options.apps && new Map(options.apps.map((app) => [app.idApp, app]))
    this.#fault = options.fault
    this.#clock = options.clock ?? systemClock
    this.#latencyMs = options.latencyMs ?? 0
    this.setPlan(options.plan)
  }

  /** Its seconds count from now. */
  setPlan(plan: FaultPlanText | undefined): void {
    this.#plan = plan && new FaultPlan(plan, this.#clock.now())
  }

  planCounts(): readonly RuleCounts[] {
    return this.#plan?.counts() ?? []
  }

  async serve(request: FastifyRequest, reply: FastifyReply, body: Buffer | undefined): Promise<FastifyReply> {
    const { method: verb, url: target, headers } = request.raw
    const verdict = judge({ verb: verb ?? '', target: target ?? '', token: headers.authorization, body }, this.#apps)
    const number = this.#journal.arrived()
    const asked: FaultRequest = { number, method: verdict.method, idApp: verdict.idApp, events: verdict.events }
    const fault = this.#fault?.(asked) ?? this.#plan?.next(asked, this.#clock.now())
    if (fault === undefined) return this.#settle(reply, number, verdict, this.#latencyMs)
    if ('status' in fault) return this.#answerFault(reply, number, verdict, fault)
    if ('delayMs' in fault) return this.#settle(reply, number, verdict, fault.delayMs)
    return this.#fallSilent(reply, number, verdict, fault)
  }

  /** The ordinary course. */
  #settle(reply: FastifyReply, number: number, verdict: Verdict, delayMs: number): Promise<FastifyReply> {
    const { outcome } = verdict
    this.#record(number, verdict)
    if (outcome.kind === 'accepted') return this.#send(reply, { status: 200, body: okBody, delayMs })
    if (outcome.kind === 'probed') return this.#send(reply, { status: 200, body: outcome.body, delayMs })
    this.#journal.refused({ request: number, status: outcome.status, why: outcome.why })
    return this.#send(reply, { status: outcome.status, body: errorBody(outcome.error), delayMs })
  }

  #answerFault(
    reply: FastifyReply,
    number: number,
    verdict: Verdict,
    fault: Extract<Fault, { readonly status: number }>,
  ): Promise<FastifyReply> {
    const delayMs = fault.delayMs ?? this.#latencyMs
    if (fault.status === 200) {
      if (verdict.outcome.kind === 'refused') return this.#settle(reply, number, verdict, delayMs)
      this.#record(number, verdict)
    }
    const usual = fault.status === 200 ? okBody : errorBody(STATUS_CODES[fault.status] ?? 'Fault')
    if (fault.headers !== undefined) reply.headers(fault.headers)
    return this.#send(reply, { status: fault.status, body: fault.body ?? usual, delayMs, cut: fault.cut === true })
  }

  #fallSilent(
    reply: FastifyReply,
    number: number,
    verdict: Verdict,
    fault: { reset: 'before' | 'after' } | { hang: true } | { acceptThenHang: true },
  ): FastifyReply {
    if ('acceptThenHang' in fault || ('reset' in fault && fault.reset === 'after')) this.#record(number, verdict)
    this.#journal.answered('none')
    // Fastify must not answer in our place.
    reply.hijack()
    if ('reset' in fault) reply.raw.socket?.resetAndDestroy()
    return reply
  }

  #record(number: number, { outcome }: Verdict): void {
    if (outcome.kind !== 'accepted') return
    const { method, idApp, events, bodyBytes } = outcome
    this.#journal.accepted({ request: number, bodyBytes, method, idApp, at: this.#clock.now(), events })
  }

  async #send(reply: FastifyReply, { status, body, delayMs, cut = false }: Answer): Promise<FastifyReply> {
    this.#journal.answered(status)
    if (delayMs > 0) await this.#pause(reply.raw, delayMs)
    // The sender may have given up meanwhile.
    if (reply.raw.destroyed) return reply.hijack()
    if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json')
    if (cut) return this.#sendHalf(reply, status, body)
    return reply.status(status).send(body)
  }

  /** What a connection that breaks in the middle of an answer leaves: the length of all, the bytes of half. */
  #sendHalf(reply: FastifyReply, status: number, body: string): FastifyReply {
    const bytes = Buffer.from(body)
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value)
    reply.hijack()
    reply.raw.writeHead(status, { 'content-length': bytes.length })
    reply.raw.write(bytes.subarray(0, bytes.length / 2), () => reply.raw.destroy())
    return reply
  }

  /** Ends early when the connection does, so that a stop waits for no timer. */
  #pause(response: ServerResponse, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.set(() => {
        response.off('close', cancel)
        resolve()
      }, delayMs)
      const cancel = (): void => {
        this.#clock.clear(timer)
        resolve()
      }
      response.once('close', cancel)
    })
  }
}

function errorBody(error: string): string {
  return `{"error": ${JSON.stringify(error)}}`
}
