/** A key at hand: its octets in words, so that it is hashed and compared four octets at a time, and its hash. */
import { type HashKey, hashWords } from '../base/keyed-hash.ts'

/** Fill `octets` from the start, then call `close`. Made once, used again and again. */
export class TableKey {
  readonly octets: Uint8Array
  /** The same memory; behind the key zero up to the next whole word. */
  readonly words: Int32Array
  /** Octets of the key. */
  length = 0
  /** As `keyedHash` gives it, taken as a signed number. */
  hash = 0
  /** Which table it belongs to, where there are several. */
  shard = 0

  /** @param octetsMax of the longest key */
  constructor(octetsMax: number) {
    this.words = new Int32Array(Math.ceil(octetsMax / 4) + 1)
    this.octets = new Uint8Array(this.words.buffer)
  }

  /** The first `length` octets are the key. */
  close(hashKey: HashKey, length: number): void {
    this.length = length
    for (let i = length; (i & 3) !== 0; i++) this.octets[i] = 0
    this.hash = hashWords(hashKey, this.words, length)
  }

  /** True when the words from `at` on begin with the key. */
  equals(words: Int32Array, at: number): boolean {
    const { length } = this
    const own = this.words
    const whole = length >> 2
    for (let i = 0; i < whole; i++) if (words[at + i] !== own[i]) return false
    const rest = length & 3
    return rest === 0 || ((words[at + whole]! ^ own[whole]!) & ((1 << (8 * rest)) - 1)) === 0
  }
}
