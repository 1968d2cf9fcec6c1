/** The errors that reach a user of kafkajs, made by kafkajs itself so that their shape is the true one. */
import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'

const require = createRequire(import.meta.url)

interface ErrorCode {
  readonly type: string
  readonly code: number
}

const { errorCodes, createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  errorCodes: readonly ErrorCode[]
  createErrorFromCode(code: number): Error
}

/** An answer of the broker that kafkajs does not ask again about, and hands on as it is. */
export function refusal(type: string): Error {
  const found = errorCodes.find((each) => each.type === type)
  if (found === undefined) throw new Error(`there is no broker error ${type}`)
  return createErrorFromCode(found.code)
}

/** A refusal that kafkajs asks about again until it has had enough; the type stands in the cause. */
export function exhausted(type: string): Error {
  return givenUp(refusal(type))
}

export function connectionLost(): Error {
  return givenUp(new kafkajs.KafkaJSConnectionError('Connection error: the simulation cut it'))
}

function givenUp(cause: Error): Error {
  return new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 9_600 })
}
