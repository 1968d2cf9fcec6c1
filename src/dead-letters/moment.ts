const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const ago = /^(\d{1,9})(ms|s|m|h|d)$/
const iso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/

/** What `parseMoment` takes, to complete "write …". */
export const momentWords = 'a duration ago like 30m, 2h or 7d, or an ISO time with its zone like 2026-01-31T09:00:00Z'

/** Epoch ms of a duration ago, or of an ISO time with its zone (a bare date is UTC); undefined: it is neither. */
export function parseMoment(text: string, now: number): number | undefined {
  const [, count, unit] = ago.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return now - Number(count) * (unitMs[unit] as number)
  // Without a zone a time would mean another moment on the next machine.
  if (!iso.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) || !isDayOfMonth(text) ? undefined : time
}

/** JavaScript reads February 31st as March 3rd. */
function isDayOfMonth(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number]
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}
