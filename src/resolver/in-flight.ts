/**
 * Questions under way. Equal questions join the one that is asked already; a join that would make two of them wait
 * for each other is refused, whatever the detour (name servers of A in B and of B in A: TsuNAME).
 */
import type { Clock } from '../base/clock.ts'
import type { Speculation } from './speculation.ts'

/** One question under way, and the questions that it waits for: an edge of the wait-for graph each. */
export class Flight {
  /** `Clock.nowMs()` after which nobody waits any more on behalf of this flight. */
  readonly deadlineMs: number
  /** Set where this began before anybody was known to need it. */
  readonly speculation: Speculation | undefined
  /** One entry for each wait: seldom more than one, so a list. */
  readonly #waitsFor: Flight[] = []

  constructor(deadlineMs: number, speculation?: Speculation) {
    this.deadlineMs = deadlineMs
    this.speculation = speculation
  }

  /** True while it may turn out that nobody needs this. */
  get isSpeculative(): boolean {
    return this.speculation?.isOpen === true
  }

  /** True when `other` is this flight or something that it waits for, at any distance. */
  reaches(other: Flight): boolean {
    const seen = new Set<Flight>()
    const open: Flight[] = [this]
    for (let flight = open.pop(); flight !== undefined; flight = open.pop()) {
      if (flight === other) return true
      if (seen.has(flight)) continue
      seen.add(flight)
      open.push(...flight.#waitsFor)
    }
    return false
  }

  /** Waits for `promise`, which `other` will settle, with the edge in the graph meanwhile. */
  async await<T>(other: Flight, promise: Promise<T>): Promise<T> {
    this.#waitsFor.push(other)
    try {
      return await promise
    } finally {
      this.#waitsFor.splice(this.#waitsFor.indexOf(other), 1)
    }
  }
}

/** How a joined question went. */
export type Joined<T> =
  /** This asker did the work. */
  | { readonly kind: 'led'; readonly value: T }
  /** Somebody else did. */
  | { readonly kind: 'followed'; readonly value: T }
  /** Waiting would never have ended. */
  | { readonly kind: 'cycle' }
  /** Somebody else was at it for longer than this asker may wait. */
  | { readonly kind: 'late' }

/** The table of questions under way; empty whenever nobody waits. */
export class InFlight<T> {
  readonly #table = new Map<string, { readonly flight: Flight; readonly promise: Promise<T> }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Questions under way. */
  get size(): number {
    return this.#table.size
  }

  /**
   * Joins the question under `key`, or leads it by `work`.
   *
   * @param waiter the flight on whose behalf the question is asked; it waits for others until its deadline
   */
  async join(key: string, waiter: Flight, work: (flight: Flight) => Promise<T>): Promise<Joined<T>> {
    const known = this.#table.get(key)
    if (known !== undefined) {
      if (known.flight.reaches(waiter)) return { kind: 'cycle' }
      if (!waiter.isSpeculative) known.flight.speculation?.use()
      return waiter.await(known.flight, this.#follow(known.promise, waiter.deadlineMs))
    }
    const flight = new Flight(waiter.deadlineMs, waiter.speculation)
    const promise = this.#lead(key, flight, work)
    this.#table.set(key, { flight, promise })
    return { kind: 'led', value: await waiter.await(flight, promise) }
  }

  async #lead(key: string, flight: Flight, work: (flight: Flight) => Promise<T>): Promise<T> {
    // The work starts when the table and the graph know of it: it may come back here at once.
    await undefined
    try {
      return await work(flight)
    } finally {
      this.#table.delete(key)
    }
  }

  /** The leader may have come later and have more time left than the follower. */
  #follow(promise: Promise<T>, deadlineMs: number): Promise<Joined<T>> {
    return new Promise((resolve, reject) => {
      const leftMs = deadlineMs - this.#clock.nowMs()
      const cancel = this.#clock.after(leftMs, () => resolve({ kind: 'late' }))
      promise.then((value) => resolve({ kind: 'followed', value }), reject).finally(cancel)
    })
  }
}
