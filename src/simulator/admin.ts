import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { FaultPlan } from './faults.ts'
import { parseFaultPlan } from './faults.ts'
import type { AcceptedHit, Journal } from './journal.ts'

/** Hits serialised at a time: the text of a whole journal may be longer than a string can be. */
const hitsPerChunk = 1000

/** The paths under `/_/`, for tests and people; the tracker has no such thing. */
export function addAdminRoutes(
  app: FastifyInstance,
  room: { journal: Journal; setPlan: (plan: FaultPlan | undefined) => void },
): void {
  const { journal, setPlan } = room

  app.get('/_/counts', () => journal.counts())

  app.get<{ Querystring: { since?: string } }>('/_/journal', (request, reply) => {
    const since = request.query.since ?? '0'
    if (!/^\d{1,15}$/.test(since)) return reply.status(400).send({ error: 'since must be the index of a hit, counted from 0' })
    return reply.type('application/json').send(Readable.from(journalText(journal.hits, Number(since))))
  })

  app.post('/_/reset', () => {
    journal.reset()
    setPlan(undefined)
    return { message: 'the journal is empty and no faults are planned' }
  })

  app.post<{ Body: Buffer | undefined }>('/_/faults', (request, reply) => {
    const parsed = parseFaultPlan(parseJson(request.body?.toString('utf8') ?? ''))
    if (parsed.kind === 'invalid') return reply.status(400).send({ error: parsed.problems.join('; ') })
    setPlan(parsed.plan)
    return { message: 'planned' }
  })

  app.all('/_/*', (_request, reply) =>
    reply.status(404).send({ error: 'there are GET /_/counts, GET /_/journal?since=N, POST /_/reset and POST /_/faults' }),
  )
}

function* journalText(hits: readonly AcceptedHit[], since: number): Generator<string> {
  // What arrives while this is read belongs to the next reading: `next` is where that one begins.
  const next = Math.max(hits.length, since)
  yield `{"since":${since},"next":${next},"hits":[`
  for (let start = since; start < next; start += hitsPerChunk) {
    const chunk = hits.slice(start, Math.min(start + hitsPerChunk, next)).map((hit) => JSON.stringify(hit))
    yield (start === since ? '' : ',') + chunk.join(',')
  }
  yield ']}'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The plan's own check then says what should stand there instead.
    return undefined
  }
}
