/** How many single-letter edits (insert, delete, replace, swap neighbours) lead from one word to the other. */
function distance(from: string, to: string): number {
  let before: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      let least = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1)
      current.push(least)
    }
    before = last
    last = current
  }
  return last[to.length] ?? 0
}

/** Case, dashes and underscores are how people spell, not what they mean. */
const plain = (word: string) => word.toLowerCase().replace(/[-_ ]/g, '')

/** The candidate that was probably meant; undefined where none is near enough for the guess to help. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  // A longer word is no typing mistake, and comparing it with everything would cost more than a guess is worth.
  if (word.length > 100) return undefined
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(plain(word), plain(candidate)) }))
    .filter(({ candidate, edits }) => edits <= Math.min(3, Math.max(1, Math.floor(candidate.length / 3))))
    .sort((a, b) => a.edits - b.edits)
  return ranked[0]?.candidate
}

/** The end of a problem's sentence: `; did you mean "x"?`, or nothing. */
export function didYouMean(word: unknown, candidates: readonly string[]): string {
  const guess = typeof word === 'string' ? nearest(word, candidates) : undefined
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}
