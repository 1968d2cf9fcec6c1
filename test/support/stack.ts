import { after } from 'node:test'
import type { Stack } from '../../src/stack/stack.ts'
import { startStack } from '../../src/stack/stack.ts'

/**
 * The broker and the registry of one integration test file: those that the environment names, else a stack of its own, which ends with
 * the file. Progress goes to standard error, where a first run's fetch would otherwise look like a test that hangs.
 */
export async function sharedStack(): Promise<Stack> {
  const stack = await startStack({ env: process.env, report: (line) => process.stderr.write(`${line}\n`) })
  after(() => stack.stop())
  return stack
}
