import type { Cure } from './brake-plan.ts'
import type { BrakeRules } from './braking.ts'
import type { Instance } from './instance.ts'
import type { Dice, Restart, Schedule } from './schedule.ts'

/** With what a process begins. */
export interface Configuration {
  readonly isMended: boolean
  /** Undefined: the brake is off. */
  readonly brake: BrakeRules | undefined
}

export interface FleetParts {
  readonly schedule: Schedule
  readonly dice: Dice
  readonly begin: (configuration: Configuration) => Instance
  /** After so many milliseconds; the run is not over before. */
  readonly at: (ms: number, run: () => void) => void
  /** From now on an event may be accepted twice. */
  readonly onRepeat: () => void
}

/** The processes of the service: they begin, end, and begin with another configuration. */
export class Fleet {
  readonly #parts: FleetParts
  readonly instances: Instance[] = []
  #configuration: Configuration
  #cures: readonly Cure[]
  /** Instances that are being drained. */
  leaving = 0
  readonly counts = { kills: 0, joins: 0, drains: 0, lost: 0, mended: 0, released: 0 }

  constructor(parts: FleetParts) {
    this.#parts = parts
    const { brake } = parts.schedule
    this.#configuration = { isMended: false, brake: brake?.rules }
    this.#cures = brake?.cures ?? []
  }

  start(): void {
    const instance = this.#parts.begin(this.#configuration)
    instance.start()
    this.instances.push(instance)
  }

  restart(how: Exclude<Restart['how'], 'spoil' | 'expire'>): void {
    if (how === 'lose') {
      this.#lose()
      return
    }
    if (how === 'join') {
      this.counts.joins += 1
      this.start()
      return
    }
    // The last one stays, unless another follows it.
    if (this.instances.length === 0 || (how === 'leave' && this.instances.length === 1)) return
    const [instance] = this.instances.splice(this.#parts.dice.between(0, this.instances.length - 1), 1)
    if (instance !== undefined) this.#end(instance, how)
  }

  #end(instance: Instance, how: 'kill' | 'drain' | 'leave'): void {
    if (how === 'kill') {
      this.counts.kills += 1
      this.#parts.onRepeat()
      instance.kill()
      this.start()
      return
    }
    this.counts.drains += 1
    this.leaving += 1
    void instance.drain().then((clean) => {
      this.leaving -= 1
      if (!clean) this.#parts.onRepeat()
      if (how === 'drain') this.start()
    })
  }

  /** One that is cut off from the coordinator only: it reads and sends while others take its partitions. */
  #lose(): void {
    const { dice, onRepeat, at } = this.#parts
    this.counts.lost += 1
    onRepeat()
    const heardAfterMs = dice.of(0, 1_000, 5_000)
    dice.of(...this.instances).lose(heardAfterMs)
    // The run is not over before it has joined again: until then its drain cannot be clean.
    at(heardAfterMs + 2_000, () => undefined)
  }

  /** What the operator does next about what is held. */
  cure(): void {
    const [next = 'release', ...later] = this.#cures
    this.#cures = later
    this.#parts.at(this.#parts.schedule.brake?.afterMs ?? 0, () => this.#roll(next))
  }

  mend(): void {
    this.#roll('mend')
  }

  /** One process after the other begins anew. */
  #roll(cure: Cure): void {
    const { isMended, brake } = this.#configuration
    this.#configuration = { isMended: isMended || cure === 'mend', brake: cure === 'release' ? undefined : brake }
    if (cure === 'mend') this.counts.mended += 1
    if (cure === 'release') this.counts.released += 1
    const { apartMs = 0, how = 'drain' } = this.#parts.schedule.brake ?? {}
    this.instances.slice().forEach((instance, index) => {
      this.#parts.at(index * apartMs, () => this.#replace(instance, how))
    })
  }

  #replace(instance: Instance, how: 'kill' | 'drain'): void {
    const index = this.instances.indexOf(instance)
    // It has ended meanwhile.
    if (index < 0) return
    this.instances.splice(index, 1)
    this.#end(instance, how)
  }
}
