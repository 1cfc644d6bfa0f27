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
  readonly #clock: Pick<Clock, 'nowMs' | 'yieldTurn'>
  readonly #shares = new Shares<Waiting>(ENTRANCE_CLIENTS_MAX)
  #number = 0
  /** When the first proof of this turn was at work; undefined while none was. */
  #sinceMs: number | undefined
  #isTurnDue = false

  constructor(clock: Pick<Clock, 'nowMs' | 'yieldTurn'>) {
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
    const nowMs = this.#clock.nowMs()
    if (this.#sinceMs === undefined) {
      this.#sinceMs = nowMs
      this.#callTurn()
    }
    if (nowMs - this.#sinceMs < PROOF_SLICE_MS) return undefined
    return new Promise((goOn) => {
      this.#shares.add(client, { number: this.#number++, client, goOn })
      this.#callTurn()
    })
  }

  #callTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    void this.#clock.yieldTurn().then(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false
    this.#sinceMs = undefined
    const taken = this.#shares.take(false)
    // What was used until now is held against nobody.
    if (taken === undefined) {
      this.#shares.clear()
      return
    }
    this.#sinceMs = this.#clock.nowMs()
    this.#callTurn()
    const { client, goOn } = taken.next
    // It has a slice, or what it needs of one.
    this.#shares.charge(client, PROOF_SLICE_MS)
    goOn()
  }
}
