import assert from 'node:assert/strict'
import { it } from 'node:test'
import { redactor } from '../../src/config/redact.ts'
import { broken, configOf } from './example.ts'

const sasl = 'startFrom: latest\n  sasl: { mechanism: plain, username: u, password: "quo\\"ted-word" }'
const text = broken('startFrom: latest', sasl)
  .replace(':8081', ':8081\n  username: me\n  password: registry-word')
  .replace('s3cret-vk', 'short')
const redact = redactor(configOf(text))

it('takes each secret out of a text, in every form that it is sent in', () => {
  const basic = Buffer.from('me:registry-word').toString('base64')
  const told = `s3cret-android, s3cret-android, registry-word, Basic ${basic}, quo"ted-word, ${JSON.stringify('quo"ted-word')}`
  assert.equal(redact(told), '***, ***, ***, Basic ***, ***, "***"')
})

it('leaves words alone that are no longer than a word', () => {
  assert.equal(redact('in short, nothing'), 'in short, nothing')
})
