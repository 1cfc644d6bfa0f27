/**
 * A ring of entries in a table's log: they are added at the young end and leave at the old end. Its state is four words
 * of the table's header, so it outlives its writer.
 */

/** Where the next entry goes. */
const HEAD = 0
/** Where the oldest entry is. */
const TAIL = 1
/** 1 when the young end has gone round and is before the old end; entries at the old end stop at `WRAP_AT`. */
const WRAPPED = 2
const WRAP_AT = 3

/** Positions are offsets in octets, multiples of 8; `[start, end)` is the ring's. */
export class Ring {
  readonly start: number
  readonly end: number
  readonly #words: Uint32Array
  readonly #state: number

  /** @param state index in `words` of the ring's own */
  constructor(words: Uint32Array, state: number, start: number, end: number) {
    this.#words = words
    this.#state = state
    this.start = start
    this.end = end
  }

  /** Octets of the ring. */
  get size(): number {
    return this.end - this.start
  }

  /** Forgets all entries. */
  clear(): void {
    this.#set(HEAD, this.start)
    this.#set(TAIL, this.start)
    this.#set(WRAPPED, 0)
    this.#set(WRAP_AT, this.end)
  }

  /** Octets between the old end and the young end, those of entries that are gone included. */
  get octets(): number {
    const [head, tail] = [this.#get(HEAD), this.#get(TAIL)]
    return this.#get(WRAPPED) === 0 ? head - tail : this.#get(WRAP_AT) - tail + head - this.start
  }

  /** Position of the oldest entry, or -1 when there is none. */
  get oldest(): number {
    const tail = this.#get(TAIL)
    return this.#get(WRAPPED) === 0 && this.#get(HEAD) === tail ? -1 : tail
  }

  /** Position of the entry added after the one of `size` octets at `at`, or -1. */
  after(at: number, size: number): number {
    const head = this.#get(HEAD)
    const isBeforeWrap = this.#get(WRAPPED) === 1 && at >= head
    const next = isBeforeWrap && at + size === this.#get(WRAP_AT) ? this.start : at + size
    return next === head ? -1 : next
  }

  /** Moves the old end past its entry, which has `size` octets. */
  passOldest(size: number): void {
    const tail = this.#get(TAIL) + size
    const isLastBeforeWrap = this.#get(WRAPPED) === 1 && tail === this.#get(WRAP_AT)
    this.#set(TAIL, isLastBeforeWrap ? this.start : tail)
    if (isLastBeforeWrap) this.#set(WRAPPED, 0)
  }

  /** Takes room at the young end, or -1 when the old end is in the way. */
  reserve(size: number): number {
    if (this.oldest < 0) this.clear()
    const tail = this.#get(TAIL)
    let at = this.#get(HEAD)
    if (this.#get(WRAPPED) === 0) {
      if (at + size > this.end) {
        if (this.start + size > tail) return -1
        this.#set(WRAP_AT, at)
        this.#set(WRAPPED, 1)
        at = this.start
      }
    } else if (at + size > tail) return -1
    this.#set(HEAD, at + size)
    return at
  }

  #get(word: number): number {
    return this.#words[this.#state + word]!
  }

  #set(word: number, value: number): void {
    this.#words[this.#state + word] = value
  }
}
