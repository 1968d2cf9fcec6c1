import { X509Certificate } from 'node:crypto'
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

/** As `tls.connect` takes it. */
export interface TlsOptions {
  readonly secureContext: SecureContext
}

/** What stands in `files` now is of no use, and what stood there before is used. */
export type OnKept = (event: { readonly files: string; readonly why: string }) => void

type Texts = Readonly<Partial<Record<'ca' | 'cert' | 'key', Buffer>>>

interface Good {
  readonly texts: Texts
  readonly options: TlsOptions
}

/**
 * Certificates as they stand in their files when a connection begins, so that renewed ones need no restart. Where they are of no use in that
 * moment, the last ones that were stay: a file may be gone while it is replaced, and a certificate that was read before that does not fit a
 * key that was read after.
 */
export class CertificateFiles {
  readonly #paths: CertificatePaths
  readonly #onKept: OnKept
  /** Undefined: they were of no use yet. */
  #good: Good | undefined

  /** Throws where a file cannot be read. */
  constructor(paths: CertificatePaths, onKept: OnKept = () => undefined) {
    this.#paths = paths
    this.#onKept = onKept
    const texts = textsOf(paths)
    try {
      this.#good = this.#made(texts)
    } catch {
      // The first connection fails by it, and tells what it was for.
    }
  }

  get hasCertificate(): boolean {
    return this.#paths.certFile !== undefined
  }

  /** For a connection that begins now; the same object while the files hold the same. Throws where they were never of use. */
  current(): TlsOptions {
    const good = this.#good
    try {
      const texts = textsOf(this.#paths)
      if (good !== undefined && isSame(good.texts, texts)) return good.options
      // Any text passes for authorities, and then nobody is trusted; at first it is the connection that tells so.
      if (good !== undefined) this.#checkAuthorities(texts)
      this.#good = this.#made(texts)
      return this.#good.options
    } catch (error) {
      if (good === undefined) throw error
      const { path = '', reason, message } = error as NamedError
      this.#onKept({ files: path, why: reason ?? message })
      return good.options
    }
  }

  #checkAuthorities({ ca }: Texts): void {
    if (ca !== undefined) named(this.#paths.caFile, () => new X509Certificate(ca))
  }

  #made(texts: Texts): Good {
    const { certFile, keyFile } = this.#paths
    return named(`${certFile}, ${keyFile}`, () => ({ texts, options: { secureContext: createSecureContext(texts) } }))
  }
}

function textsOf({ caFile, certFile, keyFile }: CertificatePaths): Texts {
  return {
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
  }
}

function isSame(a: Texts, b: Texts): boolean {
  return (['ca', 'cert', 'key'] as const).every((each) => a[each]?.equals(b[each] ?? EMPTY) ?? true)
}

const EMPTY = Buffer.alloc(0)

/** Of the file system, or of OpenSSL, which has a shorter reason. */
interface NamedError extends Error {
  readonly path?: string
  readonly reason?: string
}

/** An error of OpenSSL gets a path, as those of the file system have it. */
function named<T>(path: string | undefined, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw Object.assign(error as Error, { path })
  }
}
