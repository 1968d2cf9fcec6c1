import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { cacheFolder, settleFolder, sweepAbandoned, unfinishedFolder } from '../../src/stack/cache.ts'

test('the cache is where MYTRACKER_SINK_CACHE says, else below XDG_CACHE_HOME, else below the home folder', () => {
  const env = { MYTRACKER_SINK_CACHE: '/own', XDG_CACHE_HOME: '/xdg' }
  assert.equal(cacheFolder(env, '/home/me'), '/own')
  assert.equal(cacheFolder({ ...env, MYTRACKER_SINK_CACHE: '' }, '/home/me'), join('/xdg', 'mytracker-sink'))
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '' }, '/home/me'), join('/home/me', '.cache', 'mytracker-sink'))
})

test('of two processes that filled the same folder the first one counts and the second leaves nothing', async (t) => {
  const cache = await temporary(t)
  const place = join(cache, 'kafka')
  const filled = await Promise.all([unfinishedFolder(cache, 'kafka'), unfinishedFolder(cache, 'kafka')])
  for (const [index, folder] of filled.entries()) await writeFile(join(folder, 'a.jar'), `${index}`)
  for (const folder of filled) await settleFolder(folder, place)
  assert.equal(await readFile(join(place, 'a.jar'), 'utf8'), '0')
  assert.deepEqual(await readdir(cache), ['kafka'])
})

test('a folder that cannot be put in its place is an error', async (t) => {
  const cache = await temporary(t)
  await assert.rejects(settleFolder(join(cache, 'missing'), join(cache, 'kafka')), { code: 'ENOENT' })
})

test('half-written folders are swept after a day, young ones and whole ones stay', async (t) => {
  const cache = await temporary(t)
  const old = await unfinishedFolder(cache, 'kafka')
  await utimes(old, 0, 0)
  await mkdir(join(cache, 'kafka'))
  await utimes(join(cache, 'kafka'), 0, 0)
  const young = await unfinishedFolder(cache, 'kafka')
  await sweepAbandoned(cache, Date.now())
  assert.deepEqual(
    (await readdir(cache)).sort().map((name) => join(cache, name)),
    [young, join(cache, 'kafka')],
  )
})

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stack-cache-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
