import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listedFacts } from '../../src/dead-letters/facts.ts'
import { survey } from '../../src/dead-letters/survey.ts'
import { Tally } from '../../src/dead-letters/tally.ts'
import { listedLine, tallyText } from '../../src/dead-letters/text.ts'
import { all, FakeSource, letterOf } from './letters.ts'

test('the first that match are shown, all that match are counted', async () => {
  const letters = Array.from({ length: 10 }, (_, offset) =>
    letterOf(offset, { reason: offset % 3 === 0 ? 'malformed' : 'rejected' }),
  )
  const source = new FakeSource([
    { partition: 0, letters: letters.slice(0, 6), upTo: 6 },
    { partition: 0, letters: letters.slice(6), upTo: 10 },
  ])
  const shown: number[] = []
  const tally = await survey({
    source,
    filter: { ...all, reason: 'malformed' },
    limit: 2,
    show: ({ record }) => void shown.push(record.offset),
    signal: new AbortController().signal,
  })
  assert.deepEqual(shown, [0, 3])
  assert.deepEqual([tally.total, tally.byReason, tally.byTopic], [4, { malformed: 4 }, { orders: 4 }])
})

test('asked to end, it shows no further record', async () => {
  const stop = new AbortController()
  const source = new FakeSource([{ partition: 0, letters: [letterOf(0), letterOf(1)], upTo: 2 }])
  const tally = await survey({ source, filter: all, limit: 9, show: () => stop.abort(), signal: stop.signal })
  assert.equal(tally.total, 1)
})

test('totals stand by number, then by name; names beyond a thousand are counted together', () => {
  const tally = new Tally()
  for (const reason of ['b', 'c', 'c', 'a', undefined]) tally.add(letterOf(0, { reason }))
  assert.equal(tallyText(tally), '  by reason: c 2, (unknown) 1, a 1, b 1\n  by topic:  orders 5')
  for (let name = 0; name < 1_500; name += 1) tally.add(letterOf(0, { reason: `forged-${name}` }))
  const counts = tally.byReason
  assert.ok(Object.keys(counts).length <= 1_001)
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    1_505,
  )
})

test('a line names place, time, reason, attempts, origin and detail, whatever is missing', () => {
  assert.equal(
    listedLine(listedFacts(letterOf(12))),
    '0@12  2023-11-14T22:13:32.000Z  rejected  4 attempts  orders-0@1012  status 400',
  )
  const bare = letterOf(12, { reason: undefined, detail: undefined })
  assert.match(listedLine(listedFacts(bare)), / {2}\(unknown\) {2}4 attempts {2}orders-0@1012$/)
})
