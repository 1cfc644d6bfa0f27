/** How what an earlier process cached is brought into this one. */

/** What the times and numbers in entries of that process mean here. */
export interface RestoreTerms {
  /** To be added to its times. */
  readonly shiftMs: number
  /** The clock's monotonic milliseconds here. */
  readonly nowMs: number
  /** What has run out is kept for so long where old answers may be given. */
  readonly staleMs: number
  /** Verdicts reached under this policy sequence number there … */
  readonly sequenceThere: number
  /** … stand as if they were reached under this one here; 0, which no verdict has, where they do not stand. */
  readonly sequenceHere: number
}

/** No policy ever has this sequence number: what bears it is judged before it is used. */
export const NEVER_JUDGED = 0

/** The policy sequence number that an entry gets. */
export function restoredSequence({ sequenceThere, sequenceHere }: RestoreTerms, sequence: number): number {
  return sequence === sequenceThere ? sequenceHere : NEVER_JUDGED
}
