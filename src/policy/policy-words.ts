/**
 * What every hit reads of the policy, as words that all threads see at once. They are read by plain loads: a thread
 * may see a change with its next batch of questions, and nothing else is read by the order of the two.
 */
import { EXCEPTIONS_MAX } from '../base/limits.ts'
import type { ValidationMode } from '../resolver/ports.ts'

const SEQUENCE = 0
const MODE = 1
/** Percent of the clients who are spared enforcement: nobody in memory that is all zero. */
const SPARED_PERCENT = 2
const EXEMPTIONS = 3
const MODES: readonly ValidationMode[] = ['off', 'observe', 'enforce']

/** How often each negative trust anchor made an answer insecure: a word for each of their numbers. */
const HITS = 4
/** Some threads may count at once: so far below the end that none of them gets beyond it. */
const HITS_MAX = 0xffff_f000

/** Octets of the words. */
export const POLICY_WORDS_OCTETS: number = 4 * (HITS + EXCEPTIONS_MAX)

/** The sequence number, the mode and how far it is enforced. One thread sets them. */
export class PolicyWords {
  readonly #words: Int32Array

  /** @param memory `POLICY_WORDS_OCTETS`, shared or not, all zero at first; its own when left out */
  constructor(memory: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(POLICY_WORDS_OCTETS)) {
    this.#words = new Int32Array(memory, 0, POLICY_WORDS_OCTETS / 4)
  }

  /** See `ResolverPolicy`; the first is 1. */
  get sequence(): number {
    return this.#words[SEQUENCE]! + 1
  }

  /** Has everything judged again. */
  raise(): void {
    Atomics.add(this.#words, SEQUENCE, 1)
  }

  get mode(): ValidationMode {
    return MODES[this.#words[MODE]!]!
  }

  set mode(mode: ValidationMode) {
    Atomics.store(this.#words, MODE, MODES.indexOf(mode))
  }

  /** Percent of the clients for whom mode `enforce` is enforced. */
  get percent(): number {
    return 100 - this.#words[SPARED_PERCENT]!
  }

  set percent(percent: number) {
    Atomics.store(this.#words, SPARED_PERCENT, 100 - percent)
  }

  /** Some networks or listeners are spared, whatever the percentage. */
  set hasExemptions(has: boolean) {
    Atomics.store(this.#words, EXEMPTIONS, has ? 1 : 0)
  }

  /** An answer is insecure by the negative trust anchor of this number. As many as a word holds is where counting ends. */
  countHit(number: number): void {
    if (this.#words[HITS + number]! >>> 0 < HITS_MAX) Atomics.add(this.#words, HITS + number, 1)
  }

  hits(number: number): number {
    return this.#words[HITS + number]! >>> 0
  }

  clearHits(number: number): void {
    Atomics.store(this.#words, HITS + number, 0)
  }

  /** See `ResolverPolicy`. */
  get sparesSome(): boolean {
    const words = this.#words
    if (MODES[words[MODE]!] === 'enforce') return words[SPARED_PERCENT] !== 0 || words[EXEMPTIONS] !== 0
    return MODES[words[MODE]!] === 'observe'
  }
}
