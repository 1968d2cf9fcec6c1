import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Manifest } from './rendering.ts'

const ROOTS = /\/(etc|run\/secrets)\/mytracker-sink/g

/** What stands in a Secret or a ConfigMap under a key. */
export type TextOf = (kind: 'secret' | 'configMap', name: string, key: string) => string

interface Source {
  readonly name: string
  readonly items: readonly { readonly key: string; readonly path: string }[]
}

/**
 * Lays out what a pod mounts, with `root` in place of the root, as the kubelet does it: the files are in a folder of their own, to which
 * links lead, so that all of them change at once. Another `generation` is such a change. Absolute paths in the texts follow.
 */
export function mount(root: string, spec: Manifest['spec'], textOf: TextOf, generation = 1): void {
  const [{ volumeMounts }] = spec.containers
  for (const { name, mountPath } of volumeMounts) {
    const volume = spec.volumes.find((each: { name: string }) => each.name === name)
    const sources = volume.projected?.sources ?? (volume.configMap === undefined ? [] : [{ configMap: volume.configMap }])
    const files = sources.flatMap((source: Partial<Record<'secret' | 'configMap', Source>>) =>
      (['secret', 'configMap'] as const).flatMap((kind) => {
        const { name: holder = '', items = [] } = source[kind] ?? {}
        return items.map(({ key, path }) => [path, textOf(kind, holder, key)] as const)
      }),
    )
    fill(join(root, mountPath), files, generation, root)
  }
}

function fill(folder: string, files: readonly (readonly [string, string])[], generation: number, root: string): void {
  const own = `..${generation}`
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, own, path)), { recursive: true })
    writeFileSync(
      join(folder, own, path),
      text.replace(ROOTS, (absolute) => root + absolute),
    )
    const top = path.split('/')[0] as string
    if (!existsSync(join(folder, top))) symlinkSync(join('..data', top), join(folder, top))
  }
  if (files.length === 0) return
  symlinkSync(own, join(folder, '..next'))
  renameSync(join(folder, '..next'), join(folder, '..data'))
}
