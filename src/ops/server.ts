import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isIPv6 } from 'node:net'
import { StartError } from '../core/errors.ts'
import type { Health } from './health.ts'

export interface Pages {
  live(): Health
  ready(): Health
  status(): object
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}

export interface ServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly pages: Pages
  /** Takes secrets out of what is answered: what others said may repeat them. */
  readonly redact: (text: string) => string
}

export interface OpsServer {
  /** Where it can be called from this machine. */
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const POINTER = `mytracker-sink
/status   what it does and what is wrong, as JSON; \`mytracker-sink status\` shows it in a terminal
/metrics  for Prometheus
/livez    200 while the process works
/readyz   200 while the group is joined
`

/** Rejects with a StartError where it cannot listen. */
export async function startOpsServer({ host, port, pages, redact }: ServerOptions): Promise<OpsServer> {
  const server = createServer((request, response) => void respond(request, response, pages, redact))
  server.listen({ host, port })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new StartError(cannotListen(error as NodeJS.ErrnoException, host, port))
  }
  return { url: `http://${reachable(host)}:${(server.address() as AddressInfo).port}`, close: () => close(server) }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
  redact: (text: string) => string,
): Promise<void> {
  const { status, contentType, body } = await answerTo(request, pages)
  const told = redact(body)
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(told),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : told)
}

async function answerTo({ method, url = '/' }: IncomingMessage, pages: Pages): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return text(405, `${method} is not answered here; use GET\n`)
  const path = url.split('?', 1)[0]
  switch (path) {
    case '/livez':
      return health(pages.live())
    case '/readyz':
      return health(pages.ready())
    case '/status':
      return { status: 200, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(pages.status())}\n` }
    case '/metrics':
      return { status: 200, ...(await pages.metrics()) }
    case '/':
      return text(200, POINTER)
    default:
      return text(404, 'nothing here; there are /status, /metrics, /livez and /readyz\n')
  }
}

const text = (status: number, body: string): Answer => ({ status, contentType: 'text/plain; charset=utf-8', body })
const health = ({ ok, sentence }: Health): Answer => text(ok ? 200 : 503, `${sentence}\n`)

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function cannotListen({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  const at = `http: cannot listen on ${host}, port ${port}`
  if (code === 'EADDRINUSE') return `${at}: another process has it; end that one, or write another http.port (0: any free one)`
  if (code === 'EACCES') return `${at}: not allowed; write an http.port of 1024 or more`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `${at}: this machine has no such address; write http.host: 0.0.0.0 for all that it has`
  }
  return `${at}: ${message}`
}

/** The wildcard addresses are for listening, not for calling. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return isIPv6(host) ? `[${host}]` : host
}
