/**
 * The secrets that server cookies are made with, as words that all threads see: a roll-over is in force everywhere at
 * once, and a thread that is born anew knows it. Every thread has a copy, which it makes anew when a counter has moved.
 */
import { assert } from '../base/assert.ts'
import { COOKIE_SECRETS_MAX } from '../base/limits.ts'
import { SIPHASH_KEY_OCTETS, SIPHASH_KEY_WORDS, writeSipHashKey } from '../base/siphash.ts'

/** Raised before and after a change: odd while it is under way. */
const CHANGES = 0
const COUNT = 1
const KEYS = 2
const WORDS = KEYS + COOKIE_SECRETS_MAX * SIPHASH_KEY_WORDS

/** Octets of a secret. */
export const COOKIE_SECRET_OCTETS: number = SIPHASH_KEY_OCTETS

/** See the head of this file. One thread sets them. */
export class CookieSecrets {
  /** For other threads. */
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #copy = new Int32Array(WORDS)
  /** `CHANGES` as it was when the copy was made. */
  #seen = 0
  /** The keys of the copy, one after the other: the first makes cookies, all are accepted. */
  readonly keys: Int32Array = this.#copy.subarray(KEYS)

  /** @param memory of the `CookieSecrets` of another thread; its own, without a secret, when left out */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4 * WORDS)) {
    this.memory = memory
    this.#words = new Int32Array(memory)
  }

  /** How many there are, of which `keys` has the words. To be read anew for each question. */
  get count(): number {
    if (this.#words[CHANGES] !== this.#seen) this.#look()
    return this.#copy[COUNT]!
  }

  /**
   * Puts others in force.
   *
   * @param secrets at most `COOKIE_SECRETS_MAX`, the one that makes cookies first
   */
  set(secrets: readonly Uint8Array[]): void {
    assert(secrets.length <= COOKIE_SECRETS_MAX, 'too many secrets')
    Atomics.add(this.#words, CHANGES, 1)
    this.#words.fill(0, COUNT)
    this.#words[COUNT] = secrets.length
    for (const [number, secret] of secrets.entries()) {
      writeSipHashKey(secret, this.#words, KEYS + number * SIPHASH_KEY_WORDS)
    }
    Atomics.add(this.#words, CHANGES, 1)
  }

  /** Copies them, unless they are just being changed: then the next question sees to it. */
  #look(): void {
    const changes = Atomics.load(this.#words, CHANGES)
    if ((changes & 1) !== 0) return
    const words = this.#words.slice()
    if (Atomics.load(this.#words, CHANGES) !== changes) return
    this.#copy.set(words)
    this.#seen = changes
  }
}
