/** `npm run bench:validation`: what it costs to hold a hit of ten parameters to every rule and to write it as JSON, on one core. */

import { availableParallelism, cpus } from 'node:os'
import { serialiseHit } from '../src/tracker/request.ts'
import type { Params } from '../src/tracker/validate.ts'
import { compileValidator } from '../src/tracker/validate.ts'

const NS_PER_HIT_MAX = 2_000
const RUNS = 11
const ROUNDS = 200

const route = { app: 'game', method: 'customEvent' } as const
const validate = compileValidator({ method: 'customEvent', vkMiniApp: false, invalidParams: 'drop' })

/** Hits as a mapping makes them, no two alike; some texts are not Latin, since a user's words seldom are everywhere. */
const hits: readonly Params[] = Array.from({ length: 1_000 }, (_, index) => ({
  customUserId: `player-${index}`,
  customEventName: index % 3 === 0 ? 'уровень пройден' : 'levelUp',
  customEventParams: { level: String(index), result: 'won', hero: index % 10 === 0 ? 'лучник 🏹' : 'archer' },
  eventTimestamp: 1_580_213_208 + index,
  instanceId: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
  ipv4: `10.0.${index % 256}.${(index * 7) % 256}`,
  idGender: index % 3,
  age: 18 + (index % 60),
  connectionType: index % 3,
  userAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.${index}`,
}))

/** Nanoseconds for each hit. The bytes are added up so that nothing can be left out as unused. */
function run(): number {
  let bytes = 0
  const start = process.hrtime.bigint()
  for (let round = 0; round < ROUNDS; round++) {
    for (const params of hits) {
      const validation = validate(params)
      if (validation.kind !== 'valid') throw new Error(validation.detail)
      bytes += serialiseHit(route, validation.params).bytes
    }
  }
  const elapsedNs = Number(process.hrtime.bigint() - start)
  if (bytes < hits.length * ROUNDS) throw new Error('hardly anything was written')
  return elapsedNs / (hits.length * ROUNDS)
}

// The first run is the compiler's.
run()
const runs = Array.from({ length: RUNS }, run).sort((a, b) => a - b)
const median = runs[RUNS >> 1] ?? Number.NaN
const [best = Number.NaN] = runs

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores of which one is used, Node ${process.version}`,
)
console.log(
  `validation and serialisation of ten parameters: ${median.toFixed(0)} ns per hit (median of ${RUNS} runs, best ${best.toFixed(0)})`,
)
if (median > NS_PER_HIT_MAX) {
  console.error(`that is more than ${NS_PER_HIT_MAX} ns`)
  process.exitCode = 1
}
