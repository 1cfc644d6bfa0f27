/** Limits that were met, told in the log: each once a minute at most, with who caused it most. */
import type { Cancel, Clock } from '../base/clock.ts'
import { type CounterSet, counterSamples } from '../base/counters.ts'
import { LIMITS_TOLD_MS } from '../base/limits.ts'
import { LIMITS } from './label-values.ts'
import { formatCause, type LimitCause } from './limit-causes.ts'
import type { Log } from './log.ts'

/** The counter that is read; its label values are the limits. */
const FAMILY = 'limit_hits_total'
/** Below this share of the hits nobody is named as their cause. */
const SHARE_MIN = 0.05

/** What it works with. */
export interface LimitLogParts {
  /** Of all threads. */
  readonly counters: readonly CounterSet[]
  /** What all threads gathered since they were last asked. */
  readonly causes: () => Promise<readonly LimitCause[]>
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'warn'>
  /** Told of a fault of ours. */
  readonly onFault: (fault: unknown) => void
}

/** See the head of this file. */
export class LimitLog {
  readonly #parts: LimitLogParts
  readonly #told = new Map<string, number>()
  #cancel: Cancel = () => {}
  #closed = false

  constructor(parts: LimitLogParts) {
    this.#parts = parts
    for (const { labelValue, count } of this.#samples()) this.#told.set(labelValue, count)
    this.#again()
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #again(): void {
    if (this.#closed) return
    this.#cancel = this.#parts.clock.after(LIMITS_TOLD_MS, () => {
      void this.#tell()
        .catch(this.#parts.onFault)
        .then(() => this.#again())
    })
  }

  async #tell(): Promise<void> {
    const met = this.#samples().flatMap(({ labelValue: limit, count }) => {
      const hits = count - this.#told.get(limit)!
      this.#told.set(limit, count)
      return hits > 0 ? [{ limit, hits }] : []
    })
    if (met.length === 0) return
    const causes = await this.#parts.causes()
    for (const { limit, hits } of met) {
      const worst = worstOf(causes.filter((one) => one.limit === limit))
      const isNamed = worst !== undefined && worst.count >= SHARE_MIN * hits
      const who = isNamed ? formatCause(limit, worst.key) : undefined
      const by = who === undefined ? '' : `, most by ${who} (${worst!.count})`
      this.#parts.log.warn(
        { limit, hits, ...(who && { cause: who, causeHits: worst!.count }) },
        `limit ${limit} (${LIMITS[limit as keyof typeof LIMITS] ?? 'not named'}) met ${hits} times in the last minute${by}`,
      )
    }
  }

  #samples(): ReturnType<typeof counterSamples> {
    const { counters } = this.#parts
    const family = counters[0]!.families.find(({ name }) => name === FAMILY)!
    return counterSamples(counters, family)
  }
}

/** The heaviest over all threads; undefined where no cause was told. */
function worstOf(parts: readonly LimitCause[]): { readonly key: string; readonly count: number } | undefined {
  const sums = new Map<string, number>()
  let worst: { key: string; count: number } | undefined
  for (const { key, count } of parts.flatMap(({ causes }) => causes)) {
    const sum = (sums.get(key) ?? 0) + count
    sums.set(key, sum)
    if (worst === undefined || sum > worst.count) worst = { key, count: sum }
  }
  return worst
}
