/** Looks again at domains that fail, one after the other, with a pause between: nobody waits for it. */
import type { Clock } from '../../base/clock.ts'
import { SECOND_LOOK_CONTROLS_MAX, SECOND_LOOK_PAUSE_MS } from '../../base/limits.ts'
import type { Suspect } from '../../check/second-look.ts'
import type { DomainCheck } from '../../telemetry/report/report-data.ts'
import type { RolloutReport } from '../../telemetry/report/rollout-report.ts'
import { parseType } from '../../wire/iana/rrtype.ts'
import { nameFrom } from '../../wire/name-text.ts'
import type { LookTerms } from './take-look.ts'

/** What it works with. */
export interface SecondLooksParts {
  readonly look: (suspect: Suspect, terms: LookTerms) => Promise<DomainCheck>
  /** False where the operator wants none, or nothing is judged. */
  readonly isWanted: () => boolean
  readonly clock: Pick<Clock, 'nowMs' | 'yieldTurn'>
  /** Seconds since 1970 by the machine's own clock. */
  readonly unixSeconds: () => number
  /** Told of a fault of ours. */
  readonly onFault: (fault: unknown) => void
}

/** See the head of this file. */
export class SecondLooks {
  readonly #parts: SecondLooksParts
  readonly #ending = new AbortController()
  #looking: Promise<void> | undefined
  #endedMs: number = Number.NEGATIVE_INFINITY

  constructor(parts: SecondLooksParts) {
    this.#parts = parts
  }

  /** Begins with the domain whose turn it is, if it is time for one. To be called now and then; returns at once. */
  consider(report: Pick<RolloutReport, 'nextToLookAt' | 'noteCheck' | 'signedTlds'>): void {
    const { clock, unixSeconds, onFault, isWanted, look } = this.#parts
    const { signal } = this.#ending
    if (signal.aborted || !isWanted()) return
    if (this.#looking !== undefined || clock.nowMs() - this.#endedMs < SECOND_LOOK_PAUSE_MS) return
    const wanted = report.nextToLookAt(unixSeconds())
    if (wanted === undefined) return
    const { domain, fault, name } = wanted
    const suspect = { name: nameFrom(name.name), type: parseType(name.type)!, zone: nameFrom(fault.zone) }
    const tlds = report.signedTlds().slice(0, SECOND_LOOK_CONTROLS_MAX)
    const wellKnown = tlds.map((tld) => nameFrom(tld))
    const seen = async (): Promise<void> => {
      await clock.yieldTurn()
      if (signal.aborted) return
      const check = await look(suspect, { wellKnown, atSeconds: unixSeconds(), signal })
      if (!signal.aborted) report.noteCheck(domain, check)
    }
    this.#looking = seen()
      .catch(onFault)
      .finally(() => {
        this.#endedMs = clock.nowMs()
        this.#looking = undefined
      })
  }

  /** Ends the one under way, and begins none any more. */
  close(): void {
    this.#ending.abort()
  }
}
