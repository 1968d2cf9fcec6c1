import type { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { Dice } from './schedule.ts'

export interface GroupTopic {
  readonly groupId: string
  readonly topic: string
}

export interface TamperingParts {
  readonly broker: MemoryBroker
  readonly dice: Dice
  readonly groupTopics: readonly GroupTopic[]
  /** Those of them whose records expire. */
  readonly sources: readonly GroupTopic[]
  /** From now on an event may be accepted twice. */
  readonly onRepeat: () => void
}

/** What befalls commits and logs without any doing of the service. */
export class Tampering {
  readonly #parts: TamperingParts
  /** Commits whose metadata became those of another tool, or damaged. */
  spoilt = 0

  constructor(parts: TamperingParts) {
    this.#parts = parts
  }

  spoil(): void {
    const { broker, dice, groupTopics, onRepeat } = this.#parts
    for (const { groupId, topic } of groupTopics) {
      broker.committed(groupId, topic).forEach((commit, partition) => {
        if (commit === undefined) return
        this.spoilt += 1
        onRepeat()
        broker.spoil(groupId, { topic, partition }, dice.of('of another tool', 'mts2:AQI', 'mts1:AYA', 'mts1:____'))
      })
    }
  }

  /** Below the commit, a little above it, or all. */
  expire(): void {
    const { broker, dice, sources } = this.#parts
    for (const { groupId, topic } of sources) {
      const committed = broker.committed(groupId, topic)
      broker.ends(topic).forEach((end, partition) => {
        broker.expire({ topic, partition }, (committed[partition]?.offset ?? 0) + dice.of(-2, 1, 5, 20, end))
      })
    }
  }
}
