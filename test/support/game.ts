/** The events of the integration tests: players score; each event carries an id of its own. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import avro from 'avsc'
import type { Cluster, Message } from '../../src/stack/cluster.ts'

export const scoredSchema = {
  type: 'record',
  name: 'Scored',
  namespace: 'com.game',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'player', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'platform', type: { type: 'enum', name: 'Platform', symbols: ['ANDROID', 'WEB'] } },
    { name: 'comment', type: ['null', 'string'], default: null },
  ],
} as const

const type = avro.Type.forSchema(scoredSchema as never)

export interface Scored {
  readonly id: string
  readonly player: string
  readonly platform?: 'ANDROID' | 'WEB'
  readonly comment?: string
}

/** Confluent's frame: byte 0, the schema's id, the Avro binary. */
export function framed(schemaId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(schemaId, 1)
  return Buffer.concat([header, payload])
}

export function encodeScored(schemaId: number, { id, player, platform = 'ANDROID', comment }: Scored): Buffer {
  return framed(schemaId, type.toBuffer({ id, player, at: 1_750_000_000_000, platform, comment: comment ?? null }))
}

/** `count` events over `partitions`; a player's events all are in one partition, and their ids count up. */
export function scores(
  schemaId: number,
  count: number,
  partitions: number,
): { messages: Message[]; idOf: (partition: number, index: number) => string } {
  const messages: Message[] = []
  const indexes = new Array<number>(partitions).fill(0)
  for (let number = 0; number < count; number += 1) {
    const playerNumber = (number * 31) % 307
    const partition = playerNumber % partitions
    const index = indexes[partition] as number
    indexes[partition] = index + 1
    // Texts outside of ASCII: two and four bytes a character make sizes by characters too small.
    const comment = number % 3 === 0 ? 'сыграно 🎯'.repeat(1 + (number % 40)) : undefined
    const platform = number % 5 === 0 ? 'WEB' : 'ANDROID'
    const value = encodeScored(schemaId, {
      id: `${partition}-${index}`,
      player: `player-${playerNumber}`,
      platform,
      ...(comment === undefined ? {} : { comment }),
    })
    messages.push({ partition, key: `player-${playerNumber}`, value })
  }
  return { messages, idOf: (partition, index) => `${partition}-${index}` }
}

export interface GameConfig {
  /** One, or several with commas between them. */
  readonly topic: string
  readonly groupId: string
  readonly trackerUrl: string
  readonly startFrom?: 'earliest' | 'latest'
  /** Left out: those of the cluster. */
  readonly brokers?: readonly string[]
  /** More keys of `kafka`, YAML, each behind a comma. */
  readonly kafka?: string
  /** YAML lines put at the end, at the top level. */
  readonly more?: string
}

/** Writes the configuration of a sink for these events into `directory`; returns its path. */
export function writeGameConfig(
  cluster: Cluster,
  directory: string,
  { topic, groupId, trackerUrl, startFrom = 'earliest', brokers = cluster.stack.brokers, kafka = '', more = '' }: GameConfig,
): string {
  const file = join(directory, `${groupId}.yaml`)
  writeFileSync(
    file,
    `kafka: { brokers: ${JSON.stringify(brokers)}, groupId: ${groupId}, topics: [${topic}], startFrom: ${startFrom}, sessionTimeout: 6s${kafka} }
schemaRegistry: { url: "${cluster.stack.registryUrl}" }
tracker:
  endpoint: ${trackerUrl}
  apps: [{ name: android, idApp: 1, token: t1 }, { name: web, idApp: 2, token: t2 }]
mappings:
  - record: com.game.Scored
    app: { field: platform, cases: { ANDROID: android, WEB: web } }
    method: customEvent
    params:
      customUserId: player
      customEventName: { value: scored }
      eventTimestamp: at
      customEventParams: { id: id, comment: comment }
http: { host: 127.0.0.1, port: 0 }
${more}`,
  )
  return file
}
