import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'

export type Log = Logger
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/**
 * JSON lines. Messages are fixed sentences, what varies stands in fields; no payload, no body, no token.
 * INFO belongs into an incident's timeline, WARN is degraded and heals itself, ERROR needs a person.
 */
export function createLog(level: LogLevel, destination: DestinationStream): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  )
}
