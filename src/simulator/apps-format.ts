import { z } from 'zod'
import type { PlanProblem } from './plan-problems.ts'
import { problemsOf } from './plan-problems.ts'
import type { SimulatedApp } from './verdict.ts'

const idApp = z.union([z.string().min(1), z.int()], 'write an idApp, as in 666').transform(String)
const known = 'idApp, token, vkMiniApp'

const appsFormat = z
  .array(
    z.strictObject(
      {
        idApp,
        token: z.string('write a text; put a token of digits in quotes').min(1, 'write a token'),
        vkMiniApp: z.boolean('write true or false').default(false),
      },
      {
        error: ({ code }) =>
          code === 'unrecognized_keys' ? `is not a known key; known here: ${known}` : `write a mapping of ${known}`,
      },
    ),
    'write a list of apps, as in [{ idApp: 666, token: secret }]',
  )
  .min(1, 'write at least one app')
  .superRefine((apps, context) => {
    for (const [place, app] of apps.entries()) {
      const isTwice = apps.findIndex((each) => each.idApp === app.idApp) < place
      if (isTwice) context.addIssue({ code: 'custom', path: [place, 'idApp'], message: 'stands twice; keep one of the two' })
    }
  })

export type ParsedApps =
  | { readonly kind: 'apps'; readonly apps: readonly SimulatedApp[] }
  | { readonly kind: 'invalid'; readonly problems: readonly PlanProblem[] }

/** Reads a list of apps as it stands in a file; tells all its mistakes at once, and never a token. */
export function parseApps(value: unknown): ParsedApps {
  const parsed = appsFormat.safeParse(value)
  if (parsed.success) return { kind: 'apps', apps: parsed.data }
  return { kind: 'invalid', problems: problemsOf(parsed.error.issues, value, ['token']) }
}
