import type {
  CertificateFault,
  CertificatePaths,
  CertificateSet,
  CertificateTexts,
  OwnCertificate,
  TlsOptions,
} from './certificate-set.ts'
import { certificateSet, checkAuthorities, holdsSame, readTexts } from './certificate-set.ts'

/** Who wants to know of changes of the files, each of which is told once. */
export interface CertificateWatch {
  /** What stands there now is used from now on. */
  renewed(event: { readonly files: string }): void
  /** What stands in `files` now is of no use, and what stood there before is used. */
  kept(event: { readonly files: string; readonly why: string }): void
}

const NOBODY: CertificateWatch = { renewed: () => undefined, kept: () => undefined }

/**
 * Certificates as they stand in their files when a connection begins, so that renewed ones need no restart. Where they are of no use in that
 * moment, the last ones that were stay: a file may be gone while it is replaced, and a certificate that was read before that does not fit a
 * key that was read after.
 */
export class CertificateFiles {
  readonly #paths: CertificatePaths
  readonly #watch: CertificateWatch
  /** Undefined: they were of no use yet. */
  #good: CertificateSet | undefined
  /** What was of no use when they were looked at last; `texts` is undefined where one could not be read. */
  #refused: { readonly texts: CertificateTexts | undefined; readonly why: string } | undefined

  /** Throws where a file cannot be read. */
  constructor(paths: CertificatePaths, watch: CertificateWatch = NOBODY) {
    this.#paths = paths
    this.#watch = watch
    const texts = readTexts(paths)
    try {
      // Any text passes for authorities; where nobody is trusted by it, the first connection tells so.
      this.#good = certificateSet(paths, texts)
    } catch {
      // The first connection fails by it, and tells what it was for.
    }
  }

  /** What we show to the other side; undefined: nothing. */
  get own(): OwnCertificate | undefined {
    return this.#good?.own
  }

  /** For a connection that begins now; the same object while the files hold the same. Throws where they were never of use. */
  current(): TlsOptions {
    const before = this.#good
    let texts: CertificateTexts | undefined
    try {
      texts = readTexts(this.#paths)
      const good = before !== undefined && holdsSame(before.texts, texts) ? before : this.#renewed(texts)
      const isNews = before !== undefined && (good !== before || this.#refused !== undefined)
      this.#good = good
      this.#refused = undefined
      if (isNews) this.#watch.renewed({ files: namesOf(this.#paths) })
      return good.options
    } catch (error) {
      if (before === undefined) throw error
      this.#keep(texts, error as CertificateFault)
      return before.options
    }
  }

  #renewed(texts: CertificateTexts): CertificateSet {
    if (this.#good !== undefined) checkAuthorities(this.#paths, texts)
    return certificateSet(this.#paths, texts)
  }

  #keep(texts: CertificateTexts | undefined, { files, why }: CertificateFault): void {
    const refused = this.#refused
    this.#refused = { texts, why }
    if (refused?.why !== why || !holdsSame(refused.texts, texts)) this.#watch.kept({ files, why })
  }
}

function namesOf({ caFile, certFile, keyFile }: CertificatePaths): string {
  return [caFile, certFile, keyFile].filter((file) => file !== undefined).join(', ')
}
