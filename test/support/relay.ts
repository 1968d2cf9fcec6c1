import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Kafka } from 'kafkajs'
import kafkajs from 'kafkajs'
import { repairKafkajs } from '../../src/kafka/repairs.ts'

/** The kinds of request that tests lose, by their keys in Kafka's protocol. */
export const requests = { fetch: 1, commit: 8, join: 11 } as const

/** Whoever waits for the answer to a lost request waits for longer than any test. */
export const REQUEST_MS = 30_000

interface Connection {
  readonly client: Socket
  readonly broker: Socket
  isLost: (request: number) => boolean
}

/** A way to a broker of its own, on which requests get lost and connections break. */
export class Relay {
  readonly #server: Server
  readonly #open = new Set<Connection>()
  readonly #seen = new Map<number, number>()
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

  #relay(client: Socket, broker: Socket): void {
    const connection: Connection = { client, broker, isLost: () => false }
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
    let unread = Buffer.alloc(0)
    client.on('data', (bytes) => {
      unread = Buffer.concat([unread, bytes])
      for (let size = sizeOf(unread); unread.length >= size; size = sizeOf(unread)) {
        this.#pass(unread.subarray(0, size), connection)
        unread = unread.subarray(size)
      }
    })
    broker.on('data', (bytes) => client.write(bytes))
  }

  #pass(request: Buffer, { broker, isLost }: Connection): void {
    const kind = request.readInt16BE(4)
    this.#seen.set(kind, this.seen(kind) + 1)
    if (!isLost(kind)) broker.write(request)
  }
}

/** Of the first request, its length in front included. */
function sizeOf(unread: Buffer): number {
  return unread.length < 4 ? Number.POSITIVE_INFINITY : 4 + unread.readInt32BE(0)
}
