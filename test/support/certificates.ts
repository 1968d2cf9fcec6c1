import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificates {
  /** Of the authority that has signed all but the stranger's. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** Of an authority that the brokers do not know. */
  readonly strangerCert: string
  readonly strangerKey: string
  readonly strangerCa: string
  /** Has expired, and since when, as it is printed. */
  readonly outdatedCert: string
  readonly outdatedKey: string
  readonly outdatedSince: string
  /** Whose clients are let in by the listener MUTUAL; may be written anew, for its next start. */
  readonly clientCa: string
  /** Key and certificate in one file, as brokers take them. */
  readonly broker: string
  /** For `localhost`, but not its address. */
  readonly misnamed: string
  readonly expired: string
}

/** Made anew in `directory` by openssl; the paths of the PEM files. Undefined where there is no openssl. */
export function makeCertificates(directory: string): Certificates | undefined {
  if (spawnSync('openssl', ['version']).error !== undefined) return undefined
  const at = (name: string) => join(directory, name)
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const authority = (name: string) => {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.pem`),
    )
  }
  const signed = (name: string, signer: string, { names = 'DNS:localhost,IP:127.0.0.1', days = '30' } = {}) => {
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    writeFileSync(at(`${name}.ext`), `subjectAltName=${names}`)
    const by = ['-CA', at(`${signer}.pem`), '-CAkey', at(`${signer}.key`), '-CAcreateserial', '-days', days]
    openssl('x509', '-req', '-in', at(`${name}.csr`), ...by, '-extfile', at(`${name}.ext`), '-out', at(`${name}.crt`))
  }
  const bundled = (name: string, options: { names?: string; days?: string } = {}): string => {
    signed(name, 'ca', options)
    writeFileSync(at(`${name}.pem`), readFileSync(at(`${name}.key`), 'utf8') + readFileSync(at(`${name}.crt`), 'utf8'))
    return at(`${name}.pem`)
  }
  authority('ca')
  authority('other-ca')
  signed('client', 'ca')
  signed('stranger', 'other-ca')
  signed('outdated', 'ca', { days: '-1' })
  copyFileSync(at('ca.pem'), at('client-ca.pem'))
  return {
    ca: at('ca.pem'),
    cert: at('client.crt'),
    key: at('client.key'),
    strangerCert: at('stranger.crt'),
    strangerKey: at('stranger.key'),
    strangerCa: at('other-ca.pem'),
    outdatedCert: at('outdated.crt'),
    outdatedKey: at('outdated.key'),
    outdatedSince: new X509Certificate(readFileSync(at('outdated.crt'))).validToDate.toISOString(),
    clientCa: at('client-ca.pem'),
    broker: bundled('broker'),
    misnamed: bundled('misnamed', { names: 'DNS:localhost' }),
    expired: bundled('expired', { days: '-1' }),
  }
}
