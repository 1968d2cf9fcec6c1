import assert from 'node:assert/strict'
import type { Message } from 'kafkajs'
import { FakeClock, settled } from '../support/fake-clock.ts'
import type { Point } from '../support/memory-broker/member.ts'
import { MemoryBroker } from '../support/memory-broker/memory-broker.ts'
import type { BrokerUnderTest, ContractMemberOptions, Member } from './broker-under-test.ts'
import { describeBroker } from './describe-broker.ts'
import { Listener } from './listener.ts'

class MemoryUnderTest implements BrokerUnderTest {
  readonly clock = new FakeClock()
  readonly broker = new MemoryBroker(this.clock)
  readonly producer = this.broker.producer()

  async createTopic(name: string, shape: { partitions: number; maxMessageBytes?: number }): Promise<void> {
    this.broker.createTopic(name, shape)
  }

  async deleteTopic(name: string): Promise<void> {
    this.broker.deleteTopic(name)
  }

  async appendTransaction(
    to: { topic: string; partition: number },
    messages: readonly Message[],
    outcome: 'commit' | 'abort',
  ): Promise<void> {
    this.broker.appendTransaction(to, messages, outcome)
  }

  async ends(topic: string): Promise<number[]> {
    return this.broker.ends(topic)
  }

  async committed(groupId: string, topic: string): Promise<({ offset: number; metadata: string } | undefined)[]> {
    return this.broker.committed(groupId, topic)
  }

  async member(options: ContractMemberOptions): Promise<Member> {
    return this.broker.member({ ...options, heartbeatMs: 500 })
  }

  async killedMember({ groupId, points }: { groupId: string; points: readonly Point[] }): Promise<void> {
    const listener = new Listener()
    const topics = [...new Set(points.map(({ topic }) => topic))]
    const member = this.broker.member({ groupId, topics, isOwn: false, handlers: listener.handlers, sessionTimeoutMs: 2_000 })
    await this.settled(member.start())
    await this.until('the member that will be killed has its partitions', () => listener.isAssigned)
    await this.settled(member.commit(points))
    member.crash()
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await settled()
    while (!(await condition())) assert.ok(await this.clock.step(), `nothing is left to wait for, and yet not: ${what}`)
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const note = (): void => {
      isSettled = true
    }
    promise.then(note, note)
    await this.until('a promise has settled', () => isSettled)
    return await promise
  }
}

describeBroker('the broker in memory', async () => new MemoryUnderTest())
