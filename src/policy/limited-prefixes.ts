/**
 * Networks over a rate limit, for the log to tell of: one thread writes, the main thread reads. Where more are over it
 * than there is room for, those that come first are here.
 */
import type { Moment } from '../base/clock.ts'
import { LIMITED_PREFIXES_MAX, LIMITED_TOLD_AGAIN_MS } from '../base/limits.ts'
import type { Prefix } from '../base/prefix.ts'
import { NETWORK_WORDS, networkPrefix } from './prefix-buckets.ts'

/** A network that has met a limit. */
export interface LimitedPrefix {
  /** Its number in `LIMITS_OF_NETWORKS`. */
  readonly limit: number
  readonly prefix: Prefix
  /** Questions too many since it got its room here. */
  readonly questions: number
}

const WAYS = 4
/** Tag, second in which it was last seen, limit, network. The tag is odd; what is being written has none. */
const SEEN_AT = 1
const LIMIT_AT = 2
const NETWORK_AT = 3
const ENTRY_WORDS = NETWORK_AT + NETWORK_WORDS
const WORDS = LIMITED_PREFIXES_MAX * ENTRY_WORDS

/** Octets of the table: its entries, and a count for each. */
export const LIMITED_PREFIXES_OCTETS: number = WORDS * 4 + LIMITED_PREFIXES_MAX * 8

/** See the head of this file. */
export class LimitedPrefixes {
  readonly #words: Int32Array
  readonly #counts: Float64Array

  /** @param memory `LIMITED_PREFIXES_OCTETS`, all zero at first; its own when left out */
  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(LIMITED_PREFIXES_OCTETS)) {
    this.#words = new Int32Array(memory, 0, WORDS)
    this.#counts = new Float64Array(memory, WORDS * 4, LIMITED_PREFIXES_MAX)
  }

  /**
   * Notes a question too many. Allocates nothing.
   *
   * @param limit its number
   * @param network as `PrefixBuckets.network`
   */
  note(limit: number, network: Int32Array, hash: number, now: Moment): void {
    const tag = hash | 1
    const second = (now[0]! / 1000) | 0
    const set = (hash >>> 1) % (LIMITED_PREFIXES_MAX / WAYS)
    const entry = this.#entryFor(set * WAYS, tag, second)
    if (entry < 0) return
    const at = entry * ENTRY_WORDS
    const words = this.#words
    words[at + SEEN_AT] = second
    // A limit and its dry run count in the same buckets, but not together.
    if (words[at] !== tag || words[at + LIMIT_AT] !== limit) {
      Atomics.store(words, at, 0)
      words[at + LIMIT_AT] = limit
      for (let i = 0; i < NETWORK_WORDS; i++) words[at + NETWORK_AT + i] = network[i]!
      this.#counts[entry] = 0
      Atomics.store(words, at, tag)
    }
    this.#counts[entry]!++
  }

  /** All networks that have room here now, some of which may have asked nothing for long. */
  list(): LimitedPrefix[] {
    const listed: LimitedPrefix[] = []
    for (let entry = 0; entry < LIMITED_PREFIXES_MAX; entry++) {
      const at = entry * ENTRY_WORDS
      const tag = Atomics.load(this.#words, at)
      if (tag === 0) continue
      const limit = this.#words[at + LIMIT_AT]!
      const network = this.#words.slice(at + NETWORK_AT, at + ENTRY_WORDS)
      const questions = this.#counts[entry]!
      // Its writer may have been at work on it.
      if (Atomics.load(this.#words, at) !== tag) continue
      listed.push({ limit, prefix: networkPrefix(network), questions })
    }
    return listed
  }

  /** The entry of a tag, or one that nobody needs any more; -1 when there is none. */
  #entryFor(from: number, tag: number, second: number): number {
    let free = -1
    for (let entry = from; entry < from + WAYS; entry++) {
      const at = entry * ENTRY_WORDS
      const has = this.#words[at]
      if (has === tag) return entry
      const quietMs = (second - this.#words[at + SEEN_AT]!) * 1000
      if (has === 0 || quietMs > LIMITED_TOLD_AGAIN_MS) free = entry
    }
    return free
  }
}
