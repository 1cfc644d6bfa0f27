/**
 * What every hit reads of the policy, as words that all threads see at once. They are read by plain loads: a thread
 * may see a change with its next batch of questions, and nothing else is read by the order of the two.
 */
import type { ValidationMode } from '../resolver/ports.ts'

const SEQUENCE = 0
const MODE = 1
const MODES: readonly ValidationMode[] = ['off', 'observe', 'enforce']

/** Octets of the words. */
export const POLICY_WORDS_OCTETS = 8

/** The sequence number and the mode. One thread sets them. */
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
}
