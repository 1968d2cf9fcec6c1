import { after } from 'node:test'
import { Cluster } from '../../src/stack/cluster.ts'
import { startStack } from '../../src/stack/stack.ts'
import { describeBroker } from './describe-broker.ts'
import { KafkaUnderTest } from './kafka-under-test.ts'

const report = (line: string): void => void process.stderr.write(`${line}\n`)
const stack = await startStack({ env: process.env, registry: false, report })
after(() => stack.stop())
const cluster = await Cluster.connect(stack)
after(() => cluster.close())

describeBroker('the real broker', (t) => KafkaUnderTest.connect(t, cluster))
