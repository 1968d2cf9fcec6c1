/** Where a key stands in the configuration: names of mappings, places in lists (from 0). */
export type Path = readonly (string | number)[]

/** A mistake before its line is known: what the pure checks answer. */
export interface Finding {
  readonly path: Path
  /** What is wrong, what is allowed, did you mean. */
  readonly message: string
}

/** One mistake in the configuration, with the place where a person mends it. */
export interface Problem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** As in `tracker.apps[0].idApp`; empty where the file as a whole is meant. */
  readonly key: string
  readonly message: string
}

/** `file:line:column key: what is wrong, what is allowed, did you mean` */
export function formatProblem({ file, line, column, key, message }: Problem): string {
  return `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}${message}`
}

export function formatPath(path: Path): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`
    if (!/^[\w-]+$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`
    return text === '' ? segment : `${text}.${segment}`
  }, '')
}

/** Whether `path` is `ancestor` or stands somewhere under it. */
export function isUnder(path: Path, ancestor: Path): boolean {
  return ancestor.length <= path.length && ancestor.every((segment, place) => segment === path[place])
}
