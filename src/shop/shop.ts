/** The shop on a cluster: its topics, what its services write there, and what the sink's group has made of it. */
import type { Cluster } from '../stack/cluster.ts'
import type { ShopEvent } from './events.ts'
import { PARTITIONS, subjects, TOPICS } from './events.ts'
import type { Accepted, Evidence, Findings } from './verdict.ts'
import { findingsOf } from './verdict.ts'

export class Shop {
  readonly #cluster: Cluster
  readonly #prefix: string

  /** `prefix`: in front of the names of topics and groups; the topics must be new for the findings to be right. */
  constructor(cluster: Cluster, prefix: string) {
    this.#cluster = cluster
    this.#prefix = prefix
  }

  /** Makes the topics that are read. */
  async createTopics(): Promise<void> {
    for (const topic of TOPICS) await this.#cluster.createTopic(this.#prefix + topic, PARTITIONS)
  }

  /** The registry's ids of what the services write, as `shopEvents` takes them. */
  async register(): Promise<Map<string, number>> {
    const ids = new Map<string, number>()
    for (const { kind, subject, schema, references } of subjects) {
      const referred = []
      for (const each of references) referred.push(await this.#cluster.registerReferred(each.name, each.subject, each.schema))
      ids.set(kind, await this.#cluster.register(subject, schema, referred))
    }
    return ids
  }

  async publish(events: readonly ShopEvent[]): Promise<void> {
    const byTopic = Map.groupBy(events, ({ topic }) => topic)
    await Promise.all([...byTopic].map(([topic, messages]) => this.#cluster.produce(this.#prefix + topic, messages)))
  }

  /** Records that the sink's group has yet to commit. */
  async uncommitted(): Promise<number> {
    let left = 0
    for (const name of TOPICS) {
      const topic = this.#prefix + name
      const [ends, committed] = await Promise.all([this.#cluster.ends(topic), this.#cluster.committed(this.#group, topic)])
      left += ends.reduce((sum, end, partition) => sum + end - Math.max(0, committed[partition] ?? 0), 0)
    }
    return left
  }

  /** What became of all that was published, in that order, once everything is committed. */
  async findings(events: Evidence['events'], accepted: readonly Accepted[]): Promise<Findings> {
    const parked = await this.#cluster.readAll(`${this.#group}.retry.30s`)
    const deadLetters = await this.#cluster.readAll(`${this.#group}.dead-letter`)
    return findingsOf({ events, accepted, parked, deadLetters, prefix: this.#prefix })
  }

  /** As config/demo.yaml has it. */
  get #group(): string {
    return `${this.#prefix}shop-sink`
  }
}
