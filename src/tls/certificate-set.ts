/** What PEM files hold at one moment, and whether it can be used. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SecureContext } from 'node:tls'
import { createSecureContext } from 'node:tls'

/** PEM files; certFile and keyFile come together. */
export interface CertificatePaths {
  /** Of the authorities to trust in place of the built-in ones. */
  readonly caFile?: string | undefined
  /** Of the certificate that we show, and of its private key. */
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export type CertificateTexts = Readonly<Partial<Record<'ca' | 'cert' | 'key', Buffer>>>

/** The one that we show. */
export interface OwnCertificate {
  readonly file: string
  /** Epoch ms. */
  readonly validTo: number
}

/** As `tls.connect` takes it. */
export interface TlsOptions {
  readonly secureContext: SecureContext
}

export interface CertificateSet {
  readonly texts: CertificateTexts
  readonly own: OwnCertificate | undefined
  readonly options: TlsOptions
}

/** What stands in `files` is of no use. The message says no more than why: in `kafka/refusal.ts` it is known by its beginning. */
export class CertificateFault extends Error {
  override readonly name = 'CertificateFault'
  readonly files: string
  readonly why: string

  constructor(files: string, why: string) {
    super(`certificates cannot be used: ${why}`)
    this.files = files
    this.why = why
  }
}

/** Throws a CertificateFault where a file cannot be read. */
export function readTexts({ caFile, certFile, keyFile }: CertificatePaths): CertificateTexts {
  return {
    ...(caFile === undefined ? {} : { ca: textOf(caFile) }),
    ...(certFile === undefined ? {} : { cert: textOf(certFile) }),
    ...(keyFile === undefined ? {} : { key: textOf(keyFile) }),
  }
}

function textOf(file: string): Buffer {
  return judged(file, '', () => readFileSync(file))
}

/** Of the same files. */
export function holdsSame(a: CertificateTexts | undefined, b: CertificateTexts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (['ca', 'cert', 'key'] as const).every((each) => a[each] === b[each] || a[each]?.equals(b[each] ?? EMPTY) === true)
}

const EMPTY = Buffer.alloc(0)

/** Throws a CertificateFault where certificate and key are of no use. */
export function certificateSet({ certFile = '', keyFile = '' }: CertificatePaths, texts: CertificateTexts): CertificateSet {
  const { cert, key } = texts
  const pair = `${certFile}, ${keyFile}`
  const made = (own: OwnCertificate | undefined) =>
    judged(pair, '', () => ({ texts, own, options: { secureContext: createSecureContext(texts) } }))
  if (cert === undefined || key === undefined) return made(undefined)
  const certificate = certificateOf(certFile, cert)
  const privateKey = judged(keyFile, 'no private key that can be read: ', () => createPrivateKey(key))
  // OpenSSL compares them only where both are of one kind, such as RSA.
  if (!certificate.checkPrivateKey(privateKey)) throw new CertificateFault(pair, 'key values mismatch')
  return made({ file: certFile, validTo: certificate.validToDate.getTime() })
}

/** Throws a CertificateFault where not all authorities can be read. */
export function checkAuthorities({ caFile = '' }: CertificatePaths, { ca }: CertificateTexts): void {
  if (ca !== undefined) certificateOf(caFile, ca)
}

/**
 * The first one of a file, all of which can be read. OpenSSL takes authorities up to the first that it cannot read, and passes over the rest
 * without a word, so that by a file that is half written some would no longer be trusted.
 */
function certificateOf(file: string, text: Buffer): X509Certificate {
  const [, first = '', ...rest] = `\n${text.toString('latin1')}`.split(/(?=-----BEGIN [A-Z\d ]*CERTIFICATE-----)/)
  const read = (each: string) => judged(file, 'no certificate that can be read: ', () => new X509Certificate(each))
  const certificate = read(first)
  rest.forEach(read)
  return certificate
}

/** An error of the file system or of OpenSSL, which has a shorter reason, gets the name of what it was met at. */
function judged<T>(files: string, what: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    const { reason, message } = error as Error & { readonly reason?: string }
    throw new CertificateFault(files, what + (reason ?? message))
  }
}
