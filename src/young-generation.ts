const NAME = /max[-_]semi[-_]space[-_]size/
/** Of each of the two halves between which V8 moves what is young, MiB. */
export const YOUNG_GENERATION_FLAG = '--max-semi-space-size=4'

/**
 * V8 lets what is young grow to 128 MiB before it looks what of it is garbage; a service's records are dead long before. How far it may
 * grow is settled when a process begins, so that this one begins anew, with the same id, arguments and streams.
 * docs/decisions/0006-memory.md has the figures.
 */
export function boundYoungGeneration(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? '']
  // Somebody has chosen already; or a parent listens on a channel that would be cut.
  if (given.some((option) => NAME.test(option)) || process.connected) return
  // There is none on Windows, where it goes without.
  if (process.platform !== 'win32')
    process.execve?.(process.execPath, [process.execPath, YOUNG_GENERATION_FLAG, ...process.execArgv, ...process.argv.slice(1)])
}
