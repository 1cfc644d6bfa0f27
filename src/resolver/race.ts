/**
 * Questions to servers of a zone that are out together. One that is late is not waited for alone: another server is asked
 * beside it, and the first good reply wins. What comes too late still tells how far its server is.
 */
import type { Context } from './context.ts'
import type { Turn } from './server-pool.ts'

/** One of the questions. */
export interface Racer {
  readonly turn: Turn
  readonly startMs: number
  /** It was asked before all others. */
  readonly isFirst: boolean
  /** The server has said something, so that it is not late whatever follows. */
  heard: boolean
  /** What it said was to ask by TCP, and it may be late with that: in so many milliseconds. */
  readonly asksAnew: (lateMs: number) => void
  /** Another reply was good: nobody waits for this one any more. */
  over: boolean
  /** Tells the trace that the question is no longer waited for; set while it is out. */
  giveUp: (() => void) | undefined
}

/** What came of one of them. */
export interface Arrival<T> {
  readonly racer: Racer
  readonly exchanged: T
}

/** How one of them is asked. */
export type Ask<T> = (racer: Racer) => Promise<T>

/** See the head of this file. */
export class Race<T> {
  readonly #context: Context
  readonly #racers = new Set<Racer>()
  readonly #arrived: Arrival<T>[] = []
  #fault: unknown
  #isFaulty = false
  /** Who was asked last, until it is late, and when that is. */
  #last: Racer | undefined
  #lateAtMs = 0
  #wake: (() => void) | undefined
  /** Sets the time anew at which the one that is waited for is late; undefined while nobody waits, or it may not be late. */
  #rearm: (() => void) | undefined
  /** How often that time was set: timers fire a little early at times, so it is not to be had from the clock. */
  #times = 0
  /** Questions begun so far. */
  begun = 0

  constructor(context: Context) {
    this.#context = context
  }

  /** Questions out. */
  get size(): number {
    return this.#racers.size
  }

  /** Asks one more. */
  begin(turn: Turn, ask: Ask<T>): void {
    const startMs = this.#context.clock.nowMs()
    const isFirst = this.begun++ === 0
    const asksAnew = (lateMs: number): void => this.#asksAnew(racer, lateMs)
    const racer: Racer = { turn, startMs, isFirst, heard: false, asksAnew, over: false, giveUp: undefined }
    this.#racers.add(racer)
    // Nobody waits for a server that is only looked at.
    if (!turn.isLook) {
      this.#last = racer
      this.#lateAtMs = startMs + turn.lateMs
    }
    ask(racer).then(
      (exchanged) => {
        this.#racers.delete(racer)
        if (this.#last === racer) this.#last = undefined
        if (!racer.over) this.#arrived.push({ racer, exchanged })
        this.#wake?.()
      },
      (fault: unknown) => {
        // Nobody listens any more, but our own faults are told.
        if (racer.over) this.#context.aside(() => Promise.reject(fault))
        this.#fault = fault
        this.#isFaulty = true
        this.#wake?.()
      },
    )
  }

  /**
   * The next that something came of; undefined when the one that was asked last is late, which is said once of each.
   *
   * @param mayBeLate false when nobody else could be asked: then lateness is of no interest
   */
  async next(mayBeLate: boolean): Promise<Arrival<T> | undefined> {
    if (this.#arrived.length === 0 && !this.#isFaulty)
      await this.#something(mayBeLate ? this.#last : undefined)
    if (this.#isFaulty) throw this.#fault
    return this.#arrived.shift()
  }

  /** Has `next` return, as if one had been late just now. */
  wake(): void {
    this.#wake?.()
  }

  /** Ends the race: those that are still out are heard for the sake of their time alone. */
  end(): void {
    for (const racer of this.#racers) {
      racer.over = true
      racer.giveUp?.()
    }
  }

  #something(last: Racer | undefined): Promise<void> {
    const { clock } = this.#context
    return new Promise((resolve) => {
      let cancel = (): void => {}
      const wake = (): void => {
        cancel()
        this.#wake = this.#rearm = undefined
        resolve()
      }
      this.#wake = wake
      if (last === undefined) return
      const arm = (): void => {
        cancel()
        const time = ++this.#times
        const delayMs = Math.max(0, this.#lateAtMs - clock.nowMs())
        cancel = clock.after(delayMs, () => void this.#isLate(last, wake, time))
      }
      this.#rearm = arm
      if (!last.heard) arm()
    })
  }

  #asksAnew(racer: Racer, lateMs: number): void {
    if (this.#last !== racer) return
    racer.heard = false
    this.#lateAtMs = this.#context.clock.nowMs() + lateMs
    this.#rearm?.()
  }

  /** After a stall of ours the reply may have come long ago: timers run before sockets are read, so these first. */
  async #isLate(last: Racer, wake: () => void, time: number): Promise<void> {
    await this.#context.clock.yieldTurn()
    if (this.#wake !== wake || last.heard || this.#times !== time) return
    this.#last = undefined
    this.#context.servers.late(last.turn.server, last.startMs)
    wake()
  }
}
