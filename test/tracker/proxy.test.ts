import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { Variables } from '../../src/tracker/proxy.ts'
import { proxyOf } from '../../src/tracker/proxy.ts'

const endpoint = 'https://tracker.example.com'
const origin = (variables: Variables, to = endpoint) => proxyOf(to, variables)?.origin

test('the endpoint’s kind says which variable counts, and a lower-case name goes first', () => {
  const both = { HTTPS_PROXY: 'http://secure:3128', HTTP_PROXY: 'http://plain:3128' }
  assert.equal(origin(both), 'http://secure:3128')
  assert.equal(origin(both, 'http://tracker.example.com:8080'), 'http://plain:3128')
  assert.equal(origin({ HTTP_PROXY: 'http://plain:3128' }), undefined)
  assert.equal(origin({ ...both, https_proxy: 'http://lower:1' }), 'http://lower:1')
  assert.equal(origin({ ...both, https_proxy: '' }), undefined)
  assert.equal(origin({}), undefined)
})

test('a proxy without a scheme is an http one, and one over TLS keeps its own', () => {
  assert.equal(origin({ HTTPS_PROXY: 'proxy:3128' }), 'http://proxy:3128')
  assert.equal(origin({ HTTPS_PROXY: ' https://proxy:3129/ ' }), 'https://proxy:3129')
})

test('NO_PROXY names hosts, what lies below them, addresses, subnets and ports', () => {
  const kept: [noProxy: string, to: string][] = [
    ['*', endpoint],
    ['tracker.example.com', endpoint],
    ['other, tracker.example.com', endpoint],
    ['other tracker.example.com', endpoint],
    ['TRACKER.example.COM.', endpoint],
    ['example.com', endpoint],
    ['.example.com', endpoint],
    ['*.example.com', endpoint],
    ['tracker.example.com:443', endpoint],
    ['example.com:8443', 'https://tracker.example.com:8443'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['fd00::/8', 'https://[fd00::1]:8443'],
    ['fd00::1', 'https://[fd00::1]'],
    ['[fd00::1]:8443', 'https://[fd00::1]:8443'],
  ]
  for (const [NO_PROXY, to] of kept) assert.equal(origin({ HTTPS_PROXY: 'http://p', NO_PROXY }, to), undefined, NO_PROXY)
  const passed: [noProxy: string, to: string][] = [
    ['', endpoint],
    [' , ', endpoint],
    ['ample.com', endpoint],
    ['tracker.example.org', endpoint],
    ['a.tracker.example.com', endpoint],
    ['*.tracker.example.com', endpoint],
    ['tracker.example.com:80', endpoint],
    ['.', endpoint],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/99', 'https://10.1.2.3'],
    ['2.3', 'https://10.1.2.3.example.org'],
    ['[fd00::1]:443', 'https://[fd00::1]:8443'],
  ]
  for (const [NO_PROXY, to] of passed) assert.equal(origin({ HTTPS_PROXY: 'http://p', NO_PROXY }, to), 'http://p', NO_PROXY)
  assert.equal(origin({ HTTPS_PROXY: 'http://p', NO_PROXY: '*', no_proxy: 'other' }), 'http://p')
})

test('what runs on this machine is never looked for behind a proxy', () => {
  const variables = { HTTPS_PROXY: 'http://p', HTTP_PROXY: 'http://p' }
  for (const host of ['localhost:8080', '127.0.0.1:8080', '127.8.0.1', '[::1]:80', 'a.localhost'])
    assert.equal(origin(variables, `http://${host}`), undefined, host)
})

test('credentials are for the header alone: no log and no message shows them', () => {
  const proxy = proxyOf(endpoint, { HTTPS_PROXY: 'http://us%40er:s3cret%2F@proxy:3128' })
  assert.equal(proxy?.origin, 'http://proxy:3128')
  assert.equal(proxy?.authorization(), `Basic ${Buffer.from('us@er:s3cret/').toString('base64')}`)
  assert.equal(proxyOf(endpoint, { HTTPS_PROXY: 'http://proxy' })?.authorization(), undefined)
  assert.doesNotMatch(JSON.stringify(proxy) + inspect(proxy, { showHidden: true, depth: 9 }), /s3cret|Basic/)
  for (const written of ['socks5://u:s3cret@p', 'http://u:s3cret@p:port', 'http://u:s3cret%zz@p']) {
    assert.throws(
      () => proxyOf(endpoint, { HTTPS_PROXY: written }),
      (error: Error) => error.name === 'StartError' && error.message.startsWith('HTTPS_PROXY') && !/s3cret/.test(inspect(error)),
      written,
    )
  }
})
