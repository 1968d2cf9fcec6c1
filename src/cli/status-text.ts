import { styleText } from 'node:util'
import type { StatusDocument } from '../ops/status.ts'
import { isWell } from '../ops/verdict.ts'

/** Failures that are shown; `--json` has them all. */
const FAILURES = 5
const DETAIL_MAX = 160

/** For a person: state and verdict first. Coloured on a terminal only, and not where NO_COLOR is set. */
export function statusText(document: StatusDocument): string {
  const { state, since, verdict, groupId, version, failures } = document
  const colour = isWell(state) ? 'green' : state === 'blocked' ? 'red' : 'yellow'
  const sections = [
    `${styleText(['bold', colour], state)} since ${shortTime(since)}\n${plain(verdict)}`,
    `group ${groupId}, version ${version}\n${countsText(document)}\n${trackerText(document)}`,
    table(partitionRows(document)),
    table(appRows(document)),
    failures.length === 0 ? 'no failures' : `last failures, newest first\n${table(failureRows(document))}`,
  ]
  return `${sections.join('\n\n')}\n`
}

function countsText({ counts, parked }: StatusDocument): string {
  const { consumed, delivered, skipped, deadLettered, retried } = counts
  const waiting = parked.filter((each) => each.waiting > 0).map((each) => `${each.waiting} wait on ${each.tier}`)
  const parts = [
    `${consumed} consumed`,
    `${delivered} delivered`,
    `${sum(skipped)} skipped`,
    [`${sum(counts.parked)} parked`, ...waiting].join(', '),
    `${retried} retried`,
    `${sum(deadLettered)} dead letters`,
  ]
  return parts.join(', ')
}

function trackerText({ tracker, counts }: StatusDocument): string {
  const { inFlight, limit, breaker, p50Ms, p99Ms, answers } = tracker
  const took = p50Ms === null ? '' : `, half within ${p50Ms} ms, 99% within ${p99Ms} ms`
  const told = Object.entries(answers).map(([status, number]) => `${number} x ${status}`)
  const held = breaker === 'closed' ? '' : `, breaker ${breaker}`
  return `tracker: ${counts.requests} requests (${told.join(', ') || 'no answers'})${took}, ${inFlight} of ${limit} in flight${held}`
}

function partitionRows({ partitions }: StatusDocument): string[][] {
  if (partitions.length === 0) return [['no partitions']]
  const rows = partitions.map(({ topic, partition, state, committed, end, lag, lagSeconds, open, oldestOpenSeconds }) => [
    ...[`${topic}-${partition}`, state, String(committed ?? '–'), String(end ?? '–'), String(lag), seconds(lagSeconds)],
    ...[String(open), seconds(oldestOpenSeconds)],
  ])
  return [['partition', 'state', 'committed', 'end', 'lag', 'lag age', 'open', 'oldest open'], ...rows]
}

function appRows({ apps }: StatusDocument): string[][] {
  const rows = apps.map(({ name, idApp, state, reason }) => [name, String(idApp), state, reason === null ? '' : short(reason)])
  return [['app', 'idApp', 'state', ''], ...rows]
}

function failureRows({ failures }: StatusDocument): string[][] {
  return failures
    .slice(0, FAILURES)
    .map(({ at, topic, partition, offset, stage, reason, detail }) => [
      shortTime(at),
      `${topic}-${partition}@${offset}`,
      `${stage}: ${reason}`,
      short(detail),
    ])
}

/** Columns as wide as their widest cell, two blanks apart. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const seconds = (value: number): string => `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} s`
const shortTime = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`
const sum = (by: Readonly<Record<string, number>>): number => Object.values(by).reduce((total, each) => total + each, 0)

/** One line that no terminal obeys: others wrote it. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}

function short(text: string): string {
  const line = plain(text)
  return line.length <= DETAIL_MAX ? line : `${line.slice(0, DETAIL_MAX - 1)}…`
}
