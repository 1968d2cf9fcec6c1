import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import type { CertificateWatch } from '../../src/tls/certificate-files.ts'
import { CertificateFiles } from '../../src/tls/certificate-files.ts'
import { SecretVolume } from '../support/secret-volume.ts'

/** Key and certificate, signed by itself; two of one kind, and one of another. */
const pemOf = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const first = pemOf('../tracker/localhost.pem')
const other = pemOf('./other-localhost.pem')
const rsa = pemOf('./rsa-localhost.pem')

const setOf = (pem: string) => ({ 'ca.pem': pem, 'tls.crt': pem, 'tls.key': pem })
const half = (pem: string) => pem.slice(0, pem.lastIndexOf('-----BEGIN') + 200)
const validTo = (pem: string) => new X509Certificate(pem).validToDate.getTime()

interface World {
  readonly volume: SecretVolume
  readonly files: CertificateFiles
  readonly kept: { files: string; why: string }[]
  readonly renewed: string[]
}

function world(t: TestContext, texts: Record<string, string> = setOf(first)): World {
  const volume = new SecretVolume(t)
  volume.put(texts)
  const kept: { files: string; why: string }[] = []
  const [caFile, certFile, keyFile] = ['ca.pem', 'tls.crt', 'tls.key'].map((name) => volume.path(name))
  const renewed: string[] = []
  const watch: CertificateWatch = { kept: (event) => kept.push(event), renewed: (event) => renewed.push(event.files) }
  return { volume, files: new CertificateFiles({ caFile, certFile, keyFile }, watch), kept, renewed }
}

test('nothing is made anew while the files hold the same, be they written again or not', (t) => {
  const { volume, files, kept, renewed } = world(t)
  const options = files.current()
  assert.equal(files.current(), options)
  volume.put(setOf(first))
  assert.equal(files.current(), options)
  assert.deepEqual([kept, renewed], [[], []])
})

test('renewed files count from the next connection on, each by itself, too', (t) => {
  const { volume, files, kept, renewed } = world(t)
  const seen = new Set([files.current()])
  assert.deepEqual(files.own, { file: volume.path('tls.crt'), validTo: validTo(first) })
  for (const texts of [setOf(other), { ...setOf(other), 'ca.pem': other + first }, setOf(rsa)]) {
    volume.put(texts)
    seen.add(files.current())
  }
  assert.equal(seen.size, 4)
  assert.equal(files.own?.validTo, validTo(rsa))
  const all = ['ca.pem', 'tls.crt', 'tls.key'].map((name) => volume.path(name)).join(', ')
  assert.deepEqual([kept, renewed], [[], [all, all, all]])
})

const cert = 'no certificate that can be read: '
const key = 'no private key that can be read: '
const broken: readonly (readonly [name: string, texts: Record<string, string>, files: readonly string[], why: string])[] = [
  ['a new certificate, and the key of before', { 'tls.crt': other }, ['tls.crt', 'tls.key'], 'key values mismatch'],
  ['a new key, and the certificate of before', { 'tls.key': other }, ['tls.crt', 'tls.key'], 'key values mismatch'],
  ['a new certificate of another kind than the key', { 'tls.crt': rsa }, ['tls.crt', 'tls.key'], 'key values mismatch'],
  ['a certificate that is half there', { 'tls.crt': half(first) }, ['tls.crt'], `${cert}bad end line`],
  ['a chain that is half there', { 'tls.crt': first + half(other) }, ['tls.crt'], `${cert}bad end line`],
  ['an empty certificate', { 'tls.crt': '' }, ['tls.crt'], `${cert}no start line`],
  ['a key that is half there', { 'tls.key': first.slice(0, 100) }, ['tls.key'], `${key}unsupported`],
  ['an authority that is none', { 'ca.pem': 'garbage' }, ['ca.pem'], `${cert}no start line`],
  ['an empty file of authorities', { 'ca.pem': '' }, ['ca.pem'], `${cert}no start line`],
  ['authorities of which the last is half there', { 'ca.pem': first + half(other) }, ['ca.pem'], `${cert}bad end line`],
]

describe('what is of no use is named once, and what was there before stays, until there is something of use', () => {
  const check = ({ volume, files, kept }: World, texts: Record<string, string>, expected: World['kept'][number]) => {
    const before = files.current()
    const { own } = files
    volume.put(texts)
    for (let connection = 1; connection <= 3; connection += 1) assert.equal(files.current(), before)
    assert.deepEqual(files.own, own)
    assert.deepEqual(kept.splice(0), [expected])
    volume.put(setOf(other))
    assert.notEqual(files.current(), before)
    assert.equal(files.own?.validTo, validTo(other))
    assert.deepEqual(kept, [])
  }

  for (const [name, texts, names, why] of broken) {
    test(name, (t) => {
      const under = world(t)
      const files = names.map((each) => under.volume.path(each)).join(', ')
      check(under, { ...setOf(first), ...texts }, { files, why })
    })
  }

  for (const gone of ['ca.pem', 'tls.crt', 'tls.key']) {
    test(`no ${gone}`, (t) => {
      const under = world(t)
      const { [gone]: _gone, ...texts } = setOf(first) as Record<string, string>
      const files = under.volume.path(gone)
      check(under, texts, { files, why: `ENOENT: no such file or directory, open '${files}'` })
    })
  }
})

test('each change that is of no use is named, though it be so for the same reason, or as one was before', (t) => {
  const { volume, files, kept } = world(t)
  const good = files.current()
  const said = (texts: Record<string, string>) => {
    volume.put({ ...setOf(first), ...texts })
    assert.equal(files.current(), good)
    assert.equal(files.current(), good)
    return kept.splice(0).length
  }
  const told = [{ 'ca.pem': 'garbage' }, { 'ca.pem': 'more of it' }, { 'tls.key': other }, {}, { 'tls.key': other }].map(said)
  assert.deepEqual(told, [1, 1, 1, 0, 1])
})

test('where they are of no use from the start each connection fails by it, until they are', (t) => {
  const { volume, files, kept } = world(t, { ...setOf(first), 'tls.key': rsa })
  for (let connection = 1; connection <= 2; connection += 1) {
    assert.throws(() => files.current(), {
      name: 'CertificateFault',
      message: 'certificates cannot be used: key values mismatch',
    })
  }
  assert.equal(files.own, undefined)
  volume.put(setOf(first))
  assert.equal(files.current(), files.current())
  assert.deepEqual(kept, [])
})

test('a file that is not there at the start is an error at once', (t) => {
  assert.throws(() => world(t, { 'tls.crt': first, 'tls.key': first }), /certificates cannot be used: ENOENT: .*ca\.pem/)
})

test('an authority that is none passes at the start, and is what nobody is trusted by', (t) => {
  const { volume, files, kept } = world(t, { ...setOf(first), 'ca.pem': 'garbage' })
  const options = files.current()
  volume.put(setOf(first))
  assert.notEqual(files.current(), options)
  assert.deepEqual(kept, [])
})
