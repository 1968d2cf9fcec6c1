import type { Message, Producer } from 'kafkajs'

/**
 * Resolves when every in-sync replica has all of the messages, rejects when any may be missing. One topic-partition for each send: a
 * send over several loses records silently when a leader moves meanwhile.
 */
export async function sendToPartition(
  producer: Pick<Producer, 'send'>,
  topic: string,
  partition: number,
  messages: readonly Message[],
): Promise<void> {
  const record = { topic, acks: -1, messages: messages.map((message) => ({ ...message, partition })) }
  const answers = await producer.send(record).catch((error: unknown) => {
    // kafkajs does not say which topic it speaks of.
    throw new Error(`${topic}-${partition}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  const answer = answers.find((entry) => entry.topicName === topic && entry.partition === partition)
  // A partition that kafkajs does not know, it leaves out and resolves all the same.
  if (answer === undefined || answer.errorCode !== 0) {
    throw new Error(`${topic}-${partition}: ${messages.length} records were not acknowledged`)
  }
}

/** Whether the broker refuses the records for their size. */
export function isTooLarge(error: unknown): boolean {
  const { type, cause } = (error ?? {}) as { type?: unknown; cause?: unknown }
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') return true
  return cause !== undefined && isTooLarge(cause)
}
