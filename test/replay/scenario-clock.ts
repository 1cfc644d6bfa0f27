/** The clock of a scenario: it stands still during traffic and moves only when the scenario says so. */
import type { Cancel, Clock } from '../../src/base/clock.ts'

interface Timer {
  readonly dueSeconds: number
  readonly order: number
  readonly fire: () => void
}

/** `nowMs()` at the start: any origin does, but nothing should lie before it. */
const ORIGIN_MS = 1_000_000_000

/** See the head of this file. */
export class ScenarioClock implements Clock {
  readonly #fixedUnixSeconds: number | undefined
  readonly #timers: Timer[] = []
  readonly #startSeconds: number
  #seconds: number
  #order = 0

  /**
   * @param startSeconds the time at which the scenario starts, since 1970
   * @param fixedUnixSeconds when signatures are judged; undefined for the time of the scenario
   */
  constructor(startSeconds: number, fixedUnixSeconds: number | undefined) {
    this.#startSeconds = startSeconds
    this.#seconds = startSeconds
    this.#fixedUnixSeconds = fixedUnixSeconds
  }

  /** The time of the scenario, seconds since 1970. */
  get seconds(): number {
    return this.#seconds
  }

  read(into: Float64Array): void {
    into[0] = this.nowMs()
  }

  nowMs(): number {
    return ORIGIN_MS + (this.#seconds - this.#startSeconds) * 1000
  }

  unixSeconds(): number {
    return this.#fixedUnixSeconds ?? Math.floor(this.#seconds)
  }

  after(delayMs: number, fire: () => void): Cancel {
    const timer = { dueSeconds: this.#seconds + Math.max(0, delayMs) / 1000, order: this.#order++, fire }
    this.#timers.push(timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }

  yieldTurn(): Promise<void> {
    return Promise.resolve()
  }

  /** Seconds until the earliest timer; undefined when there is none. */
  get timerSeconds(): number | undefined {
    const next = this.#earliest()
    return next === undefined ? undefined : next.dueSeconds - this.#seconds
  }

  /**
   * Moves on, then fires the timers that are due at the new time, earliest first, letting all that follows from one
   * happen before the next. As in the original harness they fire late: what is done every hour is done once in a month.
   */
  async pass(seconds: number): Promise<void> {
    this.#seconds += seconds
    for (
      let next = this.#earliest();
      next !== undefined && next.dueSeconds <= this.#seconds;
      next = this.#earliest()
    ) {
      this.#fire(next)
      await quiet()
    }
  }

  /** Moves on to the earliest timer and fires it; false when there is none. */
  fireNext(): boolean {
    const next = this.#earliest()
    if (next !== undefined) this.#fire(next)
    return next !== undefined
  }

  #fire(timer: Timer): void {
    this.#timers.splice(this.#timers.indexOf(timer), 1)
    this.#seconds = Math.max(this.#seconds, timer.dueSeconds)
    timer.fire()
  }

  #earliest(): Timer | undefined {
    let least: Timer | undefined
    for (const timer of this.#timers) {
      const earlier =
        least === undefined ||
        timer.dueSeconds < least.dueSeconds ||
        (timer.dueSeconds === least.dueSeconds && timer.order < least.order)
      if (earlier) least = timer
    }
    return least
  }
}

/** Lets everything happen that needs neither a timer nor the network. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
