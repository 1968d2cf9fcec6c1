/** helm/README.md: what the values' comments say, as tables. Pure. */
import type { Pair, YAMLMap } from 'yaml'
import { isMap, isScalar, parseDocument } from 'yaml'

interface Row {
  readonly path: string
  readonly fallback: string
  readonly meaning: string
}

/** A mapping without keys of its own is a value; one with keys is told by them. */
function rowsOf(map: YAMLMap, above: string): Row[] {
  return map.items.flatMap((pair, place) => {
    const path = above + keyOf(pair)
    // The parser gives the comment above a mapping's first key to the mapping.
    const meaning = textOf(commentOf(pair) ?? (place === 0 ? map.commentBefore : undefined))
    const { value } = pair
    if (isMap(value) && value.items.length > 0 && !isWhole(path)) {
      const own = meaning === '' ? [] : [{ path, fallback: '', meaning }]
      return [...own, ...rowsOf(value, `${path}.`)]
    }
    return [{ path, fallback: JSON.stringify(isScalar(value) ? value.value : (value as YAMLMap).toJSON()), meaning }]
  })
}

/** What Kubernetes defines is one value here, whatever its default holds. */
const isWhole = (path: string): boolean => /^(resources|\w*[sS]ecurityContext|\w+Probe|dashboard\.labels)$/.test(path)

const keyOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : '')
const commentOf = ({ key }: Pair): string | null | undefined => (isScalar(key) ? key.commentBefore : undefined)

/** The paragraph that stands closest to the key. */
const textOf = (comment: string | null | undefined): string =>
  ((comment ?? '').split('\n\n').at(-1) ?? '').replace(/\s*\n\s*/g, ' ').trim()

/** `valuesYaml` is the text of helm/values.yaml. Throws where a key has no comment. */
export function chartReadme(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml)
  if (!isMap(contents)) throw new Error('helm/values.yaml holds no mapping')
  const rows = rowsOf(contents, '')
  const silent = rows.filter(({ meaning }) => meaning === '').map(({ path }) => path)
  if (silent.length > 0) throw new Error(`helm/values.yaml says nothing of ${silent.join(', ')}`)
  return `${head}
| value | default | meaning |
| --- | --- | --- |
${rows.map(({ path, fallback, meaning }) => `| \`${path}\` | ${code(fallback)} | ${meaning.replaceAll('|', '\\|')} |`).join('\n')}
`
}

const code = (value: string): string => (value === '' ? '' : `\`${value.replaceAll('|', '\\|')}\``)

const head = `# Chart of mytracker-sink

<!-- Made by \`npm run docs\` from the comments of helm/values.yaml. Change those, not this page. -->

Kubernetes from 1.31 on; tried with Helm 3.22 and 4.3. What it takes to run the service in a cluster is told in
[docs/kubernetes.md](../docs/kubernetes.md); [ci/](ci) holds values for many a case, each of which is tested.

\`\`\`
helm install sink ./helm --namespace sink --values my-values.yaml
\`\`\`

The least that a values file holds is [ci/minimal.yaml](ci/minimal.yaml). Unknown keys are errors, in \`config\`, too.

## Values
`
