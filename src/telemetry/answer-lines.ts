import type { Answer } from '../core/outcome.ts'

/** What is said of a request that was not answered with a 200. */
export const answerLines: Readonly<Record<Exclude<Answer['kind'], 'delivered'>, { level: 'warn' | 'error'; message: string }>> = {
  halt: { level: 'error', message: 'the tracker refuses us; records wait until it is mended' },
  pace: { level: 'warn', message: 'the tracker asks for fewer requests' },
  retry: { level: 'warn', message: 'a request failed and is tried again' },
  reject: { level: 'warn', message: 'the tracker refused a request; its events are tried apart' },
}
