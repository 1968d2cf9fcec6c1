/** What became of the records of a run, told from the two sides that cannot err: the brokers' log and the tracker's journal. */

export interface Logged {
  readonly id: string
  readonly partition: number
  readonly offset: number
  readonly key: string
}

export interface Judgement {
  /** Events that the log holds. One that a producer's retry wrote twice counts once. */
  readonly produced: number
  /** Events that the tracker has accepted, each once. */
  readonly accepted: number
  readonly lost: number
  /** Copies beyond those of the log. */
  readonly twice: number
  /** Events whose first acceptance came after that of a later one of the same partition and key. */
  readonly outOfOrder: number
  /** Accepted, or acknowledged to the producer, and not in the log: then the brokers, or this test, are broken. */
  readonly stray: number
}

/** `accepted`: ids in order of arrival. `acknowledged`: what the producer was told is written. */
export function judge(
  log: readonly Logged[],
  accepted: readonly string[],
  acknowledged: readonly string[] = log.map(({ id }) => id),
): Judgement {
  const copies = new Map<string, { readonly first: Logged; count: number }>()
  for (const record of log.toSorted((a, b) => a.offset - b.offset)) {
    const known = copies.get(record.id)
    if (known === undefined) copies.set(record.id, { first: record, count: 1 })
    else known.count += 1
  }
  const arrivals = new Map<string, number>()
  for (const id of accepted) arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
  const known = [...arrivals].filter(([id]) => copies.has(id))
  return {
    produced: copies.size,
    accepted: known.length,
    lost: copies.size - known.length,
    twice: known.reduce((sum, [id, count]) => sum + Math.max(0, count - (copies.get(id)?.count ?? 0)), 0),
    outOfOrder: outOfOrder(known.flatMap(([id]) => copies.get(id)?.first ?? [])),
    stray: arrivals.size - known.length + acknowledged.filter((id) => !copies.has(id)).length,
  }
}

/** `arrived`: by first acceptance. */
function outOfOrder(arrived: readonly Logged[]): number {
  const newest = new Map<string, number>()
  let late = 0
  for (const { partition, key, offset } of arrived) {
    const place = `${partition} ${key}`
    if (offset < (newest.get(place) ?? -1)) late += 1
    else newest.set(place, offset)
  }
  return late
}
