/** The service cannot start, and the message tells the operator what to change. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
