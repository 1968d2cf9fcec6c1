import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import type { Unusable } from '../avro/load-schema.ts'
import { schemaIdOf } from '../avro/wire-format.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import type { Config } from '../config/config.ts'
import { redactor } from '../config/redact.ts'
import { kafkaConnection } from '../connection.ts'
import { errorText } from '../core/errors.ts'
import type { SourceRecord } from '../core/record.ts'
import { readStored } from '../kafka/stored-record.ts'
import { ownTopics } from '../kafka/topics.ts'
import { EXIT_CONFIG } from './config-file.ts'
import type { Explained } from './explanation.ts'
import { explanation } from './explanation.ts'
import type { Mapped } from './mapped-config.ts'
import { loadMappings } from './mapped-config.ts'
import { RecordSchemas, topicOf } from './record-schemas.ts'
import { RegistryReader } from './registry-reader.ts'
import { tryRecord } from './trial.ts'
import { wholeNumber } from './whole-number.ts'

interface ExplainFlags {
  readonly config: string
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly record?: string
  readonly json?: string
  readonly schema?: string
  readonly values?: boolean
}

/** What is to be explained: a stored record, or one that a file describes. */
type Asked =
  | { readonly kind: 'stored'; readonly topic: string; readonly partition: number; readonly offset: number }
  | {
      readonly kind: 'written'
      readonly record: string
      readonly file: string
      readonly topic: string | undefined
      /** The file of its schema; undefined: the canonical one, or the registry's. */
      readonly schema: string | undefined
    }

const HELP = `
Either --topic, --partition and --offset name a stored record, or --record and --json give one; --topic then says which topic it is as if from
(default: that of the record's mapping, else the first of kafka.topics). The schema of --record is that of --schema, or the canonical one of
schemas/, or the latest of its subject, as schemaRegistry.subjects names it. The file holds plain JSON: unions bare, times as ISO text or as stored.

Exit codes: 0 the record can be delivered, 1 it cannot or there is none, 78 bad configuration.`

export function explainCommand(): Command {
  return new Command('explain')
    .description('one record, step by step from its bytes to the body that would be sent; sends nothing')
    .requiredOption('--config <file>', 'configuration, YAML')
    .option('--topic <name>', 'topic of the record')
    .option('--partition <n>', 'partition of a stored record, from 0', wholeNumber(0, 999_999_999))
    .option('--offset <n>', 'offset of a stored record, from 0', offsetOf)
    .option('--record <name>', 'Avro full name of a record that --json holds')
    .option('--json <file>', 'the event of --record, as plain JSON')
    .option('--schema <file>', 'the Avro schema of --record, instead of asking the registry')
    .option('--values', 'the values as they are (default: only their kind, as in <string 12>)')
    .addHelpText('after', HELP)
    .action(async (flags: ExplainFlags, command: Command) => {
      const asked = askedBy(flags)
      if (typeof asked === 'string') command.error(`error: ${asked}`, { exitCode: 1 })
      else process.exitCode = await explain(flags, asked)
    })
}

/** Offsets go beyond what other numbers need. */
function offsetOf(text: string): number {
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0.')
}

/** What the flags ask for, or what is wrong with them. */
export function askedBy({ topic, partition, offset, record, json, schema }: Omit<ExplainFlags, 'config'>): Asked | string {
  const isStored = partition !== undefined || offset !== undefined
  const isWritten = record !== undefined || json !== undefined
  if (isStored && isWritten)
    return 'name a stored record by --topic, --partition and --offset, or give one by --record and --json; not both'
  if (schema !== undefined && !isWritten) return '--schema goes with --record and --json; a stored record has its own'
  if (isWritten) {
    if (record === undefined) return '--json needs --record NAME, the Avro full name of the record that the file holds'
    if (json === undefined) return '--record needs --json FILE, the event as JSON'
    return { kind: 'written', record, file: json, topic, schema }
  }
  const missing = Object.entries({ topic, partition, offset }).flatMap(([name, value]) =>
    value === undefined ? [`--${name}`] : [],
  )
  if (missing.length === 3) return 'name a record: --topic T --partition P --offset O, or --record NAME --json FILE'
  if (topic === undefined || partition === undefined || offset === undefined)
    return `${missing.join(' and ')} missing: a stored record needs --topic, --partition and --offset`
  return { kind: 'stored', topic, partition, offset }
}

async function explain({ config: file, values = false }: ExplainFlags, asked: Asked): Promise<number> {
  const mapped = await loadMappings(file)
  if (mapped === undefined) return EXIT_CONFIG
  const redact = redactor(mapped.config)
  try {
    const explained = asked.kind === 'stored' ? await stored(mapped, asked) : await written(mapped, asked)
    for (const line of explanation({ ...explained, file, values })) process.stdout.write(`${redact(line)}\n`)
    return explained.tried.outcome.kind === 'hit' ? 0 : 1
  } catch (error) {
    process.stderr.write(`${redact(`mytracker-sink: ${errorText(error)}`)}\n`)
    return 1
  }
}

type Explaining = Omit<Explained, 'file' | 'values'>

async function stored(mapped: Mapped, { topic, partition, offset }: Asked & { kind: 'stored' }): Promise<Explaining> {
  const { config } = mapped
  const { groupId } = config.kafka
  const own = ownTopics(groupId, config.retry.tiers)
  const isOwn = topic === own.deadLetter || own.tiers.some((tier) => tier.topic === topic)
  const connection = kafkaConnection(config, () => undefined)
  const record = await readStored(connection, { topic, partition, offset }, { groupId, isOwn })
  const { schema, trouble } = await storedSchema(config, record)
  if (trouble !== undefined) throw new Error(trouble)
  const tried = tryRecord(config, mapped.modules, record, schema)
  if (schema === undefined || !('kind' in schema)) return { ...mapped, record, schema, from: undefined, tried }
  return { ...mapped, record, schema: undefined, unusable: schema.why, from: undefined, tried }
}

/** `trouble`: the registry did not answer, so that nothing can be said of the record. */
async function storedSchema(
  config: Config,
  { value }: SourceRecord,
): Promise<{ readonly schema: WriterSchema | Unusable | undefined; readonly trouble?: string }> {
  const id = value === null ? undefined : schemaIdOf(value)
  if (id === undefined) return { schema: undefined }
  const registry = new RegistryReader(config)
  try {
    await registry.load(id)
    const schema = registry.get(id)
    if (!('kind' in schema) || schema.kind === 'unusable') return { schema }
    // A registry that hangs has no trouble to tell of yet, and must not pass for one that does not know the id.
    const why = registry.trouble(id) ?? (await registry.greet().then(refusal, errorText))
    if (why === undefined) return { schema: undefined }
    return { schema: undefined, trouble: `the registry ${config.schemaRegistry.url} did not tell schema ${id}: ${why}` }
  } finally {
    registry.stop()
  }
}

function refusal({ status }: { readonly status: number }): string | undefined {
  return status === 200 ? undefined : `it answers ${status}`
}

async function written(mapped: Mapped, asked: Asked & { kind: 'written' }): Promise<Explaining> {
  const { config, modules } = mapped
  const topic = asked.topic ?? topicOf(config, asked.record)
  const event = eventOf(asked.file)
  const schemas = new RecordSchemas(config)
  try {
    const { schema, from } = await schemas.ofRecord(asked.record, topic, asked.schema)
    const value = encoded(schema, event, asked.file)
    const place = { topic, partition: 0, offset: 0, timestamp: Date.now() }
    const record = { ...place, key: null, value, headers: undefined, history: undefined }
    return { ...mapped, record, schema, from, tried: tryRecord(config, modules, record, schema) }
  } finally {
    schemas.stop()
  }
}

function encoded(schema: WriterSchema, event: unknown, file: string): Buffer {
  try {
    return schema.encode(event)
  } catch (error) {
    throw new Error(`${file} does not fit the schema of ${schema.name}: ${errorText(error)}`)
  }
}

function eventOf(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${errorText(error)}`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    // The parser's own words may quote the file, whose values nobody has asked to see.
    const [, line = '1', column = '1'] = /line (\d+) column (\d+)/.exec(errorText(error)) ?? []
    throw new Error(`${file}:${line}:${column} is no JSON`)
  }
}
