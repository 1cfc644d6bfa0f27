/**
 * Replies that come late, to clients whose address is not proven: who forges an address and has slow names resolved could
 * gather answers for seconds, and let them loose at whom the address belongs to in one moment (DNSBomb, CVE-2024-33655).
 */
import { LATE_REPLIES_PER_CLIENT_MAX, LATE_REPLY_MS, REPLY_MS_MAX } from '../base/limits.ts'

/** What the bounds are. */
export interface LateReplyOptions {
  /** A question that waited longer is answered no more, unless by old data; 0 for no bound. */
  readonly replyMsMax?: number
  /** Replies to one client in any tenth of a second, of those that waited so long themselves; 0 for no bound. */
  readonly lateRepliesPerClientMax?: number
}

/** What there was of one client in the present tenth of a second. */
interface Tally {
  questions: number
  replies: number
}

/**
 * See the head of this file. It remembers the clients of one tenth of a second. Each question that comes in it lets one
 * more late reply go: what leaves no faster than questions come is no pulse, and of the many customers behind one address
 * more may be waiting than any number that would do for a victim.
 */
export class LateReplies {
  #replyMs = REPLY_MS_MAX
  #perClientMax = LATE_REPLIES_PER_CLIENT_MAX
  readonly #byClient = new Map<string, Tally>()
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(options: LateReplyOptions = {}) {
    this.configure(options)
  }

  /** Other bounds from now on, as they were where left out. */
  configure({ replyMsMax, lateRepliesPerClientMax }: LateReplyOptions): void {
    this.#replyMs = replyMsMax ?? this.#replyMs
    this.#perClientMax = lateRepliesPerClientMax ?? this.#perClientMax
  }

  /** A question came for which the resolver is needed. */
  asked(key: string, nowMs: number): void {
    if (this.#perClientMax > 0) this.#tallyOf(key, nowMs).questions++
  }

  /** True for a reply to a question that waited too long. */
  isTooLate(waitedMs: number): boolean {
    return this.#replyMs > 0 && waitedMs > this.#replyMs
  }

  /**
   * True for a reply that is one too many; else it counts.
   *
   * @param key of the client
   * @param waitedMs since its question
   */
  isTooMany(key: string, waitedMs: number, nowMs: number): boolean {
    // What comes as it was asked for cannot be gathered.
    if (waitedMs <= LATE_REPLY_MS || this.#perClientMax === 0) return false
    const tally = this.#tallyOf(key, nowMs)
    // Any tenth of a second may reach into two of those that are counted.
    if (tally.replies >= Math.ceil(this.#perClientMax / 2) + tally.questions) return true
    tally.replies++
    return false
  }

  #tallyOf(key: string, nowMs: number): Tally {
    if (nowMs - this.#sinceMs >= LATE_REPLY_MS) {
      this.#byClient.clear()
      this.#sinceMs = nowMs
    }
    const known = this.#byClient.get(key)
    if (known !== undefined) return known
    const tally = { questions: 0, replies: 0 }
    this.#byClient.set(key, tally)
    return tally
  }
}
