import { Agent } from 'node:https'
import type { CertificateFiles } from './certificate-files.ts'

/** Sessions are not resumed: connections are few, and one that is resumed is not verified again. */
export class SecureAgent extends Agent {
  readonly #certificates: CertificateFiles

  constructor(certificates: CertificateFiles) {
    super({ keepAlive: true, maxCachedSessions: 0 })
    this.#certificates = certificates
  }

  override createConnection(options: Parameters<Agent['createConnection']>[0]): ReturnType<Agent['createConnection']> {
    return super.createConnection({ ...options, ...this.#certificates.current() })
  }
}
