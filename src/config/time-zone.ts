import { z } from 'zod'
import { complaint } from './fields.ts'
import { didYouMean } from './nearest.ts'

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** A time zone that this runtime knows, aliases and offsets like `+03:00` included. */
export function timeZone() {
  const wrong = complaint('write a time zone like Europe/Berlin', (input) => `there is no time zone ${JSON.stringify(input)}`)
  const error = (issue: { readonly input?: unknown }) =>
    wrong(issue) + didYouMean(issue.input, Intl.supportedValuesOf('timeZone'))
  return z.string({ error: complaint('write a time zone like Europe/Berlin') }).refine(isZone, { error })
}
