import { connect, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import type { OwnCertificate } from '../tls/certificate-set.ts'

/** None, one with what Node has of its own, or one with what is asked for anew for each connection. */
export type Encryption = boolean | { readonly own: OwnCertificate | undefined; readonly current: () => ConnectionOptions }

/** A peer that is gone without a word is asked for after this silence; the kernel gives it up some probes later. */
const KEEP_ALIVE_AFTER_MS = 30_000

/**
 * kafkajs's own sockets hold a small write back while the peer's kernel has not confirmed the one before, which it may take 40 ms for:
 * a heartbeat or a commit behind another request waits that long for nothing.
 */
export const socketFactoryOf =
  (ssl: Encryption): ISocketFactory =>
  ({ host, port, onConnect }) => {
    const socket =
      ssl === false
        ? connect({ host, port }, onConnect)
        : connectTls({ host, port, ...serverName(host), ...(ssl === true ? {} : ssl.current()) }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS)
    return socket
  }

/** An address is no name to ask for. */
function serverName(host: string): ConnectionOptions {
  return isIP(host) === 0 ? { servername: host } : {}
}
