/** What goes wrong, and how long things take. Called once for each request, so that a seed can answer. */
export interface Faults {
  readonly send?: () => SendFate
  readonly commit?: () => CommitFate
  /** Of one way, to the broker or back. Requests of one connection stay in their order whatever it says. */
  readonly latencyMs?: () => number
}

/**
 * `reject-written`: stored, but the acknowledgement got lost. `written-twice`: the first acknowledgement got lost, and the client's own
 * second attempt went well. `partition-missing`: the client knows no such partition, stores nothing and resolves all the same.
 */
export type SendFate = 'ok' | 'reject-unwritten' | 'reject-written' | 'written-twice' | 'partition-missing'

export type CommitFate = 'ok' | 'reject-unwritten' | 'reject-written'
