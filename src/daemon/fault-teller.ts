/** Faults of our own, told in the log: the first few of a minute with their stacks, all of them in a counter. */
import type { Clock } from '../base/clock.ts'
import { FAULTS_TOLD_PER_MINUTE_MAX } from '../base/limits.ts'
import type { Log } from '../telemetry/log.ts'

const MINUTE_MS = 60_000

/** Where faults go. */
export interface FaultTellerParts {
  readonly log: Pick<Log, 'error'>
  readonly clock: Clock
  readonly counters: { internalFault(): void }
}

/**
 * Takes a fault and what it led to. Whoever finds a question that makes us fail can ask it a thousand times a second:
 * that must not fill the disk.
 */
export function faultTeller(parts: FaultTellerParts): (fault: unknown, consequence: string) => void {
  const { log, clock, counters } = parts
  let minuteBegunMs = Number.NEGATIVE_INFINITY
  let told = 0
  return (fault, consequence) => {
    counters.internalFault()
    const nowMs = clock.nowMs()
    if (nowMs - minuteBegunMs >= MINUTE_MS) {
      minuteBegunMs = nowMs
      told = 0
    }
    if (told > FAULTS_TOLD_PER_MINUTE_MAX) return
    told++
    if (told <= FAULTS_TOLD_PER_MINUTE_MAX) log.error({ err: fault }, `internal fault; ${consequence}`)
    else
      log.error('more internal faults: for a minute they are only counted, in sigill_internal_faults_total')
  }
}
