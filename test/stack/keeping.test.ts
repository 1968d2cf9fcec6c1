import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { exists } from '../../src/stack/cache.ts'
import { ProgramEnded, startKeeper } from '../../src/stack/keeping.ts'
import { freePorts, portAnswers } from '../../src/stack/ports.ts'

/** Stands in for a JVM: listens, on SIGTERM writes its class archive, and dies of whatever it is sent. */
const service = (port: number, archive: string) => `
  const die = () => process.exit(4)
  require('net').createServer((socket) => socket.on('data', die)).listen(${port}, '127.0.0.1')
  process.on('SIGTERM', () => { require('fs').writeFileSync(${JSON.stringify(archive)}, 'classes'); process.exit(143) })
`

test('stop ends what was started, removes the folder and keeps the archive in place of older ones', async (t) => {
  const { folder, archives, port, keeper } = await kept(t)
  keeper.ready()
  await keeper.stop()
  assert.equal(await portAnswers(port), false)
  assert.equal(await exists(folder), false)
  assert.deepEqual(await readdir(archives), ['broker-new.jsa'])
})

test('the archive of a run that never became ready is thrown away', async (t) => {
  const { archives, keeper } = await kept(t)
  await keeper.stop()
  assert.deepEqual(await readdir(archives), ['broker-old.jsa'])
})

test('a service that ends by itself is reported with the end of its log', async (t) => {
  const { place, archive } = await places(t)
  const args = ['-e', 'console.log("java.net.BindException: Address already in use"); process.exitCode = 3']
  const keeper = startKeeper(
    { folder: place, programs: [{ name: 'broker', command: process.execPath, args, archive, endWith: 'SIGTERM' }] },
    process.env,
  )
  const error = await keeper.ended.catch((reason: unknown) => reason)
  await keeper.stop()
  assert.ok(error instanceof ProgramEnded)
  assert.match(error.message, /The broker of the stack ended by itself \(exit code 3\).*\njava\.net\.BindException/)
  assert.equal(error.service, 'broker')
})

test('an archive that the service may have died of is removed', async (t) => {
  const { place, archives, archive } = await places(t)
  await writeFile(archive.path, 'damaged')
  const args = ['-e', 'process.exitCode = 134']
  const programs = [
    {
      name: 'broker',
      command: process.execPath,
      args,
      archive: { kind: 'mapped', path: archive.path },
      endWith: 'SIGTERM',
    } as const,
  ]
  const keeper = startKeeper({ folder: place, programs }, process.env)
  await assert.rejects(keeper.ended, /exit code 134/)
  await keeper.stop()
  assert.deepEqual(await readdir(archives), [])
})

test('when the keeper itself is killed, the service and the folder go all the same', async (t) => {
  const { folder, port, keeper } = await kept(t)
  process.kill(Number(keeper.pid), 'SIGKILL')
  await assert.rejects(keeper.ended, /The process that keeps the stack ended by itself/)
  await keeper.stop()
  // Nobody's child any more, so its end can be seen but not awaited.
  const until = performance.now() + 10_000
  while (await portAnswers(port)) assert.ok(performance.now() < until, 'the service lives on')
  assert.equal(await exists(folder), false)
})

test('a service killed by order is no surprise, and can be started again', async (t) => {
  const { port, folder, keeper } = await kept(t)
  let surprise: unknown
  keeper.ended.catch((error: unknown) => (surprise = error))
  await keeper.kill('broker')
  assert.equal(await portAnswers(port), false)
  await keeper.kill('broker')
  keeper.revive('broker')
  keeper.revive('broker')
  await listens(port)
  await keeper.kill('broker', 'SIGTERM')
  assert.equal(await portAnswers(port), false)
  keeper.revive('broker')
  await listens(port)
  assert.equal(surprise, undefined)
  await keeper.stop()
  assert.equal(await portAnswers(port), false)
  assert.equal(await exists(folder), false)
})

test('a service that ends after it was started again is reported', async (t) => {
  const { port, keeper } = await kept(t)
  await keeper.kill('broker')
  keeper.revive('broker')
  await listens(port)
  await fetch(`http://127.0.0.1:${port}`).catch(() => undefined)
  await assert.rejects(keeper.ended, /The broker of the stack ended by itself \(exit code 4\)/)
  await keeper.stop()
})

test('a kill is refused once the keeper has gone', async (t) => {
  const { keeper } = await kept(t)
  await keeper.stop()
  await assert.rejects(keeper.kill('broker'), /The process that keeps the stack ended by itself/)
})

test('a program that cannot be run is reported', async (t) => {
  const { place, archive } = await places(t)
  const programs = [{ name: 'broker', command: join(place, 'no-java'), args: [], archive, endWith: 'SIGTERM' } as const]
  const keeper = startKeeper({ folder: place, programs }, process.env)
  await assert.rejects(keeper.ended, /ENOENT/)
  await keeper.stop()
  assert.equal(await exists(place), false)
})

async function kept(t: TestContext) {
  const { place, archives, archive } = await places(t)
  await writeFile(join(archives, 'broker-old.jsa'), '')

  const [port = 0] = await freePorts(1)
  const args = ['-e', service(port, archive.unfinishedPath)]
  const keeper = startKeeper(
    { folder: place, programs: [{ name: 'broker', command: process.execPath, args, archive, endWith: 'SIGTERM' }] },
    process.env,
  )
  await listens(port)
  return { folder: place, archives, port, keeper }
}

async function listens(port: number): Promise<void> {
  const until = performance.now() + 10_000
  while (!(await portAnswers(port))) assert.ok(performance.now() < until, 'the service did not come up')
}

async function places(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'stack-keeping-test-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const place = join(root, 'place')
  const archives = join(root, 'archives')
  await mkdir(place)
  await mkdir(archives)
  const paths = { unfinishedPath: join(archives, '.unfinished-1-broker.jsa'), path: join(archives, 'broker-new.jsa') }
  return { place, archives, archive: { kind: 'made-at-exit', ...paths } as const }
}
