// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the configuration's own variables.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { broken, problemsOf, valid } from './example.ts'

interface Case {
  readonly title: string
  readonly text: string
  readonly prints: string
}

/** Lines put after the last one of the example, which is line 23. */
const appended = (lines: string) => `${valid}${lines}\n`

const cases: readonly Case[] = [
  {
    title: 'an empty file',
    text: '',
    prints: 'c.yaml:1:1 the file is empty; write a mapping with at least kafka, schemaRegistry and tracker',
  },
  {
    title: 'nothing but comments',
    text: '# kafka:\n',
    prints: 'c.yaml:1:1 the file is empty; write a mapping with at least kafka, schemaRegistry and tracker',
  },
  {
    title: 'a list',
    text: '- kafka\n',
    prints: 'c.yaml:1:1 the file holds a list; write a mapping with at least kafka, schemaRegistry and tracker',
  },
  {
    title: 'a single value',
    text: 'kafka\n',
    prints: 'c.yaml:1:1 the file holds a single value; write a mapping with at least kafka, schemaRegistry and tracker',
  },
  {
    title: 'an open bracket',
    text: 'kafka:\n  brokers: [a\n',
    prints: 'c.yaml:3:1 this is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  },
  {
    title: 'a variable between braces without quotes, once',
    text: appended('batch: { maxEvents: ${EVENTS} }\nlog: { level: ${LEVEL} }'),
    prints:
      'c.yaml:24:22 this is not valid YAML: Unexpected flow-map-start at node end; between braces or brackets a ${NAME} needs quotes around it',
  },
  {
    title: 'a key that stands twice',
    text: appended('log: {}\nlog: {}'),
    prints: 'c.yaml:25:1 log: stands twice; keep one of the two',
  },
  {
    title: 'an alias of nothing, without quoting what may be a token',
    text: broken('s3cret-vk', '*s3cret'),
    prints: 'c.yaml:16:14 an alias of nothing; put a text that begins with * in quotes',
  },
  {
    title: 'a tag, without quoting what may be a token',
    text: broken('s3cret-vk', '!s3cret'),
    prints: 'c.yaml:16:14 this is not valid YAML: a tag that means nothing here; put a text that begins with ! in quotes',
  },
  {
    title: 'a list for a key',
    text: appended('? [a]\n: 1'),
    prints: 'c.yaml:24:3 a key is no plain text; put a text that begins with *, [ or { in quotes',
  },
  {
    title: 'aliases that multiply beyond reason',
    text: `a: &a [x, x]\n${['ab', 'bc', 'cd'].map(([from, to]) => `${to}: &${to} [${Array(9).fill(`*${from}`)}]\n`).join('')}`,
    prints: 'c.yaml:1:1 this is not valid YAML: Excessive alias count indicates a resource exhaustion attack',
  },
]

describe('a file that is no configuration is refused with its place and a cure', () => {
  for (const { title, text, prints } of cases) {
    it(title, () => assert.deepEqual(problemsOf(text), [prints]))
  }
})
