/**
 * The door to the engine, where more may be asked than one thread can do. Questions are begun a few in a turn of the
 * event loop, so that what was begun ends before much more begins; those that have to wait for it wait by network and client
 * (`Shares`), and of the network that has used least of the thread's time the client that has used least goes first. So one
 * that asks for ten thousand names, or for names that are hard to prove, has as much of the thread as each of the others
 * who wait, and no more; nor have all addresses of a network that somebody owns, or forges.
 *
 * Time is measured, not estimated: whoever's work it is, from when the engine says so (`WorkNote`) to when it says
 * otherwise or the turn ends.
 */
import type { Clock } from '../base/clock.ts'
import {
  ENTRANCE_CLIENTS_MAX,
  ENTRANCE_MS_MAX,
  ENTRANCE_QUESTIONS_PER_TURN_MAX,
  ENTRANCE_SLICE_MS,
  REFRESHES_MAX,
} from '../base/limits.ts'
import type { Name } from '../wire/name.ts'
import { failureEntry } from './failure-entry.ts'
import type { AskedQuestion, ClientQuestion, ClientReply, ResolverPort } from './ports.ts'
import { Shares } from './shares.ts'

/** What is not begun, as in `limit_hits_total`: a client's question, and what would be fetched again before it runs out. */
type EntranceLimit = 'fair-share' | 'refreshes'

/** What it works with. */
export interface EntranceOptions {
  readonly clock: Clock
  readonly counters: { limitHit(limit: EntranceLimit): void; limitTried(limit: 'fair-share'): void }
  /** Work that is begun in one turn, milliseconds; 0: one question, and none in the turn in which it came. */
  readonly sliceMs?: number
  /** Called before each question. */
  readonly before?: () => void
}

/** What waits to be begun. */
interface Waiting {
  /** In which order they came. */
  readonly number: number
  readonly sinceMs: number
  begin(): void
  /** It waited too long to be of use. */
  giveUp(): void
}

/** See the head of this file. */
export class Entrance implements ResolverPort {
  readonly #clock: Clock
  readonly #counters: EntranceOptions['counters']
  readonly #sliceMs: number
  readonly #before: () => void
  readonly #shares = new Shares<Waiting>(ENTRANCE_CLIENTS_MAX)
  /** Given before the first question, as the two need each other. */
  resolver: ResolverPort | undefined
  /** Questions are begun as they come, however late; only what would be otherwise is counted. */
  isTriedOut = false
  #number = 0
  #isTurnDue = false
  #closed = false
  /** Whose work is being done, and since when. */
  #worker: number | undefined
  #workingSinceMs: number | undefined
  #endsWithTurn = false
  /** Until when questions are begun in this turn; undefined while none was. */
  #sliceEndMs: number | undefined
  /** Questions begun in the turn in which they came. */
  #begunAtOnce = 0

  constructor({ clock, counters, sliceMs = ENTRANCE_SLICE_MS, before = () => {} }: EntranceOptions) {
    this.#clock = clock
    this.#counters = counters
    this.#sliceMs = sliceMs
    this.#before = before
  }

  /** Questions that wait to be begun. */
  get waiting(): number {
    return this.#shares.waiting
  }

  resolve(question: ClientQuestion): Promise<ClientReply> {
    if (this.#mayBegin()) return this.#begin(question)
    return new Promise((resolve, reject) => {
      this.#wait(question.client, {
        begin: () => void this.#begin(question).then(resolve, reject),
        giveUp: () => {
          this.#counters.limitHit('fair-share')
          resolve({ entry: failureEntry(question, 'limit-fair-share', this.#clock.nowMs()) })
        },
      })
    })
  }

  /** One too many is asked for again by the next client. */
  prefetch(name: Name, type: number): void {
    const giveUp = (): void => this.#counters.limitHit('refreshes')
    if (this.#shares.waitingOf(undefined) >= REFRESHES_MAX) giveUp()
    else this.#wait(undefined, { begin: () => this.resolver!.prefetch(name, type), giveUp })
  }

  /** Begins nothing more. */
  close(): void {
    this.#closed = true
  }

  /** The engine works on this question from now on: a `WorkNote`. */
  note(question: AskedQuestion | undefined): void {
    this.#charge()
    this.#worker = question?.client
    this.#workingSinceMs = question === undefined ? undefined : this.#clock.nowMs()
    this.#endWithTurn()
  }

  /** In the turn in which it came, while there is time for it and nobody waits. */
  #mayBegin(): boolean {
    if (this.waiting > 0 || this.#sliceMs === 0) return false
    if (this.#begunAtOnce >= ENTRANCE_QUESTIONS_PER_TURN_MAX) return false
    const nowMs = this.#clock.nowMs()
    this.#sliceEndMs ??= nowMs + this.#sliceMs
    this.#endWithTurn()
    if (nowMs >= this.#sliceEndMs) return false
    this.#begunAtOnce++
    return true
  }

  #begin(question: ClientQuestion): Promise<ClientReply> {
    this.note(question)
    return this.resolver!.resolve(question)
  }

  #wait(client: number | undefined, { begin, giveUp }: Pick<Waiting, 'begin' | 'giveUp'>): void {
    this.#shares.add(client, { number: this.#number++, sinceMs: this.#clock.nowMs(), begin, giveUp })
    this.#callTurn()
  }

  // --- turns ---------------------------------------------------------------------------------------------------------

  #callTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    void this.#clock.yieldTurn().then(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false
    if (this.#closed || this.waiting === 0) return
    const endMs = this.#clock.nowMs() + this.#sliceMs
    let begun = 0
    do {
      this.#before()
      if (this.waiting > 1) this.#callTurn()
      this.#beginNext()
      begun++
    } while (this.waiting > 0 && begun < ENTRANCE_QUESTIONS_PER_TURN_MAX && this.#clock.nowMs() < endMs)
    // What was used until now is held against nobody.
    if (this.waiting === 0) this.#shares.clear()
  }

  #beginNext(): void {
    const taken = this.#shares.take(this.isTriedOut)
    if (taken === undefined) return
    const { sinceMs, begin, giveUp } = taken.next
    const isLate = this.#clock.nowMs() - sinceMs > ENTRANCE_MS_MAX
    if (this.isTriedOut && (isLate || !taken.isLeast)) this.#counters.limitTried('fair-share')
    if (isLate && !this.isTriedOut) giveUp()
    else begin()
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** Work is done until the turn ends, if nobody says so before. */
  #endWithTurn(): void {
    if (this.#endsWithTurn) return
    this.#endsWithTurn = true
    void this.#clock.yieldTurn().then(() => {
      this.#endsWithTurn = false
      this.#sliceEndMs = undefined
      this.#begunAtOnce = 0
      this.#charge()
      this.#workingSinceMs = undefined
    })
  }

  /** Only where somebody waits does it matter who had how much. */
  #charge(): void {
    if (this.#workingSinceMs === undefined || this.waiting === 0) return
    const nowMs = this.#clock.nowMs()
    this.#shares.charge(this.#worker, nowMs - this.#workingSinceMs)
    this.#workingSinceMs = nowMs
  }
}
