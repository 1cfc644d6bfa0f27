/** What the operator and the clock did while a question waited. */
import type { VirtualClock } from '../../src/base/clock.ts'
import type { ValidationPolicy } from '../../src/policy/validation-policy.ts'
import type { ValidationMode } from '../../src/resolver/ports.ts'
import { isSubdomainOf, type Name } from '../../src/wire/name.ts'
import { SIGNED_SECONDS } from './editions.ts'
import type { Circumstances } from './properties.ts'

interface State {
  readonly fromMs: number
  readonly unixSeconds: number
  readonly mode: ValidationMode
  /** Share of the clients for whom validation is enforced. */
  readonly percent: number
  readonly negative: readonly Name[]
}

const DAY_SECONDS = 86_400

/** States in the order they began; one lasts until the next. */
export class History {
  readonly #clock: VirtualClock
  readonly #policy: ValidationPolicy
  readonly #states: State[] = []

  constructor(clock: VirtualClock, policy: ValidationPolicy) {
    this.#clock = clock
    this.#policy = policy
    this.note()
  }

  /** Notes what is in force from now on. */
  note(): void {
    this.#states.push({
      fromMs: this.#clock.nowMs(),
      unixSeconds: this.#clock.unixSeconds(),
      mode: this.#policy.mode,
      percent: this.#policy.enforcedPercent,
      negative: this.#policy.negativeTrustAnchors.map(({ name }) => name),
    })
  }

  /** What was in force since a time until now. */
  since(sinceMs: number, rest: Pick<Circumstances, 'servesStale' | 'local'>): Circumstances {
    let first = this.#states.length - 1
    while (first > 0 && this.#states[first]!.fromMs > sinceMs) first--
    // States of the same millisecond: a question may have come before or after the change.
    while (first > 0 && this.#states[first]!.fromMs === sinceMs) first--
    const states = this.#states.slice(first)
    const clocks = [...states.map(({ unixSeconds }) => unixSeconds), this.#clock.unixSeconds()]
    const covers = ({ negative }: State, name: Name): boolean =>
      negative.some((anchor) => isSubdomainOf(name, anchor))
    return {
      clocks,
      clockAstray: clocks.some(
        (seconds) => seconds < SIGNED_SECONDS - 1 || seconds > SIGNED_SECONDS + 2 * DAY_SECONDS,
      ),
      enforced: states.every(({ mode, percent }) => mode === 'enforce' && percent === 100),
      off: states.every(({ mode }) => mode === 'off'),
      excused: (name) => states.some((state) => covers(state, name)),
      covered: (name) => states.every((state) => covers(state, name)),
      ...rest,
    }
  }
}
