import { parseSchema } from './parse-schema.ts'
import type { Document, Reference, RegistryDocuments } from './registry-documents.ts'
import { isMissing } from './registry-documents.ts'
import type { WriterSchema } from './writer-schema.ts'

/** The registry has it, and what was written with it can still not be decoded. */
export interface Unusable {
  readonly kind: 'unusable'
  readonly reason: 'unknown-schema' | 'malformed'
  /** A sentence for the team that produces. */
  readonly why: string
}

/** A schema with more was not written by hand. */
const REFERENCES_MAX = 1_000

/**
 * A schema with all that it refers to. Rejects as `RegistryDocuments` does, but with `MissingReference` where only something that it
 * refers to is missing.
 */
export async function loadSchema(documents: RegistryDocuments, id: number): Promise<WriterSchema | Unusable> {
  const document = await documents.byId(id)
  const { type, text } = document
  if (type !== 'AVRO')
    return malformed(
      `schema ${id} is of type ${type}, and only AVRO is read: let the producer write Avro, or leave the topic out of kafka.topics`,
    )
  const references = await referredTo(documents, id, document)
  if (references.length > REFERENCES_MAX) return malformed(`schema ${id} refers to more than ${REFERENCES_MAX} others`)
  try {
    return parseSchema(
      id,
      text,
      references.map((each) => each.text),
    )
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    return malformed(
      `schema ${id} is no Avro schema that can be read (${told}): mend it and register it anew, and let the producer write with that`,
    )
  }
}

/** What a schema refers to is not in the registry. */
export class MissingReference extends Error {
  readonly unusable: Unusable

  constructor(id: number, { name, subject, version }: Reference) {
    const why = `schema ${id} refers to ${name}, version ${version} of subject ${subject}, which the registry does not have: register it again`
    super(why)
    this.unusable = { kind: 'unusable', reason: 'unknown-schema', why }
  }
}

/**
 * Everything that is referred to, each behind what it refers to itself. A name means one thing in the whole schema: the version that is
 * met first, top down, as the serializers of Confluent have it.
 */
async function referredTo(documents: RegistryDocuments, id: number, document: Document): Promise<Document[]> {
  const names = new Set<string>()
  const found: Document[] = []
  const collect = async ({ references }: Document): Promise<void> => {
    for (const reference of references) {
      if (names.has(reference.name) || names.size > REFERENCES_MAX) continue
      names.add(reference.name)
      const referred = await documents.byVersion(reference).catch((error: unknown) => {
        throw isMissing(error) ? new MissingReference(id, reference) : error
      })
      await collect(referred)
      found.push(referred)
    }
  }
  await collect(document)
  return found
}

function malformed(why: string): Unusable {
  return { kind: 'unusable', reason: 'malformed', why }
}
