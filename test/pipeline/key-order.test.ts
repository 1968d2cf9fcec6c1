import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batch } from '../../src/pipeline/batch.ts'
import { KeyOrder, release, waitFor } from '../../src/pipeline/key-order.ts'
import { logins, openHitOf } from '../support/pipeline-fakes.ts'

const batchOf = (): Batch => new Batch(logins, 0)

test('a text means one key for as long as somebody holds it', () => {
  const order = new KeyOrder()
  const key = order.of('a')
  key.holder = batchOf()
  assert.equal(order.of('a'), key)
  assert.notEqual(order.of('b'), key)
  // Far more than are remembered; none of them is held.
  for (let each = 0; each < 50_000; each += 1) order.of(`k${each}`)
  assert.equal(order.of('a'), key)
})

test('more held keys than are remembered are all kept', () => {
  const order = new KeyOrder()
  const keys = Array.from({ length: 17_000 }, (_, each) => {
    const key = order.of(`k${each}`)
    key.holder = batchOf()
    return key
  })
  keys.forEach((key, each) => {
    assert.equal(order.of(`k${each}`), key)
  })
})

test('what waits for a key comes back in its order, once, and then nobody holds the key', () => {
  const key = new KeyOrder().of('a')
  const batch = batchOf()
  key.holder = batch
  const waiting = [openHitOf(1), openHitOf(2), openHitOf(3)]
  for (const open of waiting) waitFor(key, open)
  assert.deepEqual(release(key, batch), waiting)
  assert.deepEqual(key, { holder: undefined, waiting: undefined })
  assert.deepEqual(release(key, batch), [])
})

test('a batch that no longer holds the key releases nothing', () => {
  const key = new KeyOrder().of('a')
  const [former, holder] = [batchOf(), batchOf()]
  key.holder = holder
  waitFor(key, openHitOf(1))
  assert.deepEqual(release(key, former), [])
  assert.equal(key.holder, holder)
  assert.equal(key.waiting?.length, 1)
})
