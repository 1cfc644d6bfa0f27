/** Work that goes on while no client waits for it: what is about to run out, or has, is fetched again. */
import { REFRESH_PAUSE_SECONDS } from '../base/limits.ts'
import { ExpiringTable } from '../cache/expiring-table.ts'
import type { EngineCounters } from './ports.ts'

/** What it needs of the engine. */
export interface RefreshesOptions {
  readonly nowMs: () => number
  readonly counters: EngineCounters
  readonly onFault: (fault: unknown) => void
  /** Refreshes under way at most, as things are now. */
  readonly underWayMax: () => number
  /** Failed refreshes remembered. */
  readonly max: number
}

/** Refreshes by what they are of. Each is under way once, and so many in all. */
export class Refreshes {
  readonly #underWay = new Set<string>()
  readonly #vain: ExpiringTable<true>
  readonly #underWayMax: () => number
  readonly #counters: EngineCounters
  readonly #onFault: (fault: unknown) => void

  constructor({ nowMs, counters, onFault, underWayMax, max }: RefreshesOptions) {
    this.#vain = new ExpiringTable({ max, nowMs })
    this.#underWayMax = underWayMax
    this.#counters = counters
    this.#onFault = onFault
  }

  /** How many are under way. */
  get size(): number {
    return this.#underWay.size
  }

  /** False when so many are under way that no other may begin. */
  admits(key: string): boolean {
    if (this.#underWay.has(key) || this.#underWay.size < this.#underWayMax()) return true
    this.#counters.limitHit('refreshes')
    return false
  }

  /** Counts the work while it lasts. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#underWay.add(key)
    try {
      return await work()
    } finally {
      this.#underWay.delete(key)
    }
  }

  /**
   * Begins work, unless it is under way, or was in vain a moment ago, or there is too much of it.
   *
   * @param work says whether it was of use
   */
  begin(key: string, work: () => Promise<boolean>): void {
    if (this.#underWay.has(key) || this.#vain.get(key) === true || !this.admits(key)) return
    const note = (useful: boolean): void => {
      if (!useful) this.#vain.set(key, true, REFRESH_PAUSE_SECONDS * 1000)
    }
    this.run(key, work).then(note, (fault: unknown) => this.#onFault(fault))
  }
}
