/** A small strict reader of Prometheus's text format: throws where a line breaks its rules. */
export interface Exposition {
  /** The type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>
  /** The sum of a metric's samples whose labels hold all of these; undefined: there is none. */
  value(name: string, labels?: Readonly<Record<string, string | number>>): number | undefined
}

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/gy

export function readExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, kind, about = '', said = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (line.startsWith('#')) {
      if (kind === undefined) throw new Error(`neither HELP nor TYPE: ${line}`)
      if (kind === 'HELP' ? helped.has(about) : types.has(about)) throw new Error(`said twice: ${line}`)
      if (kind === 'HELP') helped.add(about)
      else types.set(about, said)
      continue
    }
    const sample = sampleOf(line)
    const identity = line.slice(0, line.lastIndexOf(' '))
    if (seen.has(identity)) throw new Error(`a series stands twice: ${identity}`)
    seen.add(identity)
    const base = sample.name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(sample.name) && !types.has(base)) throw new Error(`a sample before its TYPE: ${line}`)
    samples.push(sample)
  }
  const value: Exposition['value'] = (name, labels = {}) => {
    const found = samples.filter((each) => each.name === name && holds(each, labels))
    return found.length === 0 ? undefined : found.reduce((sum, each) => sum + each.value, 0)
  }
  return { types, value }
}

const holds = (sample: Sample, labels: Readonly<Record<string, string | number>>): boolean =>
  Object.entries(labels).every(([name, value]) => sample.labels[name] === String(value))

function sampleOf(line: string): Sample {
  const [, name, inner = '', number] = SAMPLE.exec(line) ?? []
  if (name === undefined || number === undefined) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  let end = 0
  for (const match of inner.matchAll(LABEL)) {
    labels[match[1] as string] = match[2] as string
    end = match.index + match[0].length
  }
  if (end !== inner.length) throw new Error(`labels that cannot be read: ${line}`)
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : number === 'Nan' || number === 'NaN' ? Number.NaN : Number(number)
  if (Number.isNaN(value) && number.toLowerCase() !== 'nan') throw new Error(`no number: ${line}`)
  return { name, labels, value }
}
