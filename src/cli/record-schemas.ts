import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseSchema } from '../avro/parse-schema.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import { subjectsOf } from '../check/subjects.ts'
import type { Config } from '../config/config.ts'
import { errorText } from '../core/errors.ts'
import { RegistryReader } from './registry-reader.ts'

/** The records of `schemas/`; a name that is none must not become a path. */
const CANONICAL = ['mytracker.Registration', 'mytracker.Login', 'mytracker.CustomEvent']
/** Ids that no registry has reached: schemas from files get theirs from here on. */
const FILE_ID_MIN = 2_000_000_000

export interface FoundSchema {
  readonly schema: WriterSchema
  /** For a person: where it comes from. */
  readonly from: string
}

/** Where a schema of a name, a file or a subject comes from. Each is read once. Rejects with a sentence where it cannot be had. */
export class RecordSchemas {
  readonly #config: Config
  readonly #asked = new Map<string, Promise<FoundSchema>>()
  #registry: RegistryReader | undefined
  #lastId = FILE_ID_MIN

  constructor(config: Config) {
    this.#config = config
  }

  /** Of the record that may stand in the topic: that of the file if one is named, else a canonical one, or the latest of its subject. */
  async ofRecord(record: string, topic: string, file?: string): Promise<FoundSchema> {
    if (file !== undefined) {
      const found = await this.ofFile(file)
      if (found.schema.name === record) return found
      throw new Error(`${file} is of ${found.schema.name}, not of ${record}; name another file, or another record`)
    }
    if (CANONICAL.includes(record)) return await this.ofFile(canonicalFile(record), `schemas/${record}.avsc`)
    const [named] = subjectsOf(record, this.#config.schemaRegistry.subjects, [topic])
    const found = await this.ofSubject(named?.subject ?? '')
    if (found.schema.name === record) return found
    throw new Error(
      `${found.from} is of ${found.schema.name}, not of ${record}; name another topic, or mend schemaRegistry.subjects`,
    )
  }

  ofFile(file: string, from = file): Promise<FoundSchema> {
    return this.#once(`file ${file}`, async () => {
      this.#lastId += 1
      try {
        return { schema: parseSchema(this.#lastId, readFileSync(file, 'utf8')), from }
      } catch (error) {
        throw new Error(`${from} cannot be used as an Avro schema: ${errorText(error)}`)
      }
    })
  }

  ofSubject(subject: string): Promise<FoundSchema> {
    return this.#once(`subject ${subject}`, async () => {
      const { url } = this.#config.schemaRegistry
      this.#registry ??= new RegistryReader(this.#config)
      const latest = await this.#registry.latest(subject).catch((error: unknown) => {
        throw new Error(`subject ${subject} of the registry ${url}: ${errorText(error)}`)
      })
      if (latest === undefined) throw new Error(`the registry ${url} has no subject ${subject}`)
      return { schema: latest.schema, from: `subject ${subject}, version ${latest.version}` }
    })
  }

  stop(): void {
    this.#registry?.stop()
  }

  #once(key: string, ask: () => Promise<FoundSchema>): Promise<FoundSchema> {
    const asked = this.#asked.get(key) ?? ask()
    this.#asked.set(key, asked)
    return asked
  }
}

/** The topic of a record where nobody says which: that of its mapping, else the first that is read. */
export function topicOf({ mappings, kafka }: Config, record: string): string {
  const mapped = mappings.find((each) => each.record === record && each.topic !== undefined)
  return mapped?.topic ?? kafka.topics[0] ?? ''
}

function canonicalFile(record: string): string {
  return fileURLToPath(new URL(`../../schemas/${record}.avsc`, import.meta.url))
}
