import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Kafka } from 'kafkajs'
import kafkajs from 'kafkajs'
import { repairKafkajs } from '../../src/kafka/repairs.ts'

/** The kinds of request that tests lose or hold, by their keys in Kafka's protocol. */
export const requests = { fetch: 1, listOffsets: 2, metadata: 3, commit: 8, join: 11 } as const

/** Whoever waits for the answer to a lost request waits for longer than any test. */
export const REQUEST_MS = 30_000

interface Connection {
  readonly client: Socket
  readonly broker: Socket
  /** The kinds of requests by what their answers name them by. */
  readonly asked: Map<number, number>
  isLost: (request: number) => boolean
}

/** A way to a broker of its own, on which requests get lost, answers are late and connections break. */
export class Relay {
  readonly #server: Server
  readonly #open = new Set<Connection>()
  readonly #seen = new Map<number, number>()
  /** What was answered meanwhile, by the kind of request. */
  readonly #held = new Map<number, (() => void)[]>()
  /** kafkajs has seen that its consumer crashes, and begins to put it away. */
  onCrash: () => void = () => undefined
  #isCut = false

  private constructor(brokers: readonly string[]) {
    const [host = '', port = ''] = brokers[0]?.split(':') ?? []
    this.#server = createServer((client) => this.#relay(client, connect({ host, port: Number(port), noDelay: true })))
  }

  static async start(t: { after(end: () => void): void }, brokers: readonly string[]): Promise<Relay> {
    const relay = new Relay(brokers)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    t.after(() => {
      relay.#server.close()
      relay.cut()
    })
    return relay
  }

  /** All of its connections lead through here, whatever address the broker gives. It gives up sooner than a service's. */
  kafka(): Kafka {
    repairKafkajs()
    const { port } = this.#server.address() as AddressInfo
    return new kafkajs.Kafka({
      brokers: [`127.0.0.1:${port}`],
      socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port, noDelay: true }, onConnect),
      requestTimeout: REQUEST_MS,
      retry: { retries: 2, initialRetryTime: 100 },
      logCreator: () => (entry) => {
        if (entry.log.message.startsWith('Crash: ')) this.onCrash()
      },
    })
  }

  /** Requests of these kinds that come over the connections of now are never answered; without a word, none is. */
  lose(...kinds: readonly number[]): void {
    for (const connection of this.#open) connection.isLost = (kind) => kinds.length === 0 || kinds.includes(kind)
  }

  /** Answers to these requests wait here until they are released; those to fetches and commits only if they refuse a partition. */
  hold(kind: number): void {
    this.#held.set(kind, [])
  }

  /** How many wait. */
  held(kind: number): number {
    return this.#held.get(kind)?.length ?? 0
  }

  release(kind: number): void {
    for (const answer of this.#held.get(kind) ?? []) answer()
    this.#held.delete(kind)
  }

  /** Every connection breaks, and each new one at once. */
  cut(): void {
    this.#isCut = true
    for (const { client, broker } of this.#open) {
      client.destroy()
      broker.destroy()
    }
  }

  mend(): void {
    this.#isCut = false
  }

  get connections(): number {
    return this.#open.size
  }

  /** How many requests of the kind have come. */
  seen(kind: number): number {
    return this.#seen.get(kind) ?? 0
  }

  /** How many requests of the kind wait for their answer. */
  unanswered(kind: number): number {
    return [...this.#open].flatMap(({ asked }) => [...asked.values()]).filter((each) => each === kind).length
  }

  #relay(client: Socket, broker: Socket): void {
    const connection: Connection = { client, broker, asked: new Map(), isLost: () => false }
    this.#open.add(connection)
    const end = (): void => {
      this.#open.delete(connection)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) socket.on('error', end).on('close', end)
    if (this.#isCut) {
      end()
      return
    }
    client.on(
      'data',
      inMessages((request) => this.#pass(request, connection)),
    )
    broker.on(
      'data',
      inMessages((answer) => this.#answer(answer, connection)),
    )
  }

  #pass(request: Buffer, { broker, asked, isLost }: Connection): void {
    const kind = request.readInt16BE(4)
    this.#seen.set(kind, this.seen(kind) + 1)
    asked.set(request.readInt32BE(8), kind)
    if (!isLost(kind)) broker.write(request)
  }

  #answer(answer: Buffer, { client, asked }: Connection): void {
    const id = answer.readInt32BE(4)
    const kind = asked.get(id) ?? -1
    asked.delete(id)
    const held = this.#held.get(kind)
    if (held === undefined || isAccepted(answer, kind)) client.write(answer)
    else held.push(() => client.write(answer))
  }
}

/** Of a stream, which is cut anywhere. */
function inMessages(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let unread = Buffer.alloc(0)
  return (bytes) => {
    unread = Buffer.concat([unread, bytes])
    for (let size = sizeOf(unread); unread.length >= size; size = sizeOf(unread)) {
      take(unread.subarray(0, size))
      unread = unread.subarray(size)
    }
  }
}

/** Of the first message, its length in front included. */
function sizeOf(unread: Buffer): number {
  return unread.length < 4 ? Number.POSITIVE_INFINITY : 4 + unread.readInt32BE(0)
}

/** Where the topics begin in answers: behind length, id and throttle time, and those to fetches have an error and a session, too. */
const TOPICS_AT: Readonly<Record<number, number>> = { [requests.fetch]: 18, [requests.commit]: 12 }

/** Whether the answer is one to a fetch or a commit, and refuses nothing of the first partition that it names. */
function isAccepted(answer: Buffer, kind: number): boolean {
  const topics = TOPICS_AT[kind]
  if (topics === undefined) return false
  if (answer.readInt32BE(topics) === 0) return true
  const partitions = topics + 6 + answer.readInt16BE(topics + 4)
  return answer.readInt16BE(partitions + 8) === 0
}
