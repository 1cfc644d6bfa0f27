/** Ranges on a circle, in order of where they begin: the links of an NSEC or NSEC3 chain that are known. */

/** One range. Both ends are keys whose order as strings is that of the circle. */
export interface Range {
  /** Where it begins; the link itself stands here. */
  readonly from: string
  /** The next link; not after `from` when the range goes over the end of the order. */
  readonly to: string
  /** What the link says, as the owner of the table has it, one character an octet. */
  readonly octets: string
  readonly storedMs: number
  readonly expiresMs: number
  /** When it last served. */
  usedMs: number
}

/** Octets of heap that a range takes beside its strings (measured: the object, its slot and three string heads). */
const RANGE_OCTETS = 200

/** True when the key lies within the range, ends not included. */
export function rangeCovers({ from, to }: Range, key: string): boolean {
  return from < to ? from < key && key < to : from < key || key < to
}

/** Octets of heap that a range takes. */
export function rangeOctets({ from, to, octets }: Range): number {
  return RANGE_OCTETS + from.length + to.length + octets.length
}

/** The ranges of one chain. Looking up takes O(log n), adding moves up to n pointers. */
export class OrderedRanges {
  #ranges: Range[] = []
  #octetsUsed = 0

  get size(): number {
    return this.#ranges.length
  }

  /** Octets of heap in use. */
  get octetsUsed(): number {
    return this.#octetsUsed
  }

  /** The range that begins at the key, or else the one that begins next before it on the circle. */
  atOrBefore(key: string): Range | undefined {
    const ranges = this.#ranges
    return ranges[this.#firstAfter(key) - 1] ?? ranges[ranges.length - 1]
  }

  /** Adds a range. What contradicts it is older and goes: links within it, and the range that it begins in. */
  add(range: Range): void {
    const ranges = this.#ranges
    const { from, to } = range
    const before = this.atOrBefore(from)
    if (before !== undefined && before.from !== from && rangeCovers(before, from)) this.remove(before)
    const at = this.#firstAtOrAfter(from)
    const past = this.#firstAtOrAfter(to)
    // Over the end of the order: all that follows goes, and all before the end of the range.
    this.#splice(at, from < to ? past - at : ranges.length - at, range)
    if (to <= from) this.#splice(0, past)
    this.#octetsUsed += rangeOctets(range)
  }

  /** Removes a range, if it is still here. */
  remove(range: Range): void {
    const at = this.#firstAtOrAfter(range.from)
    if (this.#ranges[at] === range) this.#splice(at, 1)
  }

  /** Removes the ranges that have run out, and of the rest the longest unused ones until `keep` are left. */
  prune(nowMs: number, keep: number): void {
    let kept = this.#ranges.filter(({ expiresMs }) => nowMs < expiresMs)
    if (kept.length > keep) {
      const oldestFirst = kept.map(({ usedMs }) => usedMs).sort((a, b) => a - b)
      const threshold = oldestFirst[kept.length - keep]!
      // Of those that were used last at the very threshold only as many as there is room for.
      let room = keep - kept.filter(({ usedMs }) => usedMs > threshold).length
      kept = kept.filter(({ usedMs }) => usedMs > threshold || (usedMs === threshold && room-- > 0))
    }
    this.#ranges = kept
    this.#octetsUsed = kept.reduce((sum, range) => sum + rangeOctets(range), 0)
  }

  #splice(at: number, count: number, ...added: Range[]): void {
    for (const gone of this.#ranges.splice(at, count, ...added)) this.#octetsUsed -= rangeOctets(gone)
  }

  /** Index of the first range that begins after the key. */
  #firstAfter(key: string): number {
    return this.#search((from) => from > key)
  }

  #firstAtOrAfter(key: string): number {
    return this.#search((from) => from >= key)
  }

  /** Index of the first range whose beginning lies past what is searched; the number of ranges when none does. */
  #search(isPast: (from: string) => boolean): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isPast(this.#ranges[middle]!.from)) high = middle
      else low = middle + 1
    }
    return low
  }
}
