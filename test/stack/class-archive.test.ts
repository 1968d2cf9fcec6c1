import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { archiveFlags, archiveName, archiveRefused, classArchive } from '../../src/stack/class-archive.ts'

const jar = { path: '/c/a.jar', sizeBytes: 10, mtimeMs: 5 }
const key = { javaVersion: 'openjdk version "17.0.15"', flags: ['-Xmx256m'], jars: [jar] }

test('the same JVM, flags and jars find the same archive', () => {
  assert.equal(archiveName('broker', key), archiveName('broker', structuredClone(key)))
})

test('whatever the JVM would refuse an archive for has another name', () => {
  const others = [
    { ...key, javaVersion: 'openjdk version "17.0.16"' },
    { ...key, flags: ['-Xmx512m'] },
    { ...key, jars: [{ ...jar, path: '/d/a.jar' }] },
    { ...key, jars: [{ ...jar, sizeBytes: 11 }] },
    { ...key, jars: [{ ...jar, mtimeMs: 6 }] },
    { ...key, jars: [jar, jar] },
  ]
  const names = new Set([key, ...others].map((each) => archiveName('broker', each)))
  assert.equal(names.size, 1 + others.length)
})

test('an archive is made at exit under a name of its own, and mapped once it is there', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'stack-archive-test-'))
  t.after(() => rm(cache, { recursive: true, force: true }))
  const first = await classArchive(cache, 'broker', key)
  assert.equal(first.kind, 'made-at-exit')
  assert.match(archiveFlags(first).join(' '), /^-XX:ArchiveClassesAtExit=.*\.unfinished-/)
  await writeFile(first.path, '')
  const second = await classArchive(cache, 'broker', key)
  assert.deepEqual(second, { kind: 'mapped', path: first.path })
  assert.deepEqual(archiveFlags(second), [`-XX:SharedArchiveFile=${first.path}`, '-Xlog:cds'])
})

test('the log tells a refused archive from a mapped one', () => {
  assert.equal(archiveRefused('[0.018s][info][cds] UseSharedSpaces: The shared archive file has a bad magic number.'), true)
  assert.equal(
    archiveRefused('[0.018s][warning][cds,dynamic] Unable to use shared archive. The top archive failed validation'),
    true,
  )
  assert.equal(archiveRefused('[0.004s][info][cds] Mapped dynamic region #0 (ReadWrite)\nelsewhere: unable to use'), false)
})
