import { isUtf8 } from 'node:buffer'
import type { ApiMethod, Params } from './rules.ts'
import { bodyBytesMax, brokenRule, eventsOf, isApiMethod } from './rules.ts'

/** An app that the stand-in knows. */
export interface SimulatedApp {
  readonly idApp: string
  readonly token: string
  /** VK Mini Apps must send `customPlatformUserId` and `vkPlatform` as well. */
  readonly vkMiniApp?: boolean
}

/** What the verdict depends on, and nothing else. */
export interface ApiRequest {
  readonly verb: string
  /** Path and query as they stand in the request line. */
  readonly target: string
  readonly token: string | undefined
  /** Undefined where more came than anybody should send; nothing of that was kept. */
  readonly body: Buffer | undefined
}

interface Accepted {
  readonly kind: 'accepted'
  readonly method: ApiMethod
  readonly idApp: string
  readonly events: readonly Params[]
  readonly bodyBytes: number
}

/** Answered with 200, and no event in it. */
interface Probed {
  readonly kind: 'probed'
  readonly body: string
}

interface Refused {
  readonly kind: 'refused'
  readonly status: 400 | 403 | 404
  /** The documented text. */
  readonly error: string
  /** For a person at the journal; the tracker says no more than `error`. */
  readonly why: string
}

export interface Verdict {
  readonly outcome: Accepted | Probed | Refused
  /** As the path and query name them, known or not. */
  readonly method: string | undefined
  readonly idApp: string | undefined
  /** As far as the body could be read; the rules may still refuse it. */
  readonly events: readonly unknown[] | undefined
}

/** The documentation prints this O as the Cyrillic letter. Kept so: a client that compares the text instead of the status shows here. */
export const okBody = '{"message": "\u041eK"}'
const versionBody = '{"version": "1"}'

/**
 * What the tracker would answer. The documentation gives no order among its errors; this one goes from the outside in: version, method,
 * credentials, body.
 */
export function judge(request: ApiRequest, apps: ReadonlyMap<string, SimulatedApp> | undefined): Verdict {
  const { version, method, idApp } = parseTarget(request.target)
  const content = parseBody(request.body)
  const events = content.kind === 'json' ? eventsOf(content.value) : undefined
  const decide = (): Verdict['outcome'] => {
    if (version !== 'v1') return refused(400, 'Bad api version', 'the path must start with /v1/')
    if (method === 'version') return { kind: 'probed', body: versionBody }
    if (method === undefined || !(isApiMethod(method) || method === 'test-app-access')) {
      return refused(404, 'Method not found', 'the path must be /v1/METHOD/')
    }
    if (idApp === undefined || !isAllowed(apps, idApp, request.token)) {
      return refused(403, 'Forbidden', 'the token in Authorization must be the one of the app in ?idApp=')
    }
    if (request.verb !== 'POST') return refused(400, 'Empty post data', 'the request must be a POST')
    if (content.kind === 'unreadable') return content.refused
    if (method === 'test-app-access') {
      return content.value === true ? { kind: 'probed', body: okBody } : refused(400, 'Bad Request', 'the body must be true')
    }
    const broken = brokenRule(method, content.value, apps?.get(idApp))
    if (broken !== undefined) return refused(400, 'Bad Request', broken)
    return { kind: 'accepted', method, idApp, events: (events ?? []) as Params[], bodyBytes: request.body?.length ?? 0 }
  }
  return { outcome: decide(), method, idApp, events }
}

function parseTarget(target: string): { version: string | undefined; method: string | undefined; idApp: string | undefined } {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  // The documented address ends in a slash. One without may be redirected by the real tracker, and a redirected POST loses its body.
  const parts = /^\/([^/]+)\/(?:([^/]+)\/$)?/.exec(path)
  return { version: parts?.[1], method: parts?.[2], idApp: new URLSearchParams(query).get('idApp') || undefined }
}

type Content = { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'unreadable'; readonly refused: Refused }

function parseBody(body: Buffer | undefined): Content {
  // The documentation names the limit but no answer of its own to breaking it. What it does name is 400 for "parameters not validated",
  // and of the answers a client must expect anyway that one comes closest.
  if (body === undefined || body.length > bodyBytesMax) {
    return { kind: 'unreadable', refused: refused(400, 'Bad Request', `the body must be at most ${bodyBytesMax} bytes`) }
  }
  if (body.length === 0) return { kind: 'unreadable', refused: refused(400, 'Empty post data', 'the body is empty') }
  try {
    // Decoding would put U+FFFD in the place of broken bytes and accept what was never sent.
    if (isUtf8(body)) return { kind: 'json', value: JSON.parse(body.toString('utf8')) }
  } catch {
    // Told below, without the parser's message: it quotes the body.
  }
  return { kind: 'unreadable', refused: refused(400, 'Bad json', 'the body is no JSON in UTF-8') }
}

function isAllowed(apps: ReadonlyMap<string, SimulatedApp> | undefined, idApp: string, token: string | undefined): boolean {
  if (token === undefined || token === '') return false
  return apps === undefined || apps.get(idApp)?.token === token
}

function refused(status: Refused['status'], error: string, why: string): Refused {
  return { kind: 'refused', status, error, why }
}
