/** How producers name what they register: the topic's one schema, the record's own, or one for each record of a topic. */
export type Naming = 'topic' | 'record' | 'topic-record'

export interface NamedSubject {
  readonly subject: string
  /** The topic whose records it describes; undefined: it says nothing of topics. */
  readonly topic: string | undefined
}

/** The subjects in which a mapped record may be found; without a topic of its own, it may come from any. */
export function subjectsOf(
  { record, topic }: { readonly record: string; readonly topic?: string },
  naming: Naming,
  topics: readonly string[],
): NamedSubject[] {
  if (naming === 'record') return [{ subject: record, topic }]
  const meant = topic === undefined ? topics : [topic]
  return meant.map((each) => ({ subject: naming === 'topic' ? `${each}-value` : `${each}-${record}`, topic: each }))
}
