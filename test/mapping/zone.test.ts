import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Zones } from '../../src/mapping/zone.ts'

/** The moment of a wall clock, as ISO text; the clock's time is written as if it were UTC. */
const momentOf = (zone: string, wallText: string): string => {
  const wall = Date.parse(`${wallText}Z`) / 1_000
  return new Date((wall - new Zones().get(zone)(wall)) * 1_000).toISOString().slice(0, 19)
}

const known: readonly (readonly [string, string, string, string])[] = [
  ['winter', 'Europe/Berlin', '2024-01-15T12:00:00', '2024-01-15T11:00:00'],
  ['summer', 'Europe/Berlin', '2024-07-15T12:00:00', '2024-07-15T10:00:00'],
  ['the second before clocks go forward', 'Europe/Berlin', '2024-03-31T01:59:59', '2024-03-31T00:59:59'],
  ['the hour that never comes', 'Europe/Berlin', '2024-03-31T02:30:00', '2024-03-31T01:30:00'],
  ['the hour after it', 'Europe/Berlin', '2024-03-31T03:00:00', '2024-03-31T01:00:00'],
  ['the hour before the one that comes twice', 'Europe/Berlin', '2024-10-27T01:59:59', '2024-10-26T23:59:59'],
  ['the hour that comes twice', 'Europe/Berlin', '2024-10-27T02:30:00', '2024-10-27T00:30:00'],
  ['the hour after it', 'Europe/Berlin', '2024-10-27T03:00:00', '2024-10-27T02:00:00'],
  ['the hour that comes twice, west of Greenwich', 'America/New_York', '2024-11-03T01:30:00', '2024-11-03T05:30:00'],
  ['the hour that never comes, west of Greenwich', 'America/New_York', '2024-03-10T02:30:00', '2024-03-10T07:30:00'],
  ['an offset of quarter hours', 'Asia/Kathmandu', '2024-01-01T00:00:00', '2023-12-31T18:15:00'],
  ['half an hour that comes twice', 'Australia/Lord_Howe', '2024-04-07T01:45:00', '2024-04-06T14:45:00'],
  ['a day that never came', 'Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T22:00:00'],
  ['a zone that gave up its changes', 'Europe/Moscow', '2014-10-26T01:30:00', '2014-10-25T21:30:00'],
  ['no zone at all', 'UTC', '2024-07-15T12:00:00', '2024-07-15T12:00:00'],
]

for (const [what, zone, wall, moment] of known) {
  test(`${wall} in ${zone}, ${what}, is ${moment} in UTC`, () => assert.equal(momentOf(zone, wall), moment))
}

/** What a clock on the wall shows at a moment, by another part of the engine than the one that is used. */
const clocks = new Map<string, Intl.DateTimeFormat>()
const shown = (zone: string, seconds: number): number => {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
  clocks.set(zone, clock)
  const part = Object.fromEntries(clock.formatToParts(seconds * 1_000).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(part.year ?? 0, (part.month ?? 0) - 1, part.day, part.hour, part.minute, part.second) / 1_000
}

const moments = fc.integer({ min: 0, max: 2_000_000_000 })
const zoneNames = [
  'Europe/Berlin',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Gaza',
  'Pacific/Apia',
  'Asia/Tehran',
]

test('whatever a clock shows comes to the first moment at which it shows that', () => {
  const zones = new Zones()
  fc.assert(
    fc.property(fc.constantFrom(...zoneNames), moments, (name, moment) => {
      const wall = shown(name, moment)
      const found = wall - zones.get(name)(wall)
      assert.equal(shown(name, found), wall)
      assert.ok(found <= moment)
    }),
    { seed: 1, numRuns: 2_000 },
  )
})

test('around each change of a clock every quarter of an hour comes to its moment, or is moved on by what was left out', () => {
  const zones = new Zones()
  for (const [name, change] of [
    ['Europe/Berlin', 1_711_846_800],
    ['Europe/Berlin', 1_729_990_800],
    ['America/New_York', 1_730_613_600],
    ['Australia/Lord_Howe', 1_712_415_600],
  ] as const) {
    for (let wall = change - 86_400; wall <= change + 86_400; wall += 900) {
      const found = wall - zones.get(name)(wall)
      const moments = Array.from({ length: 121 }, (_, quarter) => wall - 54_000 + quarter * 900)
      const first = moments.find((moment) => shown(name, moment) === wall)
      if (first === undefined) assert.ok([1_800, 3_600].includes(shown(name, found) - wall))
      else assert.equal(found, first)
    }
  }
})

test('a moment beyond all calendars has no offset, and nothing throws', () => {
  const zone = new Zones().get('Europe/Berlin')
  for (const seconds of [1e300, -1e300, 8.64e12, -8.64e12, Number.NaN, Number.POSITIVE_INFINITY])
    assert.ok(Number.isNaN(zone(seconds)))
})

test('a zone is made once, however many mappings name it', () => {
  const zones = new Zones()
  assert.equal(zones.get('Europe/Berlin'), zones.get('Europe/Berlin'))
})

test('more days than are remembered are told right all the same', () => {
  const zone = new Zones().get('Europe/Berlin')
  const day = (number: number): number => zone(number * 86_400 + 43_200)
  for (let number = 10_000; number < 15_000; number += 1) day(number)
  assert.deepEqual([day(19_737), day(19_919)], [3_600, 7_200])
})
