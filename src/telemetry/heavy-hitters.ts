/**
 * What occurs most often among however many different things, in memory for a few of them: the space-saving algorithm
 * (Metwally, Agrawal and El Abbadi, 2005). Whatever occurs more often than one time in `size` is among those kept.
 */

interface Kept {
  count: number
  /** How much of the count may be that of things which had this place before. */
  readonly inherited: number
}

/** One of the most frequent things. */
export interface HeavyHitter {
  readonly key: string
  /** It occurred so often at least. */
  readonly count: number
}

/** See the head of this file. */
export class HeavyHitters {
  readonly #size: number
  readonly #kept = new Map<string, Kept>()

  /** @param size things kept */
  constructor(size: number) {
    this.#size = size
  }

  add(key: string): void {
    const known = this.#kept.get(key)
    if (known !== undefined) {
      known.count++
      return
    }
    const inherited = this.#kept.size < this.#size ? 0 : this.#giveWay()
    this.#kept.set(key, { count: inherited + 1, inherited })
  }

  /** Those kept, in no order, with what is certain of each. */
  get list(): HeavyHitter[] {
    return [...this.#kept].map(([key, { count, inherited }]) => ({ key, count: count - inherited }))
  }

  /** The rarest leaves its place, and its count to whoever takes that. */
  #giveWay(): number {
    let rarest = ''
    let least = Number.POSITIVE_INFINITY
    for (const [key, { count }] of this.#kept) {
      if (count >= least) continue
      rarest = key
      least = count
    }
    this.#kept.delete(rarest)
    return least
  }
}
