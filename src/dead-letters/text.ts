import type { ListedFacts, ShownFacts } from './facts.ts'
import { printable } from './printable.ts'
import type { Tally } from './tally.ts'
import { UNKNOWN } from './tally.ts'

/** One line: where it stands, since when, why, after how many attempts, where it first stood, and what was wrong. */
export function listedLine({ partition, offset, time, reason, attempts, origin, detail }: ListedFacts): string {
  const from = `${origin.topic}-${origin.partition}@${origin.offset}`
  const parts = [`${partition}@${offset}`, time, reason ?? UNKNOWN, attemptsText(attempts), from, detail ?? '']
  return printable(parts.join('  ').trimEnd())
}

/** A record in full, on several lines. */
export function shownText(facts: ShownFacts): string {
  const { origin, schema, key, valueBytes } = facts
  const lines = [
    `${facts.partition}@${facts.offset}  dead since ${facts.time}`,
    `  reason        ${facts.reason ?? UNKNOWN}`,
    `  detail        ${facts.detail ?? '-'}`,
    `  attempts      ${facts.attempts}`,
    `  first failed  ${facts.firstFailed ?? '-'}`,
    `  origin        ${origin.topic}-${origin.partition}@${origin.offset}, written ${origin.time}`,
    `  key           ${key ?? 'none'}`,
    ...headerLines(facts.headers),
    `  value         ${valueBytes === null ? 'none' : `${valueBytes} bytes`}`,
    ...(schema === null ? [] : [`  schema        ${schema.id}${schema.name === undefined ? '' : `, ${schema.name}`}`]),
    ...(facts.undecodable === undefined ? [] : [`  no event      ${facts.undecodable}`]),
    ...(facts.preview === undefined ? [] : [`  first bytes   ${facts.preview}`]),
    ...eventLines(facts.event),
  ]
  return lines.map(printable).join('\n')
}

function headerLines(headers: ShownFacts['headers']): string[] {
  return Object.entries(headers).map(([name, value]) => `  header        ${name}: ${[value].flat().join(', ')}`)
}

function eventLines(event: unknown): string[] {
  if (event === undefined) return []
  const [first = '', ...rest] = JSON.stringify(event, undefined, 2).split('\n')
  return [`  event         ${first}`, ...rest.map((line) => `                ${line}`)]
}

/** Two lines: how many for each reason and for each topic. */
export function tallyText({ byReason, byTopic }: Tally): string {
  return `  by reason: ${countsText(byReason)}\n  by topic:  ${countsText(byTopic)}`
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${printable(name)} ${count}`)
    .join(', ')
}

function attemptsText(attempts: number): string {
  return `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
}

/** `1 dead letter`, `2 dead letters`. */
export function lettersText(count: number): string {
  return `${count} dead ${count === 1 ? 'letter' : 'letters'}`
}
