import { listedFacts, shownFacts } from '../dead-letters/facts.ts'
import type { DeadLetter } from '../dead-letters/ports.ts'
import { survey } from '../dead-letters/survey.ts'
import type { Tally } from '../dead-letters/tally.ts'
import { lettersText, listedLine, shownText, tallyText } from '../dead-letters/text.ts'
import type { CommonFlags, Session } from './dead-letters-session.ts'
import { readOnce, withSession } from './dead-letters-session.ts'
import { LetterDecoder } from './letter-decoder.ts'

/** Records that `list` and `show` print unless told otherwise. */
export const SHOWN_MAX = 100

export function list(flags: CommonFlags): Promise<number> {
  return withSession(flags, { forReplay: false }, (session) =>
    print(session, flags, (letter) => {
      const facts = listedFacts(letter)
      session.print(flags.json === true ? JSON.stringify(facts) : listedLine(facts))
    }),
  )
}

export function show(flags: CommonFlags & { readonly values?: boolean }): Promise<number> {
  return withSession(flags, { forReplay: false }, async (session) => {
    const decoder = new LetterDecoder(session.config)
    try {
      return await print(session, flags, async (letter) => {
        const facts = shownFacts(letter, await decoder.decode(letter), { values: flags.values === true })
        session.print(flags.json === true ? JSON.stringify(facts) : `${shownText(facts)}\n`)
      })
    } finally {
      decoder.stop()
    }
  })
}

async function print(
  session: Session,
  { json = false, limit = SHOWN_MAX }: CommonFlags,
  each: (letter: DeadLetter) => Promise<void> | void,
): Promise<number> {
  const { topic, filter, signal } = session
  const stretches = await topic.stretches(filter)
  const tally = await readOnce(session, stretches, (source) => survey({ source, filter, limit, show: each, signal }))
  // Half a count would pass for a whole one.
  if (signal.aborted) return 0
  if (json) session.print(JSON.stringify({ summary: summaryOf(tally, limit) }))
  else for (const line of summaryLines(tally, limit, topic.topic)) session.print(line)
  return 0
}

function summaryOf(tally: Tally, limit: number): object {
  const { total, byReason, byTopic } = tally
  return { total, shown: Math.min(total, limit), byReason, byTopic }
}

function summaryLines(tally: Tally, limit: number, topic: string): string[] {
  if (tally.total === 0) return [`no dead letters of this kind in ${topic}`]
  const more = tally.total > limit ? [`and ${tally.total - limit} more: --limit N prints them`] : []
  return [...more, `${lettersText(tally.total)} in ${topic}`, tallyText(tally)]
}
