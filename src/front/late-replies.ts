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

/** See the head of this file. It remembers the clients of one tenth of a second. */
export class LateReplies {
  #replyMs = REPLY_MS_MAX
  #perClientMax = LATE_REPLIES_PER_CLIENT_MAX
  readonly #byClient = new Map<string, number>()
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(options: LateReplyOptions = {}) {
    this.configure(options)
  }

  /** Other bounds from now on, as they were where left out. */
  configure({ replyMsMax, lateRepliesPerClientMax }: LateReplyOptions): void {
    this.#replyMs = replyMsMax ?? this.#replyMs
    this.#perClientMax = lateRepliesPerClientMax ?? this.#perClientMax
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
    if (nowMs - this.#sinceMs >= LATE_REPLY_MS) {
      this.#byClient.clear()
      this.#sinceMs = nowMs
    }
    const replies = (this.#byClient.get(key) ?? 0) + 1
    // Any tenth of a second may reach into two of those that are counted.
    if (replies > Math.ceil(this.#perClientMax / 2)) return true
    this.#byClient.set(key, replies)
    return false
  }
}
