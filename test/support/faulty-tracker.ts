/** A server below HTTP's level, for what no HTTP server would do: silence, single bytes, resets. */
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'

/** What becomes of a request; the first part of its path names it. */
export const faults = ['hung', 'dripping-headers', 'dripping-body', 'reset'] as const
export type FaultName = (typeof faults)[number]

const DRIP_MS = 3

export class FaultyTracker {
  readonly #server = createServer((socket) => this.#connected(socket))
  readonly #open = new Set<Socket>()
  readonly #holding = new Set<Socket>()
  /** Requests that arrived whole. */
  requests = 0
  /** Connections ever made. */
  connections = 0
  /** The most that were open at once. */
  openMax = 0

  static async start(): Promise<FaultyTracker> {
    const tracker = new FaultyTracker()
    await new Promise<void>((resolve) => tracker.#server.listen(0, '127.0.0.1', 1_024, resolve))
    return tracker
  }

  get open(): number {
    return this.#open.size
  }

  /** Open connections whose request has no whole answer. */
  get holding(): number {
    return this.#holding.size
  }

  endpoint(fault: FaultName): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${fault}`
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  #connected(socket: Socket): void {
    this.connections++
    this.#open.add(socket)
    this.openMax = Math.max(this.openMax, this.open)
    socket.on('close', () => {
      this.#open.delete(socket)
      this.#holding.delete(socket)
    })
    socket.on('error', () => {})
    let request = ''
    socket.on('data', (chunk) => {
      request += chunk
      // Every body of these tests is a small object, and ends with its brace.
      if (!request.endsWith('}')) return
      const fault = /^POST \/([a-z-]+)\/v1\//.exec(request)?.[1]
      request = ''
      this.requests++
      this.#holding.add(socket)
      meet(socket, fault)
    })
  }
}

const meet = (socket: Socket, fault: string | undefined): void => {
  switch (fault) {
    case 'hung':
      break
    case 'dripping-headers':
      drip(socket, 'HTTP/1.1 200 OK\r\nx-drip: ')
      break
    case 'dripping-body':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n')
      drip(socket, '{"message": "OK"')
      break
    case 'reset':
      socket.resetAndDestroy()
      break
    default:
      throw new RangeError('a path that names no fault')
  }
}

/** One byte at a time, without an end. */
const drip = (socket: Socket, beginning: string): void => {
  let place = 0
  const timer = setInterval(() => socket.write(beginning[place++] ?? 'x'), DRIP_MS)
  socket.once('close', () => clearInterval(timer))
}
