/** Of each of the two halves between which V8 moves what is young, MiB. */
export const YOUNG_GENERATION_FLAG = '--max-semi-space-size=4'
const CHOSEN = /max[-_]semi[-_]space[-_]size/
/** glibc gives each thread a heap of its own, up to eight for each core: what is free in one is of no use to the others. */
const ARENAS = { MALLOC_ARENA_MAX: '2' }

/**
 * V8 lets what is young grow to 128 MiB before it looks what of it is garbage; a service's records are dead long before. How far it may
 * grow, and how many heaps there are beside V8's, is settled when a process begins, so that this one begins anew, with the same id,
 * arguments and streams. docs/decisions/0006-memory.md has the figures.
 */
export function boundYoungGeneration(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? '']
  // Somebody has chosen already; or a parent listens on a channel that would be cut. There is no such call on Windows.
  if (given.some((option) => CHOSEN.test(option)) || process.connected || process.platform === 'win32') return
  const args = [process.execPath, YOUNG_GENERATION_FLAG, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.(process.execPath, args, { ...ARENAS, ...process.env })
}
