import type { TopicPartition, Topics } from './topics.ts'
import { nameOf } from './topics.ts'

/** What the coordinator knows of a member. */
export interface GroupMember {
  readonly topics: readonly string[]
  /** The answer to a heartbeat from now on: join again. */
  rebalancing(): void
  /** Everybody has joined. */
  joined(generation: number, assignment: ReadonlyMap<string, readonly number[]>): void
}

export interface Commit extends TopicPartition {
  readonly offset: number
  readonly metadata: string
}

/** The broker takes no more, in bytes. */
const METADATA_MAX = 4_096

/** A group's coordinator, with the barrier of the classic protocol: a generation begins when every member has joined again. */
export class Group {
  readonly #topics: Topics
  readonly #members = new Set<GroupMember>()
  /** Those that have joined the generation to come. */
  readonly #waiting = new Set<GroupMember>()
  readonly #commits = new Map<string, Commit>()
  #generation = 0

  constructor(topics: Topics) {
    this.#topics = topics
  }

  join(member: GroupMember): void {
    this.#members.add(member)
    this.#waiting.add(member)
    this.#rebalance()
  }

  /** Said by the member, or found out when its session ended. */
  leave(member: GroupMember): void {
    this.#waiting.delete(member)
    if (this.#members.delete(member)) this.#rebalance()
  }

  /** The error's type; undefined: all are committed. Those that can be are committed even where another cannot. */
  commit(member: GroupMember, generation: number, commits: readonly Commit[]): string | undefined {
    if (!this.#members.has(member)) return 'UNKNOWN_MEMBER_ID'
    // Who waits for the new generation has its connection blocked by that: what it sends is read when the old one is over.
    if (generation !== this.#generation || this.#waiting.has(member)) return 'ILLEGAL_GENERATION'
    let error: string | undefined
    for (const commit of commits) {
      if (this.#topics.log(commit) === undefined) error = 'UNKNOWN_TOPIC_OR_PARTITION'
      else if (Buffer.byteLength(commit.metadata) > METADATA_MAX) error = 'OFFSET_METADATA_TOO_LARGE'
      // Neither the partition's owner nor the order of offsets is looked at.
      else this.#commits.set(nameOf(commit), commit)
    }
    return error
  }

  committed(of: TopicPartition): Commit | undefined {
    return this.#commits.get(nameOf(of))
  }

  get commits(): Commit[] {
    return [...this.#commits.values()]
  }

  spoil(of: TopicPartition, metadata: string): void {
    const commit = this.committed(of)
    if (commit !== undefined) this.#commits.set(nameOf(of), { ...commit, metadata })
  }

  /** The topic is gone, and what was committed for it. */
  forget(topic: string): void {
    for (const [name, commit] of this.#commits) if (commit.topic === topic) this.#commits.delete(name)
  }

  #rebalance(): void {
    if (this.#waiting.size < this.#members.size) {
      for (const member of this.#members) if (!this.#waiting.has(member)) member.rebalancing()
      return
    }
    this.#generation += 1
    this.#waiting.clear()
    const assignments = this.#assign()
    for (const [member, assignment] of assignments) member.joined(this.#generation, assignment)
  }

  /** Partition by partition in turn, as kafkajs deals them out. */
  #assign(): Map<GroupMember, Map<string, number[]>> {
    const members = [...this.#members]
    const assignments = new Map(members.map((member) => [member, new Map<string, number[]>()]))
    let turn = 0
    for (const topic of new Set(members.flatMap(({ topics }) => topics))) {
      for (const partition of this.#topics.find(topic)?.partitions.keys() ?? []) {
        const assignment = assignments.get(members[turn % members.length] as GroupMember)
        assignment?.set(topic, [...(assignment.get(topic) ?? []), partition])
        turn += 1
      }
    }
    return assignments
  }
}
