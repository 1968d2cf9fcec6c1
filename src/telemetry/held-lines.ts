import type { HeldBack } from '../core/held-back.ts'

/** What is said when something begins to be held back, and when it ends. */
export const heldLines: Readonly<Record<HeldBack['why'], { level: 'warn' | 'error'; begins: string; ends: string }>> = {
  down: {
    level: 'warn',
    begins: 'the tracker is down: records wait where they are, but for a probe now and then',
    ends: 'the tracker is back',
  },
  misconfigured: {
    level: 'error',
    begins: 'the tracker answers as if we spoke to the wrong place: records wait; check tracker.endpoint and any proxy between',
    ends: 'the tracker answers as it should again',
  },
  forbidden: {
    level: 'error',
    begins: 'the tracker refuses an app: its records wait, others go on; check its token',
    ends: 'the tracker takes the app again',
  },
  brake: {
    level: 'error',
    begins:
      'too many records of a topic would become dead letters: it is held until the process starts again; mend the mapping or the producer',
    ends: 'the topic is held no more',
  },
}
