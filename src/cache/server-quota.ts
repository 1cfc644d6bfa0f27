/**
 * How many questions may be out to one server: fewer where many of them are not answered, so that a server that is dead,
 * overwhelmed or throttles us holds nobody's time, and more again as it answers (BIND's fetch-quota-params).
 */
import { SERVER_QUOTA_SHARE_MIN, SERVER_QUOTA_STEP } from '../base/limits.ts'

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

/** The questions to one server. */
export class ServerQuota {
  /** Questions out. */
  #out = 0
  /** Of the full quota, that which it has now. */
  #share = 1
  #ended = 0
  #unanswered = 0
  #average = 0

  /** @param most the full quota; 0 for none */
  isFull(most: number): boolean {
    return most > 0 && this.#out >= Math.max(1, Math.floor(most * this.#share))
  }

  /** One goes out. */
  sent(): void {
    this.#out++
  }

  /** One came to its end. `answered` is undefined where nobody can say: it was given up before its time. */
  ended(answered: boolean | undefined, backOff: BackOff): void {
    this.#out--
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
