/** The service cannot start, and the message tells the operator what to change. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What an error says, for a person to read. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
