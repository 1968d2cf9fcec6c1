import type { Document, Node, Pair, YAMLError } from 'yaml'
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Path } from './problem.ts'

/** Both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A mistake of the YAML itself. */
export interface YamlFault extends Place {
  readonly path: Path
  readonly message: string
}

interface Found {
  /** Undefined where the path leads to no node; then `offset` is that of the nearest ancestor. */
  readonly node: Node | undefined
  readonly offset: number
}

type Ancestors = readonly (Document | Node | Pair)[]

const keyText = (pair: Pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key))
const start = (node: unknown) => (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined)

/** A YAML text whose values can be traced back to the lines where they stand. */
export class YamlSource {
  readonly document: Document
  readonly #lines = new LineCounter()

  readonly #unusable: readonly YamlFault[]
  readonly #text: string

  constructor(text: string) {
    this.#text = text
    this.document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false }) as Document
    this.#unusable = this.#findUnusable()
  }

  /** What is wrong with the YAML itself. The parser's own words are left out where they would quote the file, which may hold a token. */
  faults(): YamlFault[] {
    const { errors, warnings } = this.document
    // After the first mistake the parser stumbles over what follows from it.
    const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY')
    const told = errors.filter((error) => error === first || error.code === 'DUPLICATE_KEY')
    return [
      ...told.map((error) => this.#syntaxFault(error)),
      ...warnings.map((warning) => this.#syntaxFault(warning)),
      ...this.#unusable,
    ]
  }

  #syntaxFault({ code, message, pos: [offset] }: YAMLError): YamlFault {
    const place = this.#placeAt(offset)
    if (code === 'DUPLICATE_KEY')
      return { ...place, path: this.#pathOfKeyAt(offset), message: 'stands twice; keep one of the two' }
    const isVariable = this.#text.split('\n')[place.line - 1]?.includes('${') === true
    const hint = isVariable ? `; between braces or brackets a \${NAME} needs quotes around it` : ''
    const what =
      code === 'TAG_RESOLVE_FAILED'
        ? 'a tag that means nothing here; put a text that begins with ! in quotes'
        : message.replace(/: .*/s, '')
    return { ...place, path: [], message: `this is not valid YAML: ${what}${hint}` }
  }

  /** Whether the values can be relied upon: a key that stands twice leaves all others as they are. */
  get isReadable(): boolean {
    return [...this.document.errors, ...this.document.warnings, ...this.#unusable].every(
      (fault) => 'code' in fault && fault.code === 'DUPLICATE_KEY',
    )
  }

  /** The plain value. Throws where aliases multiply beyond reason. */
  value(): unknown {
    return this.document.toJS()
  }

  /** Where the key (in a list: the element) at this path stands; for a path that is not there, its nearest ancestor. */
  placeOf(path: Path): Place {
    return this.#placeAt(this.#find(path).offset)
  }

  nodeAt(path: Path): Node | undefined {
    return this.#find(path).node
  }

  /** The path of a node that `visit` has reached through these ancestors. */
  pathOf(node: Node, ancestors: Ancestors): Path {
    const chain = [...ancestors, node]
    return chain.flatMap((each, place): Path => {
      if (isPair(each)) return [keyText(each)]
      return isSeq(each) ? [each.items.indexOf(chain[place + 1])] : []
    })
  }

  /** What is YAML but no configuration: keys that are no scalars, and aliases of nothing. */
  #findUnusable(): YamlFault[] {
    const faults: YamlFault[] = []
    const add = (node: unknown, message: string) => faults.push({ ...this.#placeAt(start(node) ?? 0), path: [], message })
    visit(this.document, {
      Pair: (_, pair) => {
        if (!isScalar(pair.key)) add(pair.key, 'a key is no plain text; put a text that begins with *, [ or { in quotes')
      },
      Alias: (_, alias) => {
        if (alias.resolve(this.document) === undefined) add(alias, 'an alias of nothing; put a text that begins with * in quotes')
      },
    })
    return faults
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    // An empty file has no lines; a person looks for its mistake in the first one.
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  #find(path: Path): Found {
    let node: unknown = this.document.contents
    let offset = start(node) ?? 0
    for (const segment of path) {
      const resolved: unknown = isAlias(node) ? node.resolve(this.document) : node
      let child: unknown
      if (isMap(resolved)) {
        const pair = resolved.items.findLast((each) => keyText(each) === String(segment))
        if (pair === undefined) return { node: undefined, offset }
        offset = start(pair.key) ?? offset
        child = pair.value
      } else if (isSeq(resolved)) {
        child = resolved.items[Number(segment)]
        offset = start(child) ?? offset
      } else {
        return { node: undefined, offset }
      }
      node = child
    }
    const last = isAlias(node) ? node.resolve(this.document) : node
    return { node: isScalar(last) || isMap(last) || isSeq(last) ? last : undefined, offset }
  }

  #pathOfKeyAt(offset: number): Path {
    let path: Path = []
    visit(this.document, {
      Pair: (_, pair, ancestors) => {
        if (start(pair.key) !== offset || !isScalar(pair.key)) return undefined
        path = [...this.pathOf(pair.key, ancestors), keyText(pair)]
        return visit.BREAK
      },
    })
    return path
  }
}
