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
  /** One entry for each wait: seldom more than one. A list that grows would take room for many at once. */
  #waitsFor: readonly Flight[] = NOTHING

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

  /** It waits for what `other` will settle, until it says that it does no more: an edge of the graph. */
  waitFor(other: Flight): void {
    this.#waitsFor = this.#waitsFor.length === 0 ? [other] : [...this.#waitsFor, other]
  }

  /** One wait for `other` is over. */
  waitNoMore(other: Flight): void {
    const at = this.#waitsFor.indexOf(other)
    this.#waitsFor = this.#waitsFor.length === 1 ? NOTHING : this.#waitsFor.filter((_, i) => i !== at)
  }
}

const NOTHING: readonly Flight[] = []

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

/** Who leads a question, and what is to be told to each of those who joined. */
interface UnderWay<T> {
  readonly flight: Flight
  readonly followers: { readonly resolve: (value: T) => void; readonly reject: (fault: unknown) => void }[]
}

/** The table of questions under way; empty whenever nobody waits. */
export class InFlight<T> {
  readonly #table = new Map<string, UnderWay<T>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Questions under way. */
  get size(): number {
    return this.#table.size
  }

  /** True when a question is under way under `key`. */
  has(key: string): boolean {
    return this.#table.has(key)
  }

  /**
   * Leads the question under `key` by `work`.
   *
   * @param waiter the flight on whose behalf the question is asked
   * @returns undefined when somebody leads it already: it may be joined
   */
  lead(key: string, waiter: Flight, work: (flight: Flight) => Promise<T>): Promise<T> | undefined {
    if (this.#table.has(key)) return undefined
    const flight = new Flight(waiter.deadlineMs, waiter.speculation)
    const underWay: UnderWay<T> = { flight, followers: [] }
    // The table and the graph know of the work before it begins: it may come back here at once.
    this.#table.set(key, underWay)
    waiter.waitFor(flight)
    return this.#work(key, underWay, waiter, work)
  }

  async #work(
    key: string,
    { flight, followers }: UnderWay<T>,
    waiter: Flight,
    work: (flight: Flight) => Promise<T>,
  ): Promise<T> {
    try {
      // Who asked goes on first: a client is not to wait for what is fetched in advance.
      await undefined
      const value = await work(flight)
      this.#table.delete(key)
      for (const { resolve } of followers) resolve(value)
      return value
    } catch (fault) {
      this.#table.delete(key)
      for (const { reject } of followers) reject(fault)
      throw fault
    } finally {
      waiter.waitNoMore(flight)
    }
  }

  /**
   * Joins the question under `key`, or leads it by `work`.
   *
   * @param waiter the flight on whose behalf the question is asked; it waits for others until its deadline
   */
  async join(key: string, waiter: Flight, work: (flight: Flight) => Promise<T>): Promise<Joined<T>> {
    const led = this.lead(key, waiter, work)
    if (led !== undefined) return { kind: 'led', value: await led }
    const known = this.#table.get(key)!
    if (known.flight.reaches(waiter)) return { kind: 'cycle' }
    if (!waiter.isSpeculative) known.flight.speculation?.use()
    return this.#follow(known, waiter)
  }

  /** The leader may have come later and have more time left than the follower. */
  async #follow({ flight, followers }: UnderWay<T>, waiter: Flight): Promise<Joined<T>> {
    let cancel = (): void => {}
    waiter.waitFor(flight)
    try {
      return await new Promise<Joined<T>>((resolve, reject) => {
        const leftMs = waiter.deadlineMs - this.#clock.nowMs()
        cancel = this.#clock.after(leftMs, () => resolve({ kind: 'late' }))
        followers.push({ resolve: (value) => resolve({ kind: 'followed', value }), reject })
      })
    } finally {
      cancel()
      waiter.waitNoMore(flight)
    }
  }
}
