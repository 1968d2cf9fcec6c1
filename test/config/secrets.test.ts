import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { redactor } from '../../src/config/redact.ts'
import { Secret } from '../../src/config/secrets.ts'
import { broken, configOf, problemsOf } from './example.ts'

let directory: string
let nowMs: number
const now = () => nowMs
const path = (name = 'token') => join(directory, name)
const put = (text: string, name = 'token') => writeFileSync(path(name), text)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'))
  nowMs = 1_000_000
})

afterEach(() => rmSync(directory, { recursive: true }))

describe('a secret', () => {
  it('shows as *** wherever it is printed', () => {
    put('s3cret')
    for (const secret of [Secret.fromText('s3cret'), Secret.fromFile(path(), now)]) {
      assert.equal(secret.read(), 's3cret')
      assert.equal(`${secret}`, '***')
      assert.equal(JSON.stringify({ secret }), '{"secret":"***"}')
      assert.equal(inspect(secret), '***')
      assert.ok(!inspect({ deep: [secret] }, { showHidden: true, depth: 9, customInspect: false }).includes('s3cret'))
      assert.deepEqual(Object.keys(secret), [])
    }
  })

  it('shows as *** in the configuration that holds it', () => {
    const sasl = 'startFrom: latest\n  sasl: { mechanism: plain, username: u, password: s3cret-kafka }'
    const config = configOf(broken('startFrom: latest', sasl).replace(':8081', ':8081\n  bearerToken: s3cret-registry'))
    assert.ok(JSON.stringify(config).includes('"token":"***"'))
    assert.ok(!JSON.stringify(config).includes('s3cret'))
    assert.ok(!inspect(config, { depth: 9 }).includes('s3cret'))
  })
})

describe('a secret in a file', () => {
  it('is the text without its last line break', () => {
    for (const [text, secret] of [
      ['a\n', 'a'],
      ['a\r\n', 'a'],
      [' a \n\n', ' a \n'],
      ['a', 'a'],
    ] as const) {
      put(text)
      assert.equal(Secret.fromFile(path(), now).read(), secret)
    }
  })

  it('is read again when it has changed, at most a second later', () => {
    put('old')
    const secret = Secret.fromFile(path(), now)
    put('new one')
    nowMs += 999
    assert.equal(secret.read(), 'old')
    nowMs += 1
    assert.equal(secret.read(), 'new one')
  })

  it('is read again when another file has taken its place', () => {
    put('old', 'a')
    put('new', 'b')
    symlinkSync(path('a'), path())
    const secret = Secret.fromFile(path(), now)
    symlinkSync(path('b'), path('next'))
    renameSync(path('next'), path())
    nowMs += 1000
    assert.equal(secret.read(), 'new')
  })

  it('stays in force while its file is gone or empty', () => {
    put('old')
    const secret = Secret.fromFile(path(), now)
    rmSync(path())
    nowMs += 1000
    assert.equal(secret.read(), 'old')
    put('')
    nowMs += 1000
    assert.equal(secret.read(), 'old')
    put('new')
    nowMs += 1000
    assert.equal(secret.read(), 'new')
  })

  it('is found from the directory of the configuration', () => {
    put('from a file\n')
    const config = configOf(broken('token: s3cret-android', 'tokenFile: ./token'), { directory, now })
    const token = config.tracker.apps[0]?.token
    assert.equal(token?.read(), 'from a file')
    put('changed\n')
    nowMs += 1000
    assert.equal(token?.read(), 'changed')
  })

  it('is refused where the file is empty, without quoting anything', () => {
    put('\n')
    assert.deepEqual(problemsOf(broken('token: s3cret-android', 'tokenFile: token'), { directory, now }), [
      'c.yaml:13:7 tracker.apps[0].tokenFile: cannot be read: the file is empty',
    ])
  })
})

describe('problems', () => {
  for (const wrong of ['[s3cret]', '{ s3cret: 1 }', '5353535353']) {
    it(`do not quote what stands for a secret: ${wrong}`, () => {
      const problems = problemsOf(broken('s3cret-android', wrong))
      assert.equal(problems.length, 1)
      assert.doesNotMatch(problems.join(), /s3cret|5353/)
    })
  }

  for (const wrong of [
    ']s3cret',
    '}s3cret',
    '|s3cret',
    '>s3cret',
    '!!s3cret a',
    '!<s3cret> a',
    '!s3!cret a',
    '*s3cret',
    '|2 s3cret\n x',
  ]) {
    it(`do not quote what the YAML parser stumbles over: ${JSON.stringify(wrong)}`, () => {
      const problems = problemsOf(broken('s3cret-android', wrong))
      assert.equal(problems.length >= 1, true)
      assert.doesNotMatch(problems.join(), /cret/)
    })
  }
})

describe('a text in which a secret came back', () => {
  const sasl = 'startFrom: latest\n  sasl: { mechanism: plain, username: u, password: "quo\\"ted-word" }'
  const text = broken('startFrom: latest', sasl)
    .replace(':8081', ':8081\n  username: me\n  password: registry-word')
    .replace('s3cret-vk', 'short')
  const redact = redactor(configOf(text))

  it('loses it, in every form that it is sent in', () => {
    const basic = Buffer.from('me:registry-word').toString('base64')
    const told = `s3cret-android, s3cret-android, registry-word, Basic ${basic}, quo"ted-word, ${JSON.stringify('quo"ted-word')}`
    assert.equal(redact(told), '***, ***, ***, Basic ***, ***, "***"')
  })

  it('keeps words that are no longer than a word', () => assert.equal(redact('in short, nothing'), 'in short, nothing'))
})
