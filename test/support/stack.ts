import { after } from 'node:test'
import type { Cluster } from '../../src/stack/cluster.ts'
import type { Stack, StackOptions } from '../../src/stack/stack.ts'
import { startStack } from '../../src/stack/stack.ts'
import { NoWayError } from '../../src/stack/stack-error.ts'

/**
 * The broker and the registry of one integration test file: those that the environment names, else a stack of its own, which ends with
 * the file. Progress goes to standard error, where a first run's fetch would otherwise look like a test that hangs.
 */
export async function sharedStack(): Promise<Stack> {
  const stack = await startStack({ env: process.env, report: (line) => process.stderr.write(`${line}\n`) })
  after(() => stack.stop())
  return stack
}

/**
 * Three brokers that may be killed one by one, whatever brokers the environment names. Where they cannot be had (they need Java, and
 * Docker alone is enough for everything else) there are none, and `onNone` is told why.
 */
export async function threeNodes(
  options: Omit<StackOptions, 'nodes'>,
  onNone: (why: string) => void,
): Promise<Stack | undefined> {
  return await javaStack({ ...options, nodes: 3 }, onNone)
}

/** The same for whatever else only Java has. */
export async function javaStack(options: StackOptions, onNone: (why: string) => void): Promise<Stack | undefined> {
  const { MYTRACKER_SINK_BROKERS: _, MYTRACKER_SINK_REGISTRY_URL: __, ...env } = options.env
  try {
    return await startStack({ ...options, env })
  } catch (error) {
    if (!(error instanceof NoWayError)) throw error
    onNone(error.message)
    return undefined
  }
}

/** Whether every copy of every partition is up to date, so that another node may be killed. */
export async function allInSync({ admin }: Cluster): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata()
  return topics.every(({ partitions }) => partitions.every(({ isr, replicas }) => isr.length === replicas.length))
}
