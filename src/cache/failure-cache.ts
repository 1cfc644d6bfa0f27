/** Questions that failed a moment ago (RFC 9520): not asked again at once, and less and less often. */
import {
  FAILURE_TTL_SECONDS_MAX,
  FAILURE_TTL_SECONDS_MIN,
  FAILURES_REMEMBERED_MAX,
  LIMIT_FAILURE_TTL_SECONDS,
} from '../base/limits.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { ExpiringTable } from './expiring-table.ts'

/** A failure that still stands. */
export interface CachedFailure {
  readonly reason: Reason
  /** Names the zone and what went wrong. */
  readonly detail: string
  /** The reason's extended error. */
  readonly ede: number | undefined
  /** Seconds until the question may be tried again, rounded up. */
  readonly ttlSeconds: number
}

/** How large the table is, and whose time it goes by. */
export interface FailureCacheOptions {
  readonly nowMs: () => number
  readonly max?: number
}

interface Failure {
  readonly reason: Reason
  readonly detail: string
  readonly ttlSeconds: number
  readonly untilMs: number
}

/** Failures by name and type. */
export class FailureCache {
  readonly #failures: ExpiringTable<Failure>
  readonly #nowMs: () => number

  constructor({ nowMs, max = FAILURES_REMEMBERED_MAX }: FailureCacheOptions) {
    this.#nowMs = nowMs
    this.#failures = new ExpiringTable({ max, nowMs })
  }

  /** The failure, as long as the question must not be tried again. */
  get(name: Name, type: number): CachedFailure | undefined {
    const failure = this.#failures.get(failureKey(name, type))
    const leftMs = failure === undefined ? 0 : failure.untilMs - this.#nowMs()
    if (failure === undefined || leftMs <= 0) return undefined
    const { reason, detail } = failure
    return { reason, detail, ede: REASONS[reason].ede, ttlSeconds: Math.ceil(leftMs / 1000) }
  }

  /**
   * Notes a failure: for 5 s, and twice as long as the last time when the question failed before and nothing came of
   * it since, up to 300 s. What fails while a failure stands (a question that was on its way) changes nothing.
   *
   * @param options `limit`: a limit was met, which is no sign of a zone in trouble: always 5 s
   * @returns seconds for which it stands
   */
  add(
    name: Name,
    type: number,
    reason: Reason,
    detail: string,
    options: { readonly limit?: boolean } = {},
  ): number {
    const key = failureKey(name, type)
    const standing = this.get(name, type)
    if (standing !== undefined) return standing.ttlSeconds
    const last = this.#failures.get(key)?.ttlSeconds
    const doubled = last === undefined ? FAILURE_TTL_SECONDS_MIN : Math.min(2 * last, FAILURE_TTL_SECONDS_MAX)
    const ttlSeconds = options.limit === true ? LIMIT_FAILURE_TTL_SECONDS : doubled
    const untilMs = this.#nowMs() + ttlSeconds * 1000
    // Remembered as long again, so that the next failure knows of this one.
    const memoryMs = (ttlSeconds + FAILURE_TTL_SECONDS_MAX) * 1000
    this.#failures.set(key, { reason, detail, ttlSeconds, untilMs }, memoryMs)
    return ttlSeconds
  }

  /** The question was answered: the next failure is the first again. */
  remove(name: Name, type: number): void {
    this.#failures.delete(failureKey(name, type))
  }

  /** Forgets everything. */
  clear(): void {
    this.#failures.clear()
  }
}

function failureKey(name: Name, type: number): string {
  return `${type} ${nameKey(name)}`
}
