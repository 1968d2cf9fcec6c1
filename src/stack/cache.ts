import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

/** Marks what is still being written. Everything else in the cache is whole, for it came there by a rename. */
const unfinished = '.unfinished-'
const abandonedAfterMs = 24 * 60 * 60 * 1000

/** Where jars and class archives are kept between runs. An empty variable counts as not set, as XDG asks. */
export function cacheFolder(env: Env, home: string = homedir()): string {
  if (env.MYTRACKER_SINK_CACHE) return resolve(env.MYTRACKER_SINK_CACHE)
  return join(env.XDG_CACHE_HOME ? resolve(env.XDG_CACHE_HOME) : join(home, '.cache'), 'mytracker-sink')
}

/** A path beside the finished ones (so that the rename stays within one file system), of nobody else. */
export async function unfinishedFolder(cache: string, name: string): Promise<string> {
  await mkdir(cache, { recursive: true })
  return await mkdtemp(join(cache, `${unfinished}${name}-`))
}

/** Afterwards `place` is there, whole. Another process may have been first: then ours is thrown away and theirs is used. */
export async function settleFolder(made: string, place: string): Promise<void> {
  try {
    await rename(made, place)
  } catch (error) {
    if (!(await exists(place))) throw error
    await rm(made, { recursive: true, force: true })
  }
}

/** Removes what killed processes left half-written. A young one may belong to a living process and stays. */
export async function sweepAbandoned(cache: string, nowMs: number): Promise<void> {
  const names = await readdir(cache).catch(() => [])
  for (const name of names.filter((candidate) => candidate.startsWith(unfinished))) {
    const path = join(cache, name)
    const age = await stat(path).then(
      (found) => nowMs - found.mtimeMs,
      () => 0,
    )
    if (age > abandonedAfterMs) await rm(path, { recursive: true, force: true })
  }
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
