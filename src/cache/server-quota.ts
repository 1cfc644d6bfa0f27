/**
 * How many questions may be out to one server: fewer where many of them are not answered, so that a server that is dead,
 * overwhelmed or throttles us holds nobody's time, and more again as it answers (BIND's fetch-quota-params).
 */
import { SERVER_QUOTA_SHARE_MIN, SERVER_QUOTA_STEP } from '../base/limits.ts'
import { type Name, namesEqual } from '../wire/name.ts'

/** When a quota changes. */
export interface BackOff {
  /** It is looked at after so many questions … */
  readonly questions: number
  /** … and grows where a smaller share of them than this was not answered … */
  readonly low: number
  /** … shrinks where a larger one was … */
  readonly high: number
  /** … by an average in which the last look has this weight, up to 1. */
  readonly weight: number
}

/** For whom a question is asked. */
export interface Asker {
  /** Whose server it is. */
  readonly zone: Name
  /** Undefined for work of our own. */
  readonly client: number | undefined
}

/** The questions to one server. */
export class ServerQuota {
  /** For whom those are that are out: few, so that they are counted each time. */
  readonly #out: Asker[] = []
  /** Of the full quota, that which it has now. */
  #share = 1
  #ended = 0
  #unanswered = 0
  #average = 0

  /**
   * Whether there is no place for one more. While the quota is not the full one, no zone and no client has more of it than
   * are free: anybody can delegate names to a server that does not answer for them, or have it limit the rate of others.
   *
   * @param most the full quota; 0 for none
   * @param isUp the server answers, and has not been asked this question: its silence to others may have been for their names
   */
  isFull(most: number, { zone, client }: Asker, isUp = false): boolean {
    if (most === 0) return false
    const allowed = isUp ? most : Math.max(1, Math.floor(most * this.#share))
    const free = allowed - this.#out.length
    if (this.#share === 1 || this.#out.length < free) return free <= 0
    let ofZone = 0
    let ofClient = 0
    for (const other of this.#out) {
      if (namesEqual(other.zone, zone)) ofZone++
      if (other.client === client) ofClient++
    }
    return Math.max(ofZone, ofClient) >= free
  }

  /** One goes out. */
  sent(asker: Asker): void {
    this.#out.push(asker)
  }

  /** One came to its end. `answered` is undefined where nobody can say. */
  ended(asker: Asker, answered: boolean | undefined, backOff: BackOff): void {
    this.#out.splice(this.#out.indexOf(asker), 1)
    if (answered === undefined) return
    if (!answered) this.#unanswered++
    if (++this.#ended >= backOff.questions) this.#look(backOff)
  }

  #look({ low, high, weight }: BackOff): void {
    this.#average += weight * (this.#unanswered / this.#ended - this.#average)
    this.#ended = 0
    this.#unanswered = 0
    if (this.#average > high) this.#share = Math.max(this.#share * SERVER_QUOTA_STEP, SERVER_QUOTA_SHARE_MIN)
    else if (this.#average < low) this.#share = Math.min(this.#share / SERVER_QUOTA_STEP, 1)
  }
}
