import { connect } from 'node:net'

/**
 * Three questions in Kafka's own protocol, to see whether a broker is up. Not with kafkajs: its first connection on Node 24 prints a
 * TimeoutNegativeWarning, and its waits between attempts are longer than the whole start-up.
 */
const answerMaxMs = 3000
const createTopics = { apiKey: 19, version: 2 }
const metadata = { apiKey: 3, version: 1 }
const findCoordinator = { apiKey: 10, version: 1 }
const probeName = 'mytracker-sink-ready'

interface Request {
  readonly apiKey: number
  readonly version: number
  readonly body: Buffer
}

/**
 * Whether a topic could be made. The controller refuses while the broker is still fenced; validating only asks it
 * the question and leaves nothing behind.
 */
export async function makesTopics(host: string, port: number): Promise<boolean> {
  const topic = [int32(1), text(probeName), int32(1), int16(1), int32(0), int32(0)]
  const body = Buffer.concat([...topic, int32(answerMaxMs), Buffer.of(1)])
  const answer = await ask(host, port, { ...createTopics, body })
  if (answer === undefined) return false
  // correlation id, throttle time, number of topics, the topic's name, then its error code
  const nameLength = answer.readInt16BE(12)
  return answer.readInt16BE(14 + nameLength) === 0
}

/**
 * Whether consumer groups have a coordinator. The first call makes `__consumer_offsets`; without it the first consumer of a fresh
 * broker meets GROUP_COORDINATOR_NOT_AVAILABLE and starts over.
 */
export async function coordinatesGroups(host: string, port: number): Promise<boolean> {
  const answer = await ask(host, port, { ...findCoordinator, body: Buffer.concat([text(probeName), Buffer.of(0)]) })
  // correlation id, throttle time, then the error code
  return answer?.readInt16BE(8) === 0
}

/** The ids of the brokers that this one knows to be up; none when it does not answer. */
export async function brokersUp(host: string, port: number): Promise<number[]> {
  // Of no topic at all.
  const answer = await ask(host, port, { ...metadata, body: int32(0) })
  if (answer === undefined) return []
  const ids: number[] = []
  // correlation id, number of brokers; then of each its id, host, port and rack
  let at = 8
  for (let left = answer.readInt32BE(4); left > 0; left -= 1) {
    ids.push(answer.readInt32BE(at))
    at += 6 + answer.readInt16BE(at + 4) + 4
    at += 2 + Math.max(0, answer.readInt16BE(at))
  }
  return ids
}

/** The answer from its correlation id on, or undefined when none came. */
function ask(host: string, port: number, { apiKey, version, body }: Request): Promise<Buffer | undefined> {
  const message = Buffer.concat([int16(apiKey), int16(version), int32(1), text('mytracker-sink-stack'), body])
  return new Promise((settle) => {
    const socket = connect({ host, port })
    let received = Buffer.alloc(0)
    const end = (answer?: Buffer) => {
      socket.destroy()
      settle(answer)
    }
    socket.setTimeout(answerMaxMs, () => end())
    socket.once('error', () => end())
    socket.once('close', () => end())
    socket.once('connect', () => socket.write(Buffer.concat([int32(message.length), message])))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) end(received.subarray(4))
    })
  })
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}
