import assert from 'node:assert/strict'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const ITERATIONS = 4_096
/** AlterUserScramCredentials, which kafkajs does not have. */
const API_KEY = 51
const SHA_256 = 1

/** Gives the user of SCRAM-SHA-256 this password, through a listener that asks for nothing. */
export async function setScramPassword(broker: string, user: string, password: string): Promise<void> {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const iterations = Buffer.alloc(4)
  iterations.writeInt32BE(ITERATIONS)
  const upsertion = [compact(Buffer.from(user)), Buffer.of(SHA_256), iterations, compact(salt), compact(salted), NO_TAGS]
  // Key, version 0, correlation id 7, no client id; then no deletions, and an array of one.
  const header = Buffer.from([0, API_KEY, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0])
  const answer = await ask(broker, Buffer.concat([header, Buffer.of(1, 2), ...upsertion, NO_TAGS]))
  // Behind correlation id, tags, throttle time, the array's length and the user's name.
  assert.equal(answer.readInt16BE(4 + 1 + 4 + 1 + 1 + user.length), 0, 'the password was not taken')
}

const NO_TAGS = Buffer.of(0)

/** Short ones only: the length is one byte. */
const compact = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length + 1), bytes])

async function ask(broker: string, request: Buffer): Promise<Buffer> {
  const { hostname, port } = new URL(`kafka://${broker}`)
  const socket = connect(Number(port), hostname)
  const size = Buffer.alloc(4)
  size.writeInt32BE(request.length)
  socket.write(Buffer.concat([size, request]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.subarray(4)
}
