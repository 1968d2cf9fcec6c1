import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { formatPath } from '../config/problem.ts'
import { redactor } from '../config/redact.ts'
import { YamlSource } from '../config/yaml-source.ts'
import { errorText } from '../core/errors.ts'
import { differences } from '../mapping-test/compare.ts'
import type { MappingTest } from '../mapping-test/format.ts'
import { parseTests } from '../mapping-test/format.ts'
import { EXIT_CONFIG, sayProblems } from './config-file.ts'
import { loadMappings } from './mapped-config.ts'
import type { FoundSchema } from './record-schemas.ts'
import { RecordSchemas, topicOf } from './record-schemas.ts'
import type { Modules } from './trial.ts'
import { tryRecord } from './trial.ts'
import { UnusableFile } from './unusable-file.ts'

const HELP = `
A file of tests:

  tests:
    - name: a registration
      schema: { file: user-registered.avsc }     # or { subject: NAME }, or record: NAME instead (schemas/, else the registry's latest)
      event: { userId: "1", occurredAt: 2026-01-31T12:00:00Z }
      hit: { app: shop, method: registration, params: { customUserId: "1", eventTimestamp: 1769860800 } }   # or skip: REASON, reject: REASON

topic (default: that of the record's mapping, else the first of kafka.topics) and timestamp (default: 2026-01-01T00:00:00Z) are those of
the Kafka record. Only subjects, and records that are not canonical, need the registry.

Exit codes: 0 all have passed, 1 some have not or there are none, 78 bad configuration or file of tests.`

export function testCommand(): Command {
  return new Command('test')
    .description('mapping tests, written in YAML: an event and the hit that it must become; nothing is sent')
    .argument('[tests...]', 'files of tests (default: every *.test.yaml beside the configuration)')
    .requiredOption('--config <file>', 'configuration, YAML')
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], flags: { readonly config: string }) => {
      process.exitCode = await test(flags.config, files)
    })
}

interface TestFile {
  readonly file: string
  readonly tests: readonly { readonly test: MappingTest; readonly line: number }[]
}

async function test(configFile: string, named: readonly string[]): Promise<number> {
  const loaded = await loadMappings(configFile)
  if (loaded === undefined) return EXIT_CONFIG
  const { config, modules } = loaded
  const files = named.length > 0 ? named : besides(configFile)
  const read = await Promise.all(files.map((file) => readTests(file).catch(unusable)))
  const problems = read.flatMap((each) => (each instanceof UnusableFile ? each.problems : []))
  if (problems.length > 0) {
    sayProblems(problems)
    return EXIT_CONFIG
  }
  const redact = redactor(config)
  const print = (line: string): void => void process.stdout.write(`${redact(line)}\n`)
  const schemas = new RecordSchemas(config)
  const counts = { passed: 0, failed: 0 }
  try {
    for (const each of read) {
      if (!(each instanceof UnusableFile)) await runFile(each, { config, modules, schemas, print, counts })
    }
  } finally {
    schemas.stop()
  }
  const { passed, failed } = counts
  if (passed + failed === 0)
    process.stderr.write(`no tests: write some into a file *.test.yaml beside ${configFile}, or name files\n`)
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 && passed > 0 ? 0 : 1
}

function unusable(error: unknown): UnusableFile {
  if (error instanceof UnusableFile) return error
  throw error
}

function besides(configFile: string): string[] {
  const directory = dirname(configFile)
  const names = readdirSync(directory).filter((name) => /\.test\.ya?ml$/.test(name))
  return names.toSorted().map((name) => join(directory, name))
}

async function readTests(file: string): Promise<TestFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw UnusableFile.asAWhole(file, `the file cannot be read: ${errorText(error)}`)
  })
  const source = new YamlSource(text)
  const faults = source.faults().map(({ path, ...fault }) => ({ ...fault, file, key: formatPath(path) }))
  if (faults.length > 0) throw new UnusableFile(faults)
  const parsed = parseTests(parsedOf(file, source))
  if ('findings' in parsed) {
    const problems = parsed.findings.map(({ path, message }) => ({
      file,
      ...source.placeOf(path),
      key: formatPath(path),
      message,
    }))
    throw new UnusableFile(problems.toSorted((a, b) => a.line - b.line || a.column - b.column))
  }
  return { file, tests: parsed.tests.map((each, place) => ({ test: each, line: source.placeOf(['tests', place]).line })) }
}

function parsedOf(file: string, source: YamlSource): unknown {
  try {
    return source.value()
  } catch (error) {
    throw UnusableFile.asAWhole(file, `this is not valid YAML: ${errorText(error)}`)
  }
}

interface Running {
  readonly config: Config
  readonly modules: Modules
  readonly schemas: RecordSchemas
  readonly print: (line: string) => void
  readonly counts: { passed: number; failed: number }
}

async function runFile({ file, tests }: TestFile, running: Running): Promise<void> {
  for (const { test: each, line } of tests) {
    const faults = await faultsOf(each, file, running)
    running.counts[faults.length === 0 ? 'passed' : 'failed'] += 1
    running.print(`${faults.length === 0 ? 'passed' : 'FAILED'}  ${file}:${line} ${each.name}`)
    for (const fault of faults) running.print(`        ${fault}`)
  }
}

async function faultsOf(each: MappingTest, file: string, { config, modules, schemas }: Running): Promise<string[]> {
  let found: FoundSchema
  try {
    found = await schemaOf(each, file, config, schemas)
  } catch (error) {
    return [errorText(error)]
  }
  const topic = each.topic ?? topicOf(config, found.schema.name)
  let value: Buffer | null
  try {
    value = each.event === null ? null : found.schema.encode(each.event)
  } catch (error) {
    return [`the event does not fit ${found.from}: ${errorText(error)}`]
  }
  const place = { topic, partition: 0, offset: 0, timestamp: each.timestamp }
  const record = { ...place, key: null, value, headers: undefined, history: undefined }
  return differences(each.expected, tryRecord(config, modules, record, found.schema))
}

function schemaOf({ schema, topic }: MappingTest, file: string, config: Config, schemas: RecordSchemas): Promise<FoundSchema> {
  if ('record' in schema) return schemas.ofRecord(schema.record, topic ?? topicOf(config, schema.record))
  return 'file' in schema ? schemas.ofFile(resolve(dirname(file), schema.file), schema.file) : schemas.ofSubject(schema.subject)
}
