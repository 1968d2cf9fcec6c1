/** What `explain` prints of a record: every step, a block each. */
import { readFileSync } from 'node:fs'
import { schemaIdOf } from '../avro/wire-format.ts'
import type { WriterSchema } from '../avro/writer-schema.ts'
import type { Config } from '../config/config.ts'
import { YamlSource } from '../config/yaml-source.ts'
import type { Hit } from '../core/hit.ts'
import { maskedJson } from '../core/masked.ts'
import type { Reason, SkipReason } from '../core/outcome.ts'
import type { SourceRecord } from '../core/record.ts'
import { masked, maskedBytes } from '../dead-letters/masking.ts'
import { plain, printable, textOrHex, timeText } from '../dead-letters/printable.ts'
import { bodyOf, pathOf } from '../tracker/request.ts'
import { ruleOf } from '../tracker/rule.ts'
import type { ParamName } from '../tracker/spec.ts'
import { paramSpecs } from '../tracker/spec.ts'
import type { Modules, Tried } from './trial.ts'
import { mappingsOf } from './trial.ts'

export interface Explained {
  readonly config: Config
  readonly modules: Modules
  /** The configuration's, for the lines of its mappings. */
  readonly file: string
  readonly record: SourceRecord
  /** Undefined: there is none, or the registry does not know it. */
  readonly schema: WriterSchema | undefined
  /** Why the record's schema is of no use, though the registry has it. */
  readonly unusable?: string
  /** Where the schema of a record that is not stored comes from. */
  readonly from: string | undefined
  readonly tried: Tried
  readonly values: boolean
}

/** Lines for a terminal. */
export function explanation(explained: Explained): string[] {
  const { tried } = explained
  const event = eventOf(explained)
  return [
    ...recordLines(explained),
    ...schemaLines(explained),
    ...(event === undefined ? [] : block('event', shownEvent(event.event, explained))),
    ...(event === undefined ? [] : mappingLines(event.event, explained)),
    ...tried.problems.map((problem) => line('misfit', `the mapping does not fit the schema: ${problem}`)),
    ...tried.dropped.map((param) => line('dropped', `${param}${ruleText(param)}`)),
    ...(tried.outcome.kind === 'hit' ? hitLines(tried.outcome, explained) : []),
    ...verdictLines(explained),
  ].map(printable)
}

function line(title: string, text: string): string {
  return `${title.padEnd(9)} ${text}`
}

function block(title: string, value: unknown): string[] {
  return JSON.stringify(value, undefined, 2)
    .split('\n')
    .map((text, place) => line(place === 0 ? title : '', text))
}

function recordLines({ record, from, values }: Explained): string[] {
  const { topic, partition, offset, timestamp, key, value, history } = record
  if (from !== undefined) return [line('record', `not stored; as if from topic ${topic}, ${timeText(timestamp)}`)]
  const bytes = key === null ? null : Buffer.from(key, 'latin1')
  const keyText = bytes === null ? 'no key' : `key ${values ? textOrHex(bytes) : maskedBytes(bytes)}`
  const size = value === null ? 'no value' : `value of ${value.length} bytes`
  const here = line('record', `${topic}-${partition}@${offset}, ${timeText(timestamp)}, ${keyText}, ${size}`)
  if (history === undefined) return [here]
  const { origin, attempt } = history
  const first = `${origin.topic}-${origin.partition}@${origin.offset}, ${timeText(origin.timestamp)}`
  return [here, line('origin', `${first}; failed deliveries: ${attempt}`)]
}

function schemaLines({ record, schema, unusable, from }: Explained): string[] {
  if (schema !== undefined) return [line('schema', `${from ?? `id ${schema.id}`}, ${schema.name}`)]
  if (unusable !== undefined) return [line('schema', unusable)]
  const id = record.value === null ? undefined : schemaIdOf(record.value)
  return id === undefined ? [] : [line('schema', `id ${id}, which the registry does not know`)]
}

/** The whole event, whatever the mapping reads of it; undefined: it cannot be decoded, which the outcome tells. */
function eventOf({ record, schema }: Explained): { readonly event: unknown } | undefined {
  if (record.value === null || schema === undefined) return undefined
  try {
    return { event: schema.decoder(undefined)(record.value) }
  } catch {
    return undefined
  }
}

function shownEvent(event: unknown, { schema, values }: Explained): unknown {
  return values || schema === undefined ? plain(event) : masked(event, schema.type)
}

/** The mappings of the record's name in their order, up to the one that is used. */
function mappingLines(event: unknown, explained: Explained): string[] {
  const { config, file, record, schema } = explained
  if (schema === undefined) return []
  const source = new YamlSource(readFileSync(file, 'utf8'))
  const topic = (record.history?.origin ?? record).topic
  const lines: string[] = []
  for (const [place, mapping] of config.mappings.entries()) {
    if (mapping.record !== schema.name) continue
    const where = `mappings[${place}], ${file}:${source.placeOf(['mappings', place]).line}`
    if (mapping.topic !== undefined && mapping.topic !== topic) {
      lines.push(line('mapping', `${where}: not this one, it is for topic ${mapping.topic}`))
    } else if (!holds(event, place, explained)) {
      lines.push(line('mapping', `${where}: not this one, its when does not hold`))
    } else {
      return [...lines, line('mapping', `${where}: used`)]
    }
  }
  if (lines.length > 0) return lines
  const isCanonical = explained.tried.outcome.kind === 'hit' || explained.tried.outcome.reason !== 'unmapped'
  return [line('mapping', isCanonical ? `none needed: ${schema.name} is a canonical record` : `none is for ${schema.name}`)]
}

/** Asks a mapping that does nothing under the same condition, so that no module runs for the asking. */
function holds(event: unknown, place: number, { config, modules, record, schema }: Explained): boolean {
  const mapping = config.mappings[place]
  if (mapping?.when === undefined || schema === undefined) return true
  const probe = mappingsOf(config, modules, [{ record: mapping.record, when: mapping.when, skip: true }], () => undefined)
  const outcome = probe.compile(schema, record.topic).map(event, record.history?.origin ?? record, record)
  return outcome.kind === 'skip' && outcome.reason === 'skipped'
}

/** What a parameter that was left out would have had to be. */
function ruleText(param: string): string {
  const [name = ''] = param.split('.')
  if (!Object.hasOwn(paramSpecs, name)) return ': is no parameter of the tracker'
  const rule = ruleOf(paramSpecs[name as ParamName])
  const { kind } = paramSpecs[name as ParamName]
  const wanted = kind === 'entries' && param !== name ? entryRule(name as ParamName) : rule.wanted
  return `: empty, not of this method, or breaks its rule (${wanted})`
}

function entryRule(name: ParamName): string {
  const { minLength, maxLength } = paramSpecs[name] as { readonly minLength?: number; readonly maxLength?: number }
  return `wants names and values of ${minLength} to ${maxLength} characters`
}

function hitLines(hit: Hit, { config, values }: Explained): string[] {
  const { app, method } = hit.route
  const idApp = config.tracker.apps.find(({ name }) => name === app)?.idApp ?? 0
  const body = bodyOf([hit])
  const shown: unknown = JSON.parse(body)
  return [
    line('hit', `${method} of app ${app}`),
    line('request', `POST ${config.tracker.endpoint}${pathOf(method, 1, idApp)}`),
    ...(values ? [line('body', body)] : block('body', maskedJson(shown))),
    line('size', `${hit.bytes} bytes of at most ${config.batch.maxBytes}`),
  ]
}

function verdictLines({ tried: { outcome } }: Explained): string[] {
  if (outcome.kind === 'hit') return [line('verdict', 'can be delivered; nothing was sent')]
  if (outcome.kind === 'skip') {
    return [line('verdict', `skipped, ${outcome.reason}: not delivered`), line('change', skipCures[outcome.reason])]
  }
  return [
    line('verdict', `dead letter, ${outcome.reason}: ${outcome.detail}`),
    line('change', rejectCures[outcome.reason] ?? 'what the verdict names'),
  ]
}

const skipCures: Readonly<Record<SkipReason, string>> = {
  tombstone: 'nothing: a record without a value tells of no event',
  filtered: 'the when of a mapping, or add a mapping without one, if the record is wanted',
  skipped: 'skip: true of the mapping, or what its module answers, if the record is wanted',
  unmapped: 'add a mapping for the record, if it is wanted; unmapped: skip leaves it out',
}

const rejectCures: Readonly<Partial<Record<Reason, string>>> = {
  'not-framed': "the producer's serializer; this record never becomes sound",
  'unknown-schema': 'schemaRegistry.url, or register the schema again: was the record written against another registry?',
  malformed: 'the producer, or its schema; this record never becomes sound',
  unmapped: 'add a mapping for the record, with skip: true if it is not wanted',
  'mapping-failed': 'the mapping, as the verdict says',
  'invalid-hit': "the mapping, or the producer's values: the verdict names the parameter and its rule",
  'too-large': 'map fewer or shorter values',
}
