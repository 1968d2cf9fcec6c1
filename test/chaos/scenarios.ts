import type { Scenario } from './scenario.ts'
import { appRefused } from './scenarios/app-refused.ts'
import { brokerOutage } from './scenarios/broker-outage.ts'
import { brokerRestarts } from './scenarios/broker-restarts.ts'
import { coordinatorStopped } from './scenarios/coordinator-stopped.ts'
import { growth } from './scenarios/growth.ts'
import { kills } from './scenarios/kills.ts'
import { leaderKilled } from './scenarios/leader-killed.ts'
import { leadersMoved } from './scenarios/leaders-moved.ts'
import { rollingRestart } from './scenarios/rolling-restart.ts'
import { scale } from './scenarios/scale.ts'
import { storm } from './scenarios/storm.ts'
import { stuckRecord } from './scenarios/stuck-record.ts'
import { tooMany } from './scenarios/too-many.ts'
import { trackerDown } from './scenarios/tracker-down.ts'
import { wrongEndpoint } from './scenarios/wrong-endpoint.ts'

/** In the order of the table. */
export const scenarios: readonly Scenario[] = [
  kills,
  rollingRestart,
  scale,
  growth,
  brokerRestarts,
  brokerOutage,
  leaderKilled,
  coordinatorStopped,
  leadersMoved,
  stuckRecord,
  trackerDown,
  storm,
  appRefused,
  tooMany,
  wrongEndpoint,
]
