import { buildConnector } from 'undici'
import type { CertificateFiles } from './certificate-files.ts'
import type { TlsOptions } from './certificate-set.ts'

type Connector = buildConnector.connector

/**
 * What undici connects by, with the certificates as they stand when it is asked for: once for each connection. The same one while they are
 * the same, so that sessions are resumed; a session that is resumed is not verified again, and none outlives the authorities it was verified by.
 */
export function connectorsOf(certificates: CertificateFiles, options: buildConnector.BuildOptions): () => Connector {
  let made: { readonly tls: TlsOptions; readonly connector: Connector } | undefined
  return () => {
    const tls = certificates.current()
    if (made?.tls !== tls) made = { tls, connector: buildConnector({ ...options, ...tls }) }
    return made.connector
  }
}

/** The same as one connector. */
export function connectorOf(certificates: CertificateFiles, options: buildConnector.BuildOptions): Connector {
  const current = connectorsOf(certificates, options)
  return (target, callback) => current()(target, callback)
}
