/** How producers name what they register: the topic's one schema, the record's own, or one for each record of a topic. */
export type Naming = 'topic' | 'record' | 'topic-record'

export interface NamedSubject {
  readonly subject: string
  /** A topic whose records it describes. */
  readonly topic: string | undefined
}

interface Mapped {
  readonly record: string
  readonly topic?: string
  /** Whether a condition leaves some of the records to the mappings behind it. */
  readonly when?: unknown
}

/** The topics from which a record can reach the mapping at this place: the first match wins. */
export function topicsOf(mappings: readonly Mapped[], place: number, topics: readonly string[]): string[] {
  const { record, topic } = mappings[place] as Mapped
  const taken = mappings.slice(0, place).filter((each) => each.record === record && each.when === undefined)
  const isOpen = (each: string) => !taken.some((earlier) => earlier.topic === undefined || earlier.topic === each)
  return topics.filter((each) => (topic === undefined || topic === each) && isOpen(each))
}

/** The subjects in which a mapped record may be found, where it may come from any of these topics. */
export function subjectsOf(record: string, naming: Naming, topics: readonly string[]): NamedSubject[] {
  if (naming === 'record') return [{ subject: record, topic: topics[0] }]
  return topics.map((topic) => ({ subject: naming === 'topic' ? `${topic}-value` : `${topic}-${record}`, topic }))
}
