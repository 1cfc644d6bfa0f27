/** Randomness, as an argument. */
import { randomFillSync } from 'node:crypto'

/** Where unpredictable numbers come from: query ids, ports, the choice among servers. */
export interface Random {
  /** A whole number in [0, bound), every one equally likely; `bound` at most 2^32. */
  below(bound: number): number
}

const POOL_WORDS = 1024

/** The operating system's generator, read through a pool; rejection sampling, so no number is favoured. */
export function systemRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS)
  let next = POOL_WORDS
  const word = (): number => {
    if (next === POOL_WORDS) {
      randomFillSync(pool)
      next = 0
    }
    return pool[next++]!
  }
  return { below: (bound) => uniform(word, bound) }
}

/** A repeatable sequence (SplitMix32 steps), for tests and simulation; never for the live service. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  return { below: (bound) => uniform(word, bound) }
}

function uniform(word: () => number, bound: number): number {
  const ceiling = 0x1_0000_0000 - (0x1_0000_0000 % bound)
  for (;;) {
    const drawn = word()
    if (drawn < ceiling) return drawn % bound
  }
}
