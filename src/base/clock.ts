/** Time, as an argument: the engine never reads the machine's clock itself. */
import { hrtime } from 'node:process'

/** Ends a timer that has not fired yet; harmless afterwards. */
export type Cancel = () => void

/**
 * A time that is handed from function to function on the hit path, in milliseconds, in its only element: the engine may
 * make an object of every fraction that is an argument or a result.
 */
export type Moment = Float64Array

/** Two clocks and a timer. Production hands in the system's, tests and simulation a virtual one. */
export interface Clock {
  /**
   * Monotonic milliseconds (fractions allowed) from an arbitrary origin, the same in every thread: time-outs,
   * round-trip times, cache expiry.
   */
  nowMs(): number
  /** The same, for what must not allocate. */
  read(into: Moment): void
  /** Seconds since 1970-01-01T00:00:00Z: the validity of signatures and nothing else. */
  unixSeconds(): number
  /** Calls `fire` once, `delayMs` from now. */
  after(delayMs: number, fire: () => void): Cancel
  /** Gives the event loop a turn: called between slices of long cryptographic work. */
  yieldTurn(): Promise<void>
}

/** Looks at two clocks, to find how far apart they are. */
const ORIGIN_LOOKS = 5

/**
 * Milliseconds from the origin of the machine's monotonic clock to that of `performance.now()`, which is another in
 * every thread. A thread may be held up between looks at two clocks; of a few, the shortest tells best.
 */
function threadOriginMs(): number {
  let originMs = 0
  let tookMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < ORIGIN_LOOKS; i++) {
    const beforeMs = performance.now()
    const machineMs = Number(hrtime.bigint()) / 1e6
    const afterMs = performance.now()
    if (afterMs - beforeMs >= tookMs) continue
    tookMs = afterMs - beforeMs
    originMs = machineMs - (beforeMs + afterMs) / 2
  }
  return originMs
}

/**
 * The machine's clocks. The monotonic one is the system's: threads agree to some microseconds.
 *
 * @param fixedUnixSeconds when given, signatures are judged at this time for ever (`dnssec.clock`, labs only)
 */
export function systemClock(fixedUnixSeconds?: number): Clock {
  const originMs = threadOriginMs()
  return {
    nowMs: () => originMs + performance.now(),
    read(into: Moment): void {
      into[0] = originMs + performance.now()
    },
    unixSeconds: () => fixedUnixSeconds ?? Math.floor(Date.now() / 1000),
    after(delayMs: number, fire: () => void): Cancel {
      const timer = setTimeout(fire, delayMs)
      return () => clearTimeout(timer)
    },
    yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

interface Pending {
  readonly atMs: number
  readonly order: number
  readonly fire: () => void
}

/** A clock that moves only when told to, firing due timers in order: same time, first set first fired. */
export class VirtualClock implements Clock {
  #nowMs: number
  #unixAtZero: number
  #order = 0
  #pending: Pending[] = []

  /**
   * @param unixSeconds what `unixSeconds()` says at the start
   * @param startMs what `nowMs()` says at the start
   */
  constructor(unixSeconds: number, startMs = 1_000_000) {
    this.#nowMs = startMs
    this.#unixAtZero = unixSeconds - startMs / 1000
  }

  nowMs(): number {
    return this.#nowMs
  }

  read(into: Moment): void {
    into[0] = this.#nowMs
  }

  unixSeconds(): number {
    return Math.floor(this.#unixAtZero + this.#nowMs / 1000)
  }

  /** Sets the wall clock without moving the monotonic one: a clock jump. */
  setUnixSeconds(unixSeconds: number): void {
    this.#unixAtZero = unixSeconds - this.#nowMs / 1000
  }

  after(delayMs: number, fire: () => void): Cancel {
    const entry: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire }
    this.#pending.push(entry)
    return () => {
      const index = this.#pending.indexOf(entry)
      if (index >= 0) this.#pending.splice(index, 1)
    }
  }

  yieldTurn(): Promise<void> {
    return Promise.resolve()
  }

  /** Milliseconds until the next timer, or undefined when none is set. */
  nextTimerMs(): number | undefined {
    let least: Pending | undefined
    for (const entry of this.#pending) if (least === undefined || earlier(entry, least)) least = entry
    return least === undefined ? undefined : least.atMs - this.#nowMs
  }

  /** Moves time forward by `byMs`, firing what falls due, each at its own time. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      let next: Pending | undefined
      for (const entry of this.#pending) {
        if (entry.atMs <= untilMs && (next === undefined || earlier(entry, next))) next = entry
      }
      if (next === undefined) break
      this.#pending.splice(this.#pending.indexOf(next), 1)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fire()
    }
    this.#nowMs = untilMs
  }

  /**
   * Runs timers, letting promises settle in between, until `done` says so or nothing is left to wait for.
   *
   * @param limitMs virtual time after which it gives up
   */
  async runUntil(done: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.#nowMs + limitMs
    for (;;) {
      await settle()
      if (done()) return
      const waitMs = this.nextTimerMs()
      if (waitMs === undefined || this.#nowMs + waitMs > endMs) return
      this.advance(waitMs)
    }
  }
}

function earlier(a: Pending, b: Pending): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Lets every promise that can settle without a timer or I/O do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
