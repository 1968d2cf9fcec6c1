import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A directory whose files are replaced as Kubernetes replaces those of a Secret: all at once, by a link that is swapped. */
export class SecretVolume {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mytracker-sink-test-'))
  readonly #names = new Set<string>()
  #swaps = 0

  constructor(t: TestContext) {
    t.after(() => rmSync(this.#directory, { recursive: true, force: true }))
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  /** All that it holds from now on, by name; what is left out is gone. */
  put(texts: Readonly<Record<string, string | Buffer>>): void {
    this.#swaps += 1
    const folder = `..${this.#swaps}`
    mkdirSync(this.path(folder))
    for (const [name, text] of Object.entries(texts)) {
      writeFileSync(join(this.path(folder), name), text)
      if (!this.#names.has(name)) symlinkSync(join('..data', name), this.path(name))
      this.#names.add(name)
    }
    symlinkSync(folder, this.path('..data_tmp'))
    renameSync(this.path('..data_tmp'), this.path('..data'))
  }
}
