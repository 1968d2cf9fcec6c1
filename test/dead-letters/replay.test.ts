import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Filter } from '../../src/dead-letters/filter.ts'
import type { DeadLetter, Slice } from '../../src/dead-letters/ports.ts'
import { newCount, rehearse, replay } from '../../src/dead-letters/replay.ts'
import { all, FakeSource, letterOf } from './letters.ts'

/** Writes down in which order things happen; `fails` says at which write or commit the world ends. */
class World {
  readonly events: string[] = []
  readonly put: number[][] = []
  fails: string | undefined
  readonly tier = {
    put: async (letters: readonly DeadLetter[]) => {
      const offsets = letters.map(({ record }) => record.offset)
      await this.#happens(`put ${offsets[0]}-${offsets.at(-1)}`)
      this.put.push(offsets)
    },
  }
  readonly memory = {
    keep: (partition: number, offset: number, replayed: number) => this.#happens(`keep ${partition}@${offset} ${replayed}`),
  }

  async #happens(event: string): Promise<void> {
    this.events.push(`${event} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    if (this.fails === event) throw new Error(`no ${event}`)
    this.events.push(`${event} done`)
  }
}

interface Given {
  readonly slices: readonly Slice[]
  readonly filter?: Filter
  readonly limit?: number
  readonly signal?: AbortSignal
  readonly before?: ReadonlyMap<number, number>
}

function optionsOf({ slices, filter = all, limit = Number.POSITIVE_INFINITY, signal = new AbortController().signal }: Given) {
  return { source: new FakeSource(slices), filter, limit, signal }
}

const done = (events: readonly string[]): string[] =>
  events.filter((each) => each.endsWith('done')).map((each) => each.slice(0, -5))
const letters = (from: number, to: number, changed = {}): DeadLetter[] =>
  Array.from({ length: to - from }, (_, at) => letterOf(from + at, changed))

test('the memory moves over a chunk only when the tier has acknowledged it', async () => {
  const world = new World()
  const slices = [
    { partition: 0, letters: letters(0, 3), upTo: 3 },
    { partition: 1, letters: letters(5, 6), upTo: 9 },
  ]
  const count = await replay(optionsOf({ slices }), { ...world, before: new Map([[1, 40]]) })
  assert.deepEqual(world.events, [
    'put 0-2 begins',
    'put 0-2 done',
    'keep 0@3 3 begins',
    'keep 0@3 3 done',
    'put 5-5 begins',
    'put 5-5 done',
    'keep 1@9 41 begins',
    'keep 1@9 41 done',
  ])
  assert.deepEqual([count.tally.total, count.ended], [4, 'at the end'])
})

test('a chunk that is not acknowledged is not remembered, and a memory that is refused ends the replay: neither is counted', async () => {
  for (const [fails, last, counted] of [
    ['put 500-999', 'keep 0@500 500', 500],
    ['keep 0@1000 1000', 'put 500-999', 500],
  ] as const) {
    const world = new World()
    world.fails = fails
    const count = newCount()
    const slices = [{ partition: 0, letters: letters(0, 1_200), upTo: 1_200 }]
    await assert.rejects(replay(optionsOf({ slices }), { ...world, before: new Map() }, count), new RegExp(`no ${fails}`))
    assert.equal(done(world.events).at(-1), last)
    assert.equal(count.tally.total, counted)
  }
})

test('a chunk has at most 500 records and 512 KiB, and a larger record goes alone', async () => {
  const world = new World()
  const heavy = letters(1_200, 1_206, { bytes: 200 * 1024 })
  const huge = letterOf(1_206, { bytes: 900 * 1024 })
  const slices = [{ partition: 0, letters: [...letters(0, 1_200), ...heavy, huge, letterOf(1_207)], upTo: 1_208 }]
  await replay(optionsOf({ slices }), { ...world, before: new Map() })
  assert.deepEqual(
    world.put.map((offsets) => [offsets[0], offsets.length]),
    [
      [0, 500],
      [500, 500],
      [1_000, 202],
      [1_202, 2],
      [1_204, 2],
      [1_206, 1],
      [1_207, 1],
    ],
  )
  assert.deepEqual(
    done(world.events).filter((each) => each.startsWith('keep')),
    [
      'keep 0@500 500',
      'keep 0@1000 1000',
      'keep 0@1202 1202',
      'keep 0@1204 1204',
      'keep 0@1206 1206',
      'keep 0@1207 1207',
      'keep 0@1208 1208',
    ],
  )
})

test('what does not match is left out, and the memory moves over it', async () => {
  const world = new World()
  const mixed = letters(0, 6).map((letter, at) => (at % 2 === 0 ? letter : { ...letter, reason: 'malformed' }))
  const slices = [
    { partition: 0, letters: mixed, upTo: 6 },
    { partition: 0, letters: letters(6, 8, { reason: 'malformed' }), upTo: 10 },
  ]
  await replay(optionsOf({ slices, filter: { ...all, reason: 'rejected' } }), { ...world, before: new Map() })
  assert.deepEqual(world.put, [[0, 2, 4]])
  assert.deepEqual(done(world.events), ['put 0-4', 'keep 0@6 3', 'keep 0@10 3'])
})

test('a limit ends it behind the last record that it replayed, and no slice is asked for any more', async () => {
  const world = new World()
  const slices = [
    { partition: 0, letters: letters(0, 4), upTo: 4 },
    { partition: 0, letters: letters(4, 8), upTo: 8 },
    { partition: 1, letters: letters(0, 4), upTo: 4 },
  ]
  const options = optionsOf({ slices, limit: 6 })
  const count = await replay(options, { ...world, before: new Map() })
  assert.deepEqual(done(world.events), ['put 0-3', 'keep 0@4 4', 'put 4-5', 'keep 0@6 6'])
  assert.deepEqual([count.tally.total, count.ended, options.source.left.length], [6, 'at the limit', 1])
})

test('a dead letter without a value is counted and not put back: it would pass for a tombstone', async () => {
  const world = new World()
  const slices = [{ partition: 0, letters: [letterOf(0), letterOf(1, { value: null }), letterOf(2)], upTo: 3 }]
  const count = await replay(optionsOf({ slices }), { ...world, before: new Map() })
  assert.deepEqual(world.put, [[0, 2]])
  assert.deepEqual([count.tally.total, count.withoutValue], [2, 1])
})

test('asked to end, it finishes the chunk that is under way, remembers it and takes no other', async () => {
  const world = new World()
  const stop = new AbortController()
  const { put } = world.tier
  const tier = {
    put: (letters: readonly DeadLetter[]) => {
      stop.abort()
      return put(letters)
    },
  }
  const slices = [{ partition: 0, letters: letters(0, 1_200), upTo: 1_200 }]
  const count = await replay(optionsOf({ slices, signal: stop.signal }), { tier, memory: world.memory, before: new Map() })
  assert.deepEqual(done(world.events), ['put 0-499', 'keep 0@500 500'])
  assert.deepEqual([count.tally.total, count.ended], [500, 'interrupted'])
})

test('a rehearsal counts what a replay would put back', async () => {
  const slices = [{ partition: 0, letters: [...letters(0, 700), letterOf(700, { value: null })], upTo: 701 }]
  const count = await rehearse(optionsOf({ slices, limit: 600 }))
  assert.deepEqual([count.tally.total, count.ended], [600, 'at the limit'])
  assert.deepEqual((await rehearse(optionsOf({ slices }))).withoutValue, 1)
})
