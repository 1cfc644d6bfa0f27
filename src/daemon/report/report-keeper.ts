/** Has the threads hand over what they count, makes the report of it, and keeps that over restarts. */
import type { Cancel, Clock } from '../../base/clock.ts'
import {
  CLOCK_JUMP_SECONDS,
  REPORT_AGE_PAUSE_MS,
  REPORT_COLLECT_MS,
  REPORT_SAVE_MS,
} from '../../base/limits.ts'
import { type Alert, Guard } from '../../telemetry/report/guard.ts'
import type { KeptReport, ReportData } from '../../telemetry/report/report-data.ts'
import { type ExpiringView, type ReportView, reportView } from '../../telemetry/report/report-view.ts'
import { RolloutReport } from '../../telemetry/report/rollout-report.ts'
import { type SealedState, StateFile, sealedState } from '../state/state-file.ts'
import type { StateFolder } from '../state/state-folder.ts'
import type { ExpiryWatch } from './expiry-watch.ts'
import { drawSource, REPORT_FORM, reportForm } from './report-form.ts'
import type { SecondLooks } from './second-looks.ts'

/** What it works with. */
export interface ReportKeeperParts {
  /** What threads have counted since they were last asked. */
  readonly collect: () => Promise<readonly ReportData[]>
  readonly folder: StateFolder
  readonly clock: Pick<Clock, 'nowMs' | 'after' | 'yieldTurn'>
  /** Seconds since 1970 by the machine's own clock, even where signatures are judged by another. */
  readonly unixSeconds: () => number
  /** Has failing domains looked at again. */
  readonly looks: Pick<SecondLooks, 'consider' | 'close'>
  /** Zones that fail soon. */
  readonly expiry: Pick<ExpiryWatch, 'expiring' | 'look' | 'close'>
  /** Tells apart the secret by which clients are counted (`KeptReport.key`). */
  readonly key: string
  /** Told of a jump in what is bogus, once an incident. */
  readonly onAlert: (alert: Alert) => void
  /** Told of a fault of ours. */
  readonly onFault: (fault: unknown) => void
}

/** See the head of this file. */
export class ReportKeeper {
  readonly #parts: ReportKeeperParts
  readonly #file: StateFile<KeptReport>
  readonly #guard = new Guard()
  #report: RolloutReport
  #sources: readonly string[]
  #collecting: Promise<void> = Promise.resolve()
  #savedMs: number
  /** How far the two clocks were apart when last looked at, and when that had changed: the wall clock was set. */
  #apartSeconds: number
  #setMs = Number.NEGATIVE_INFINITY
  #cancel: Cancel = () => {}
  #stopped = false

  constructor(parts: ReportKeeperParts) {
    this.#parts = parts
    this.#file = new StateFile(parts.folder, reportForm(parts.key))
    this.#report = new RolloutReport(parts.unixSeconds())
    const kept = this.#file.load()
    if (kept !== undefined) this.#report.merge(kept)
    this.#sources = kept?.sources ?? [drawSource()]
    this.#savedMs = parts.clock.nowMs()
    this.#apartSeconds = this.#differenceSeconds()
    this.#again()
  }

  /** What operators were told of last, and is not over. */
  get alert(): Alert | undefined {
    return this.#guard.standing
  }

  /** The report with all that was counted until now. */
  async view(): Promise<ReportView> {
    await this.collect()
    const { unixSeconds, expiry } = this.#parts
    return reportView(this.#report.data(), unixSeconds(), expiry.expiring)
  }

  /** The same to be handed on and made one with those of other resolvers. */
  async export(): Promise<SealedState> {
    await this.collect()
    return sealedState(this.#kept(), REPORT_FORM)
  }

  /** Zones whose signatures end soon and are not being renewed, as the caches show it now. */
  async expiring(): Promise<readonly ExpiringView[]> {
    const { expiry } = this.#parts
    await expiry.look()
    return expiry.expiring
  }

  /** How many there were when the caches were last looked through. */
  get expiringZones(): number {
    return this.#parts.expiry.expiring.length
  }

  /** Forgets all that was counted, for instance before another rehearsal. */
  async clear(): Promise<void> {
    await this.collect()
    this.#report = new RolloutReport(this.#parts.unixSeconds())
    this.#sources = [drawSource()]
    await this.#save()
  }

  /** Has the threads hand over what they counted. Never fails. */
  collect(): Promise<void> {
    this.#collecting = this.#collecting.then(async () => {
      try {
        // The thread may be the one that answers clients: they have a turn between the parts, which take up to a millisecond.
        const { clock, looks, onAlert } = this.#parts
        const now = this.#parts.unixSeconds()
        const lately = new RolloutReport(now)
        for (const data of await this.#parts.collect()) {
          await clock.yieldTurn()
          lately.merge(data)
        }
        const data = lately.data()
        await clock.yieldTurn()
        this.#report.merge(data)
        await clock.yieldTurn()
        this.#report.notAfter(now)
        const alert = this.#guard.note(data, clock.nowMs(), now)
        if (alert !== undefined) onAlert(alert)
        looks.consider(this.#report)
      } catch (fault) {
        this.#parts.onFault(fault)
      }
    })
    return this.#collecting
  }

  /** Collects for the last time, and writes it down: to be called while threads live. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    this.#parts.looks.close()
    this.#parts.expiry.close()
    await this.save()
  }

  /** Collects, and writes it down. */
  async save(): Promise<void> {
    await this.collect()
    await this.#save()
  }

  #again(): void {
    this.#cancel = this.#parts.clock.after(REPORT_COLLECT_MS, () => {
      void this.collect().then(() => {
        // Whoever waits for a disk is told of nothing meanwhile.
        if (!this.#stopped) this.#again()
        return this.#parts.clock.nowMs() - this.#savedMs >= REPORT_SAVE_MS ? this.#save() : undefined
      })
    })
  }

  async #save(): Promise<void> {
    const { clock, unixSeconds } = this.#parts
    this.#savedMs = clock.nowMs()
    if (!this.#wasSetLately()) this.#report.age(unixSeconds())
    await this.#file.save(this.#kept())
  }

  #wasSetLately(): boolean {
    const nowMs = this.#parts.clock.nowMs()
    const apartSeconds = this.#differenceSeconds()
    if (Math.abs(apartSeconds - this.#apartSeconds) >= CLOCK_JUMP_SECONDS) this.#setMs = nowMs
    this.#apartSeconds = apartSeconds
    return nowMs - this.#setMs < REPORT_AGE_PAUSE_MS
  }

  #differenceSeconds(): number {
    return this.#parts.unixSeconds() - this.#parts.clock.nowMs() / 1000
  }

  #kept(): KeptReport {
    const { unixSeconds, key } = this.#parts
    return { ...this.#report.data(), until: unixSeconds(), key, sources: this.#sources }
  }
}
