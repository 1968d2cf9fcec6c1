/** A time zone: what is to be taken from a wall clock's seconds since 1970 to get the seconds since 1970 in UTC. */
export type Zone = (wallSeconds: number) => number

/** Zones by name, one object for each: its tables are shared by all mappings. */
export class Zones {
  readonly #zones = new Map<string, Zone>()

  /** Throws for a name that is no zone; the configuration has been checked for that. */
  get(name: string): Zone {
    const zone = this.#zones.get(name) ?? wallClockOf(new Offsets(name))
    this.#zones.set(name, zone)
    return zone
  }
}

/**
 * Where clocks go back, an hour of the wall clock comes twice: the first of the two is meant. Where they go forward, an hour of it
 * never comes: a time in it is taken for as much later as was left out. Both come to the same: the offset before the change holds.
 */
function wallClockOf(offsets: Offsets): Zone {
  return (wall) => {
    // No zone is as far as a day from UTC, so the one is before any change that could matter and the other behind it.
    const before = offsets.at(wall - DAY_S)
    const behind = offsets.at(wall + DAY_S)
    if (before === behind || offsets.at(wall - before) === before) return before
    return offsets.at(wall - behind) === behind ? behind : before
  }
}

const DAY_S = 86_400
/** The range of Date, a few days short, so that a look at the days around is within it, too. */
const FARTHEST_S = 8.64e12 - 4 * DAY_S
/** Days of which the offsets are remembered; events are of few days, unless somebody replays years. */
const DAYS_MAX = 4_096

/** Offset until `change`, in seconds since 1970, and from then on. */
interface Day {
  readonly from: number
  readonly change: number
  readonly to: number
}

/** The offsets of one zone. The engine is asked once for each day and change, since it takes a microsecond for each answer. */
class Offsets {
  readonly #format: Intl.DateTimeFormat
  readonly #days = new Map<number, Day>()

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  }

  /** Seconds east of UTC at a moment; NaN: there is no such moment. */
  at(seconds: number): number {
    const number = Math.floor(seconds / DAY_S)
    const day = this.#days.get(number) ?? this.#remember(number)
    return seconds < day.change ? day.from : day.to
  }

  #remember(number: number): Day {
    const start = number * DAY_S
    if (!(Math.abs(start) <= FARTHEST_S)) return NOWHERE
    const from = this.#ask(start)
    const to = this.#ask(start + DAY_S)
    const day = { from, to, change: from === to ? Number.POSITIVE_INFINITY : this.#changeIn(start, from) }
    if (this.#days.size >= DAYS_MAX) this.#days.clear()
    this.#days.set(number, day)
    return day
  }

  /** The first second of a day that has another offset than its start: the day is halved until it is found. */
  #changeIn(start: number, from: number): number {
    let [old, changed] = [start, start + DAY_S]
    while (changed - old > 1) {
      const middle = Math.floor((old + changed) / 2)
      if (this.#ask(middle) === from) old = middle
      else changed = middle
    }
    return changed
  }

  #ask(seconds: number): number {
    // `3/31/2024, GMT+02:00`; UTC itself is bare `GMT` in some versions, and the nineteenth century has seconds.
    const [, sign, hours, minutes, rest] =
      /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(this.#format.format(seconds * 1_000)) ?? []
    const size = Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(rest ?? 0)
    return sign === '-' ? -size : size
  }
}

const NOWHERE: Day = { from: Number.NaN, to: Number.NaN, change: Number.POSITIVE_INFINITY }
