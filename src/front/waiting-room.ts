/** Questions that wait for the resolver: bounded in all and for each client (attacks B12, D07). */
import { WAITING_MAX, WAITING_PER_CLIENT_MAX } from '../base/limits.ts'
import type { FrontLimit } from './counters.ts'

/** What the bounds are. */
export interface WaitingOptions {
  readonly waitingMax?: number
  readonly waitingPerClientMax?: number
}

/** Counts who waits. A place is held until the resolver is done, whether or not the client still is there. */
export class WaitingRoom {
  #max = WAITING_MAX
  #perClientMax = WAITING_PER_CLIENT_MAX
  readonly #byClient = new Map<string, number>()
  #waiting = 0
  #whenEmpty: (() => void)[] = []

  constructor(options: WaitingOptions = {}) {
    this.configure(options)
  }

  /** Other bounds from now on, as they were where left out. Who waits already stays. */
  configure({ waitingMax, waitingPerClientMax }: WaitingOptions): void {
    this.#max = waitingMax ?? this.#max
    this.#perClientMax = waitingPerClientMax ?? this.#perClientMax
  }

  /** Questions that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * The bound that keeps the client out, or undefined when it may enter. Nobody has more places than are free, so
   * however many clients take what they can get, one who comes later finds as many places as each of them has.
   */
  fullFor(key: string): FrontLimit | undefined {
    const free = this.#max - this.#waiting
    if (free <= 0) return 'waiting'
    const most = Math.min(this.#perClientMax, free)
    return (this.#byClient.get(key) ?? 0) >= most ? 'waiting-per-client' : undefined
  }

  /** Takes a place, to be given back with `leave`. */
  enter(key: string): void {
    this.#waiting++
    this.#byClient.set(key, (this.#byClient.get(key) ?? 0) + 1)
  }

  leave(key: string): void {
    this.#waiting--
    const left = this.#byClient.get(key)! - 1
    if (left > 0) this.#byClient.set(key, left)
    else this.#byClient.delete(key)
    if (this.#waiting > 0) return
    for (const tell of this.#whenEmpty.splice(0)) tell()
  }

  /** Settles once nobody waits. */
  empty(): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenEmpty.push(resolve))
  }
}
