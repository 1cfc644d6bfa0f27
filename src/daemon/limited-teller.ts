/**
 * Tells in the log which networks are over a rate limit: each soon after its first question too many and then once a
 * minute with the number, and no more of them in a minute than anybody would read about. How many questions it were in
 * all, `telemetry/limit-log.ts` says.
 */
import type { Cancel, Clock } from '../base/clock.ts'
import { LIMITED_LOOK_MS, LIMITED_TOLD_AGAIN_MS, LIMITED_TOLD_PER_MINUTE_MAX } from '../base/limits.ts'
import { formatPrefix } from '../base/prefix.ts'
import type { LimitedPrefixes } from '../policy/limited-prefixes.ts'
import { LIMITS_OF_NETWORKS } from '../policy/rate-limits.ts'
import type { Log } from '../telemetry/log.ts'

const MINUTE_MS = 60_000

const TEXTS = {
  'answers-per-prefix': 'a network asks more by UDP than rate-limiting.answers',
  'recursion-per-prefix': 'a network has more to resolve than rate-limiting.recursion',
} as const

/** What it works with. */
export interface LimitedTellerParts {
  /** One of each front. */
  readonly tables: readonly LimitedPrefixes[]
  readonly log: Pick<Log, 'warn'>
  readonly clock: Clock
}

/** A network, and what was asked too much from there since it was told of. */
interface Untold {
  /** Number of the limit, and network. */
  readonly key: string
  questions: number
  toldMs: number
}

/** Begins to tell. @returns what ends it */
export function tellLimited(parts: LimitedTellerParts): Cancel {
  const teller = new LimitedTeller(parts)
  let cancel: Cancel = () => {}
  const look = (): void => {
    teller.look()
    cancel = parts.clock.after(LIMITED_LOOK_MS, look)
  }
  cancel = parts.clock.after(LIMITED_LOOK_MS, look)
  return () => cancel()
}

class LimitedTeller {
  readonly #parts: LimitedTellerParts
  /** Counts at the last look, by network, of each table. */
  readonly #before: Map<string, number>[]
  readonly #networks = new Map<string, Untold>()
  #minuteBegunMs: number
  #told = 0

  constructor(parts: LimitedTellerParts) {
    this.#parts = parts
    this.#before = parts.tables.map(() => new Map())
    this.#minuteBegunMs = parts.clock.nowMs()
  }

  look(): void {
    for (const [number, table] of this.#parts.tables.entries()) this.#take(number, table)
    const nowMs = this.#parts.clock.nowMs()
    if (nowMs - this.#minuteBegunMs >= MINUTE_MS) {
      this.#minuteBegunMs = nowMs
      this.#told = 0
      this.#tell(nowMs)
      for (const { key } of this.#due(nowMs)) this.#networks.delete(key)
    } else this.#tell(nowMs)
  }

  /** Adds what has come since the last look. */
  #take(number: number, table: LimitedPrefixes): void {
    const counts = new Map<string, number>()
    for (const { limit, prefix, questions } of table.list()) {
      const key = `${limit} ${formatPrefix(prefix)}`
      counts.set(key, (counts.get(key) ?? 0) + questions)
    }
    for (const [key, count] of counts) {
      const before = this.#before[number]!.get(key) ?? 0
      // Who lost its entry and got another begins anew.
      const more = count < before ? count : count - before
      const untold = this.#networks.get(key)
      if (untold !== undefined) untold.questions += more
      else if (more > 0) this.#networks.set(key, { key, questions: more, toldMs: Number.NEGATIVE_INFINITY })
    }
    this.#before[number] = counts
  }

  /** Those that were not told of for a minute, as far as there is room in this one. */
  #tell(nowMs: number): void {
    for (const { key, questions, toldMs } of this.#networks.values()) {
      if (questions === 0 && nowMs - toldMs >= LIMITED_TOLD_AGAIN_MS) this.#networks.delete(key)
    }
    const due = this.#due(nowMs).sort((a, b) => b.questions - a.questions)
    for (const it of due.slice(0, LIMITED_TOLD_PER_MINUTE_MAX - this.#told)) {
      const [number, network] = it.key.split(' ')
      const { limit, dryRun } = LIMITS_OF_NETWORKS[Number(number)]!
      const allows = dryRun ? 'would allow (dry run: nothing is limited)' : 'allows'
      this.#parts.log.warn({ network, limit, dryRun, questions: it.questions }, `${TEXTS[limit]} ${allows}`)
      it.questions = 0
      it.toldMs = nowMs
      this.#told++
    }
  }

  /** Those that are to be told of. */
  #due(nowMs: number): Untold[] {
    return [...this.#networks.values()].filter(
      ({ questions, toldMs }) => questions > 0 && nowMs - toldMs >= LIMITED_TOLD_AGAIN_MS,
    )
  }
}
