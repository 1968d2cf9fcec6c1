// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { broken, configOf, problemsOf, valid } from './example.ts'

const token = '${TOKEN}'
const withToken = broken('s3cret-android', token)
const tokenOf = (value: string) => configOf(withToken, { env: { TOKEN: value } }).tracker.apps[0]?.token.read()

describe('a variable in a value', () => {
  for (const value of [
    'x: y',
    'a\nb: c',
    '- a',
    '"',
    "'",
    '# no comment',
    '*a',
    '{',
    ' padded ',
    'null',
    '${TOKEN}',
    '$&',
    '$1',
  ]) {
    it(`stays inside its value, whatever it holds: ${JSON.stringify(value)}`, () => assert.equal(tokenOf(value), value))
  }

  for (const value of ['0123456', '12', '1e3', 'true']) {
    it(`stays a text where a text is wanted: ${value}`, () => assert.equal(tokenOf(value), value))
  }

  it('becomes a number or a truth value where one is wanted, in quotes or not', () => {
    const text = broken('idApp: 666', 'idApp: ${ID}').replace('vkMiniApp: true', 'vkMiniApp: "${VK}"')
    const config = configOf(`${text}batch: { maxEvents: "\${EVENTS:-7}" }\n`, { env: { ID: '77', VK: 'false' } })
    assert.equal(config.tracker.apps[0]?.idApp, 77)
    assert.equal(config.tracker.apps[1]?.vkMiniApp, false)
    assert.equal(config.batch.maxEvents, 7)
  })

  it('becomes a truth value where that is one of several kinds', () => {
    const text = broken('startFrom: latest', 'startFrom: latest\n  ssl: ${SSL}')
    assert.equal(configOf(text, { env: { SSL: 'true' } }).kafka.ssl, true)
  })

  it('becomes a duration', () => {
    assert.equal(configOf(`${valid}batch: { linger: "\${LINGER}" }\n`, { env: { LINGER: '2s' } }).batch.linger, 2000)
  })

  it('is checked like any other value', () => {
    assert.deepEqual(problemsOf(broken('idApp: 666', 'idApp: ${ID}'), { env: { ID: 'abc' } }), [
      'c.yaml:12:7 tracker.apps[0].idApp: "abc" is not allowed here; write a whole number from 1 to 2147483647',
    ])
  })

  it('may be a part of the value, several times', () => {
    const text = broken('localhost:8081', '${HOST}:${PORT:-8081}/${HOST}')
    assert.equal(configOf(text, { env: { HOST: 'registry' } }).schemaRegistry.url, 'http://registry:8081/registry')
  })

  it('is replaced by its default where it is missing or empty', () => {
    const text = broken('groupId: sink', 'groupId: ${GROUP:-fallback}')
    assert.equal(configOf(text).kafka.groupId, 'fallback')
    assert.equal(configOf(text, { env: { GROUP: '' } }).kafka.groupId, 'fallback')
    assert.equal(configOf(text, { env: { GROUP: 'mine' } }).kafka.groupId, 'mine')
  })

  it('is asked for where it is missing without default, and nothing else is said about its place', () => {
    assert.deepEqual(problemsOf(broken('idApp: 666', 'idApp: ${ID}')), [
      'c.yaml:12:7 tracker.apps[0].idApp: names the variable ID, which is not set; set it, or write ${ID:-default}',
    ])
  })

  it('is asked for in an element of a list, at the element', () => {
    assert.deepEqual(problemsOf(broken('[shop.users, shop.orders]', '\n    - shop.users\n    - ${TOPIC}')), [
      'c.yaml:6:7 kafka.topics[1]: names the variable TOPIC, which is not set; set it, or write ${TOPIC:-default}',
    ])
  })

  it('is no property that every object has', () => {
    assert.deepEqual(problemsOf(broken('groupId: sink', 'groupId: ${constructor}')), [
      'c.yaml:3:3 kafka.groupId: names the variable constructor, which is not set; set it, or write ${constructor:-default}',
    ])
  })

  it('has a name of letters, digits and underscores', () => {
    assert.deepEqual(problemsOf(broken('groupId: sink', 'groupId: ${MY-GROUP}')), [
      'c.yaml:3:3 kafka.groupId: has a "${" that begins no variable; write ${NAME} or ${NAME:-default}',
    ])
  })

  it('is left alone in comments and keys', () => {
    assert.deepEqual(problemsOf(`${valid}# \${NOBODY}\n`), [])
    assert.deepEqual(
      problemsOf(broken('customUserId', '${NOBODY}')).filter((line) => line.includes('variable')),
      [],
    )
  })
})
