import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'

export interface Gate {
  readonly address: string
  /** Connections that are let through at the moment. */
  readonly open: ReadonlySet<Socket>
  /** All that clients have sent, and how often they came. */
  readonly sent: readonly Buffer[]
  readonly came: () => number
}

/** Stands before a broker, lets the first `admits` connections through, and ends the others. */
export async function gate(t: TestContext, broker: string, admits = Number.POSITIVE_INFINITY): Promise<Gate> {
  const open = new Set<Socket>()
  const sent: Buffer[] = []
  let came = 0
  const server = createServer((socket) => {
    came += 1
    if (came > admits) return void socket.destroy()
    const through = connect(Number(broker.split(':')[1]), '127.0.0.1')
    open.add(socket)
    for (const end of [socket, through]) end.on('error', () => undefined)
    socket.on('data', (bytes) => sent.push(bytes))
    socket.on('close', () => open.delete(socket) && through.destroy())
    socket.pipe(through).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, open, sent, came: () => came }
}
