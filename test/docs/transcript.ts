/** A page that shows what a person types, edits and reads, as steps that can be taken again. */
export type Step =
  | { readonly kind: 'run'; readonly command: string; readonly prints: string }
  | { readonly kind: 'edit'; readonly file: string; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly file: string; readonly text: string }

/**
 * Blocks of the page: `console` holds commands behind `$ `, each with what it prints; `diff FILE` replaces its `-` lines by its `+` lines;
 * `json FILE` is a new file. Other blocks are for reading only.
 */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(/^```(.+)\n((?:.|\n)*?)^```$/gm)].flatMap(([, info = '', body = '']): Step[] => {
    const [kind, file] = info.split(' ')
    if (kind === 'console') return commandsOf(body)
    if (file === undefined) return []
    const marked = (mark: string) =>
      body
        .split('\n')
        .filter((line) => line.startsWith(mark))
        .map((line) => line.slice(1))
        .join('\n')
    return kind === 'diff' ? [{ kind: 'edit', file, from: marked('-'), to: marked('+') }] : [{ kind: 'write', file, text: body }]
  })
}

function commandsOf(body: string): Step[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = part.split('\n')
      return { kind: 'run', command, prints: lines.join('\n').trimEnd() }
    })
}
