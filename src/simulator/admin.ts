import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { parse } from 'yaml'
import { duplicatesOf } from './duplicates.ts'
import type { RuleCounts } from './faults.ts'
import type { Journal } from './journal.ts'
import type { FaultPlanText } from './plan-format.ts'
import { parseFaultPlan } from './plan-format.ts'
import { formatPlanProblem } from './plan-problems.ts'
import { isSingleParameter } from './rules.ts'

/** Hits serialised at a time: the text of a whole journal may be longer than a string can be. */
const hitsPerChunk = 1000

interface Room {
  readonly journal: Journal
  readonly setPlan: (plan: FaultPlanText | undefined) => void
  readonly planCounts: () => readonly RuleCounts[]
}

/** The paths under `/_/`, for tests and people; the tracker has no such thing. */
export function addAdminRoutes(app: FastifyInstance, { journal, setPlan, planCounts }: Room): void {
  app.get('/_/counts', () => journal.counts())

  app.get<{ Querystring: { since?: string } }>('/_/journal', (request, reply) => {
    const since = request.query.since ?? '0'
    if (!/^\d{1,15}$/.test(since)) return reply.status(400).send({ error: 'since must be the index of a hit, counted from 0' })
    return reply.type('application/json').send(Readable.from(journalText(journal, Number(since))))
  })

  app.get<{ Querystring: { by?: string } }>('/_/duplicates', (request, reply) => {
    const { by } = request.query
    if (by !== undefined && !isSingleParameter(by)) {
      return reply.status(400).send({ error: 'by must be a parameter with a single value, as in customEventParams.orderId' })
    }
    if (journal.isCountOnly) return reply.status(409).send({ error: 'no events are kept; start without --count-only' })
    return { ...duplicatesOf(journal.hits, by), hitsNotKept: journal.counts().hitsNotKept }
  })

  app.post('/_/reset', () => {
    journal.reset()
    setPlan(undefined)
    return { message: 'the journal is empty and no faults are planned' }
  })

  app.get('/_/faults', () => ({ rules: planCounts() }))

  app.post<{ Body: Buffer | undefined }>('/_/faults', (request, reply) => {
    const written = parseText(request.body?.toString('utf8') ?? '')
    if (written === undefined) return reply.status(400).send({ error: 'the body must be a plan in YAML or JSON' })
    const parsed = parseFaultPlan(written.value)
    if (parsed.kind === 'invalid') return reply.status(400).send({ error: parsed.problems.map(formatPlanProblem).join('; ') })
    setPlan(parsed.plan)
    return { message: 'planned' }
  })

  app.all('/_/*', (_request, reply) =>
    reply.status(404).send({
      error:
        'there are GET /_/counts, GET /_/journal?since=N, GET /_/duplicates?by=PARAMETER, GET and POST /_/faults, and POST /_/reset',
    }),
  )
}

function* journalText(journal: Journal, since: number): Generator<string> {
  const { hits } = journal
  // What arrives while this is read belongs to the next reading: `next` is where that one begins.
  const next = Math.max(hits.length, since)
  yield `{"since":${since},"next":${next},"hitsNotKept":${journal.counts().hitsNotKept},"hits":[`
  for (let start = since; start < next; start += hitsPerChunk) {
    const chunk = hits.slice(start, Math.min(start + hitsPerChunk, next)).map((hit) => JSON.stringify(hit))
    yield (start === since ? '' : ',') + chunk.join(',')
  }
  yield ']}'
}

/** YAML, of which JSON is a part. */
function parseText(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: parse(text) }
  } catch {
    return undefined
  }
}
