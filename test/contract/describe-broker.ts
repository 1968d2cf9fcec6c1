import type { TestContext } from 'node:test'
import { describe, test } from 'node:test'
import type { BrokerUnderTest } from './broker-under-test.ts'
import { committing } from './committing.ts'
import { group } from './group.ts'
import { reading } from './reading.ts'
import { sending } from './sending.ts'

/** Holds a broker to everything that the pipeline and its simulation take for granted. */
export function describeBroker(name: string, makeBroker: (t: TestContext) => Promise<BrokerUnderTest>): void {
  // A broker that was there before may still hold what an earlier run left.
  const run = Date.now().toString(36)
  describe(name, () => {
    for (const [index, expectation] of [...reading, ...committing, ...group, ...sending].entries()) {
      test(expectation.title, async (t) => {
        await expectation.run(await makeBroker(t), { topic: `topic-${run}-${index}`, groupId: `group-${run}-${index}` })
      })
    }
  })
}
