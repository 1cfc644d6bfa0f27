/**
 * Questions to authorities that are in work: bounded for each zone (where its servers were found: at the delegation),
 * for each server (`cache/server-quota.ts`) and for each client. Who is over a bound fails at once, and nobody waits
 * behind it; names of other zones, and other clients, find their places.
 */
import type { BackOff } from '../cache/server-quota.ts'
import { type Name, nameKey } from '../wire/name.ts'

/** The bounds. They may change at any time. */
export interface OutstandingLimits {
  /** Questions to the servers of one zone in work at once, 0 for no bound: random names below it wait for nothing else. */
  readonly perZone: number
  /** Questions out to one server at once, 0 for no bound. */
  readonly perServer: number
  /** How that shrinks where a server does not answer. */
  readonly backOff: BackOff
  /** Questions out to all servers: a client has no more of them than are left. */
  readonly all: number
  /** Bounds that are counted, not kept. */
  readonly dryRun: ReadonlySet<string>
}

/** A bound, as in `limit_hits_total`. */
export type OutstandingLimit = 'outstanding-per-zone' | 'outstanding-per-server' | 'outstanding-per-client'

/** Told of bounds that were met, or would have been. */
interface LimitCounters {
  limitHit(limit: OutstandingLimit, zone?: Name): void
  limitTried(limit: OutstandingLimit): void
}

/** See the head of this file. All tables hold what is in work, and nothing else. */
export class Outstanding {
  readonly #counters: LimitCounters
  /** By zone, the client of every question in work: few numbers, so that they are counted rather than kept in order. */
  readonly #zones = new Map<string, (number | undefined)[]>()
  readonly #byClient = new Map<number, number>()
  #out = 0
  limits: OutstandingLimits

  constructor(limits: OutstandingLimits, counters: LimitCounters) {
    this.limits = limits
    this.#counters = counters
  }

  /** Questions to servers of a zone in work. */
  of(zone: Name): number {
    return this.#zones.get(nameKey(zone))?.length ?? 0
  }

  /**
   * Begins a question to the servers of a zone.
   *
   * @param client undefined for work of our own
   * @returns to be called when it is over; undefined when there is no place for it
   */
  enterZone(zone: Name, client: number | undefined): (() => void) | undefined {
    const key = nameKey(zone)
    let clients = this.#zones.get(key)
    if (clients === undefined) {
      clients = []
      this.#zones.set(key, clients)
    } else if (this.#isFull(clients, client) && this.forbids('outstanding-per-zone', zone)) return undefined
    const entered = clients
    entered.push(client)
    return () => {
      entered[entered.indexOf(client)] = entered.at(-1)
      entered.pop()
      if (entered.length === 0) this.#zones.delete(key)
    }
  }

  /** A client has no more places of a zone than are free, so one who comes later finds as many as each of the others has. */
  #isFull(clients: readonly (number | undefined)[], client: number | undefined): boolean {
    const { perZone } = this.limits
    const free = perZone - clients.length
    if (perZone === 0 || clients.length < free) return false
    let own = 0
    for (const other of clients) if (other === client) own++
    return own >= free
  }

  /** True when the client has as many questions out as are left, or more. */
  isFullFor(client: number | undefined): boolean {
    if (client === undefined) return false
    return (this.#byClient.get(client) ?? 0) >= this.limits.all - this.#out
  }

  /** A question goes out. */
  sent(client: number | undefined): void {
    this.#out++
    if (client !== undefined) this.#byClient.set(client, (this.#byClient.get(client) ?? 0) + 1)
  }

  /** It came to its end. */
  ended(client: number | undefined): void {
    this.#out--
    if (client === undefined) return
    const left = this.#byClient.get(client)! - 1
    if (left > 0) this.#byClient.set(client, left)
    else this.#byClient.delete(client)
  }

  /** A bound is met: counts it. False when it is only tried out. */
  forbids(limit: OutstandingLimit, zone: Name): boolean {
    if (this.limits.dryRun.has(limit)) {
      this.#counters.limitTried(limit)
      return false
    }
    this.#counters.limitHit(limit, zone)
    return true
  }
}
