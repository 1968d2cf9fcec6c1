import type { AddressInfo, Server } from 'node:net'
import { connect, createServer } from 'node:net'

const loopback = '127.0.0.1'

/**
 * Free ports of the loopback interface, chosen by the kernel. All are held open until the last is known, so that they differ.
 * They are free when this returns, not for ever: whoever binds one must be ready to find it taken.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = []
  try {
    for (let i = 0; i < count; i++) servers.push(await listening())
    return servers.map((server) => (server.address() as AddressInfo).port)
  } finally {
    await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  }
}

/** Whether something accepts connections there. Never rejects. */
export function portAnswers(port: number, host = loopback, timeoutMs = 1000): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ port, host })
    const end = (answer: boolean) => {
      socket.destroy()
      settle(answer)
    }
    socket.setTimeout(timeoutMs, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

function listening(): Promise<Server> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, loopback, () => done(server))
  })
}
