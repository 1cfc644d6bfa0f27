/** A small generator with a seed (mulberry32), so that zones and questions are the same in every run. */
export class SeededRandom {
  #state: number

  /** @param seed any text; equal texts make equal sequences */
  constructor(seed: string) {
    this.#state = 0x9e3779b9
    for (const character of seed) this.#state = Math.imul(this.#state ^ character.codePointAt(0)!, 0x01000193)
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  /** `count` lower-case letters and digits, a letter first. */
  label(count: number): string {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
    return Array.from({ length: count }, (_, i) => letters[this.below(i === 0 ? 26 : 36)]).join('')
  }

  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
    }
    return shuffled
  }

  /** The same name with some letters in upper case. */
  mixedCase(name: string): string {
    return name.replace(/[a-z]/g, (letter) => (this.below(2) === 0 ? letter.toUpperCase() : letter))
  }
}
