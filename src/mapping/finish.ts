import type { Hit, Method } from '../core/hit.ts'
import type { Reject } from '../core/outcome.ts'
import { serialiseHit } from '../tracker/request.ts'
import type { Params } from '../tracker/validate.ts'
import { compileValidator } from '../tracker/validate.ts'
import type { InternedRoute } from './app.ts'

export interface FinishOptions {
  readonly apps: readonly { readonly name: string; readonly vkMiniApp: boolean }[]
  readonly invalidParams: 'drop' | 'reject'
  /** UTF-8 bytes of a body; a hit that is larger by itself can never be sent. */
  readonly maxBytes: number
  /** Parameters that broke a rule and were left out. */
  readonly onDropped: (params: readonly string[]) => void
}

/** From parameters to a hit that keeps the tracker's rules, wherever the parameters came from. */
export type Finish = (route: InternedRoute, params: Params) => Hit | Reject

export function compileFinish(method: Method, { apps, invalidParams, maxBytes, onDropped }: FinishOptions): Finish {
  const common = compileValidator({ method, vkMiniApp: false, invalidParams })
  const vk = compileValidator({ method, vkMiniApp: true, invalidParams })
  const vkApps = new Set(apps.filter((app) => app.vkMiniApp).map(({ name }) => name))
  return (route, params) => {
    const validation = (vkApps.size > 0 && vkApps.has(route.app) ? vk : common)(params)
    if (validation.kind === 'reject') return validation
    if (validation.dropped.length > 0) onDropped(validation.dropped)
    const hit = serialiseHit(route, validation.params)
    return hit.bytes <= maxBytes ? hit : tooLarge(hit.bytes, maxBytes)
  }
}

function tooLarge(bytes: number, maxBytes: number): Reject {
  return {
    kind: 'reject',
    reason: 'too-large',
    detail: `the hit alone has ${bytes} bytes; the tracker takes ${maxBytes}: map fewer or shorter values`,
  }
}
