/**
 * Questions that wait for the resolver: bounded in all and for each client (attacks B12, D07). One that is resolved takes
 * a place; those that only wait for its answer beside it take seats, of which there are more, since they cost little.
 */
import { SEATS_PER_PLACE, WAITING_MAX, WAITING_PER_CLIENT_MAX } from '../base/limits.ts'
import type { FrontLimit } from './counters.ts'

/** What the bounds are. */
export interface WaitingOptions {
  readonly waitingMax?: number
  readonly waitingPerClientMax?: number
}

/** What a question waits on. */
export type Spot = 'place' | 'seat'

/** Counts who waits. A place is held until the resolver is done, whether or not the client still is there. */
export class WaitingRoom {
  readonly #spots: Readonly<Record<Spot, Spots>> = {
    place: new Spots(WAITING_MAX, WAITING_PER_CLIENT_MAX),
    seat: new Spots(SEATS_PER_PLACE * WAITING_MAX, Number.POSITIVE_INFINITY),
  }
  #whenEmpty: (() => void)[] = []

  constructor(options: WaitingOptions = {}) {
    this.configure(options)
  }

  /** Other bounds from now on, as they were where left out. Who waits already stays. */
  configure({ waitingMax, waitingPerClientMax }: WaitingOptions): void {
    const { place, seat } = this.#spots
    place.max = waitingMax ?? place.max
    place.perClientMax = waitingPerClientMax ?? place.perClientMax
    seat.max = SEATS_PER_PLACE * place.max
  }

  /** Questions that wait. */
  get waiting(): number {
    return this.#spots.place.taken + this.#spots.seat.taken
  }

  /** False while no client can have all the places that it may have. */
  get mayBeFull(): boolean {
    return this.#spots.place.mayBeFull
  }

  /** The bound that keeps the client out, or undefined when it may enter. */
  fullFor(key: string, spot: Spot): FrontLimit | undefined {
    return this.#spots[spot].fullFor(key)
  }

  /** Takes a spot, to be given back with `leave`. */
  enter(key: string, spot: Spot): void {
    this.#spots[spot].enter(key)
  }

  leave(key: string, spot: Spot): void {
    this.#spots[spot].leave(key)
    if (this.waiting > 0) return
    for (const tell of this.#whenEmpty.splice(0)) tell()
  }

  /** Settles once nobody waits. */
  empty(): Promise<void> {
    if (this.waiting === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }
}

/**
 * Spots of one kind. Nobody has more of them than are free, so however many clients take what they can get, one who comes
 * later finds as many as each of them has.
 */
class Spots {
  max: number
  perClientMax: number
  taken = 0
  readonly #byClient = new Map<string, number>()

  constructor(max: number, perClientMax: number) {
    this.max = max
    this.perClientMax = perClientMax
  }

  get mayBeFull(): boolean {
    return this.taken >= this.#most
  }

  /** Of one client, as things are. */
  get #most(): number {
    return Math.min(this.perClientMax, this.max - this.taken)
  }

  fullFor(key: string): FrontLimit | undefined {
    const most = this.#most
    if (most <= 0) return 'waiting'
    return (this.#byClient.get(key) ?? 0) >= most ? 'waiting-per-client' : undefined
  }

  enter(key: string): void {
    this.taken++
    this.#byClient.set(key, (this.#byClient.get(key) ?? 0) + 1)
  }

  leave(key: string): void {
    this.taken--
    const left = this.#byClient.get(key)! - 1
    if (left > 0) this.#byClient.set(key, left)
    else this.#byClient.delete(key)
  }
}
