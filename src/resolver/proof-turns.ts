/**
 * The cryptography of a thread, whoever's questions it serves: so much in a turn of the event loop, and no more. What has to
 * wait goes on in a later turn, one at a time, by network and client as at the entrance. Were each question to stop for
 * itself alone, all that wait would go on together in the next turn, and fifty that are hard to prove would hold the thread
 * fifty times as long.
 */
import type { Clock } from '../base/clock.ts'
import { ENTRANCE_CLIENTS_MAX, PROOF_SLICE_MS } from '../base/limits.ts'
import { Shares } from './shares.ts'

interface Waiting {
  readonly number: number
  readonly client: number | undefined
  goOn(): void
}

/** See the head of this file. */
export class ProofTurns {
  readonly #clock: Pick<Clock, 'yieldTurn'>
  readonly #shares = new Shares<Waiting>(ENTRANCE_CLIENTS_MAX)
  #number = 0
  /** Milliseconds of proving in this turn. */
  #usedMs = 0
  #isTurnDue = false

  constructor(clock: Pick<Clock, 'yieldTurn'>) {
    this.#clock = clock
  }

  /** How many wait. */
  get waiting(): number {
    return this.#shares.waiting
  }

  /**
   * To be called before each verification.
   *
   * @param client as in `AskedQuestion`
   * @returns what to wait for; undefined while this turn has time left
   */
  pause(client: number | undefined): Promise<void> | undefined {
    if (this.#usedMs < PROOF_SLICE_MS) return undefined
    return new Promise((goOn) => {
      this.#shares.add(client, { number: this.#number++, client, goOn })
      this.#callTurn()
    })
  }

  /** A verification took so long. */
  worked(ms: number): void {
    this.#usedMs += ms
    this.#callTurn()
  }

  #callTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    void this.#clock.yieldTurn().then(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false
    this.#usedMs = 0
    const taken = this.#shares.take(false)
    // What was used until now is held against nobody.
    if (taken === undefined) {
      this.#shares.clear()
      return
    }
    if (this.#shares.waiting > 0) this.#callTurn()
    const { client, goOn } = taken.next
    // It has a slice, or what it needs of one.
    this.#shares.charge(client, PROOF_SLICE_MS)
    goOn()
  }
}
