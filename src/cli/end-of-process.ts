/** Resolves when somebody asks the process to end. Asked once more, it ends at once. */
export function endOfProcess(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const asked = (): void => {
        resolve()
        // Not `once`: a library of testcontainers' kills the process where it finds itself alone with the signal.
        setImmediate(() => process.off(signal, asked))
      }
      process.on(signal, asked)
    }
  })
}
