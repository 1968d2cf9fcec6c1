import type { EventSchema } from '../core/event.ts'
import type { RecordHeaders } from '../core/record.ts'
import { isSecretName, masked, maskedBytes } from './masking.ts'
import type { DeadLetter } from './ports.ts'
import { plain, textOrHex, timeText } from './printable.ts'

/** What the registry and the decoder made of a value. */
export type Decoded =
  | { readonly kind: 'event'; readonly schema: EventSchema; readonly event: unknown }
  | { readonly kind: 'undecodable'; readonly why: string; readonly schema: { id: number; name: string | undefined } | undefined }
  | { readonly kind: 'none' }

/** What `list` tells of a record. */
export interface ListedFacts {
  readonly partition: number
  readonly offset: number
  readonly time: string
  readonly reason: string | null
  readonly attempts: number
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number; readonly time: string }
  readonly detail: string | null
}

/** What `show` tells of it besides. */
export interface ShownFacts extends ListedFacts {
  readonly firstFailed: string | null
  readonly key: string | null
  /** Without those that tell the history. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly valueBytes: number | null
  readonly schema: { readonly id: number; readonly name: string | undefined } | null
  /** Undefined: there is none, or it cannot be decoded. */
  readonly event?: unknown
  readonly undecodable?: string
  /** The value's first bytes, in hex. */
  readonly preview?: string
}

/** Headers with this prefix tell the history, which stands among the facts already. */
const HISTORY_PREFIX = 'mts-'
const PREVIEW_BYTES = 32

export function listedFacts({ record, history, reason, detail }: DeadLetter): ListedFacts {
  const { origin, attempt } = history
  return {
    partition: record.partition,
    offset: record.offset,
    time: timeText(record.timestamp),
    reason: reason ?? null,
    attempts: attempt,
    origin: { topic: origin.topic, partition: origin.partition, offset: origin.offset, time: timeText(origin.timestamp) },
    detail: detail ?? null,
  }
}

/** Everything of a record; what the producer put into it stands as it is only with `values`. */
export function shownFacts(letter: DeadLetter, decoded: Decoded, { values }: { values: boolean }): ShownFacts {
  const { record, history } = letter
  const key = record.key === null ? null : Buffer.from(record.key, 'latin1')
  return {
    ...listedFacts(letter),
    firstFailed: history.firstFailedAt === undefined ? null : timeText(history.firstFailedAt),
    key: key === null ? null : bytesText(key, values),
    headers: ownHeaders(record.headers, values),
    valueBytes: record.value?.length ?? null,
    ...valueFacts(record.value, decoded, values),
  }
}

function valueFacts(
  value: Buffer | null,
  decoded: Decoded,
  values: boolean,
): Pick<ShownFacts, 'schema' | 'event' | 'undecodable' | 'preview'> {
  if (decoded.kind === 'none' || value === null) return { schema: null }
  if (decoded.kind === 'event') {
    const { schema, event } = decoded
    return { schema: { id: schema.id, name: schema.name }, event: values ? plain(event) : masked(event, schema.type) }
  }
  const preview = values ? { preview: value.subarray(0, PREVIEW_BYTES).toString('hex') } : {}
  return { schema: decoded.schema ?? null, undecodable: decoded.why, ...preview }
}

function ownHeaders(headers: RecordHeaders | undefined, values: boolean): ShownFacts['headers'] {
  const own = Object.entries(headers ?? {}).filter(([name]) => !name.startsWith(HISTORY_PREFIX))
  return Object.fromEntries(
    own.map(([name, value]) => {
      const texts = [value ?? []].flat().map((each) => (isSecretName(name) ? '***' : bytesText(each ?? '', values)))
      return [name, texts.length === 1 ? (texts[0] as string) : texts]
    }),
  )
}

function bytesText(bytes: Buffer | string, values: boolean): string {
  return values ? textOrHex(Buffer.from(bytes)) : maskedBytes(bytes)
}
