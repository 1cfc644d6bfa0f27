/** A heap of things of which the least comes first, and that may only grow while they are in it. */

interface Slot<T> {
  readonly item: T
  /** As it was when it was put here: the order of the heap. */
  key: number
}

/** See the head of this file. */
export class LeastFirst<T> implements Iterable<T> {
  readonly #keyOf: (item: T) => number
  readonly #slots: Slot<T>[] = []

  constructor(keyOf: (item: T) => number) {
    this.#keyOf = keyOf
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { item } of this.#slots) yield item
  }

  add(item: T): void {
    this.#slots.push({ item, key: this.#keyOf(item) })
    this.#rise(this.#slots.length - 1)
  }

  /** Undefined when there is nothing. It stays; to remove it then costs no search. */
  least(): T | undefined {
    const slots = this.#slots
    for (let first = slots[0]; first !== undefined; first = slots[0]) {
      const key = this.#keyOf(first.item)
      if (key <= first.key) return first.item
      // It has grown since it was put here.
      first.key = key
      this.#sink(0)
    }
    return undefined
  }

  /** Takes an item out, wherever it is. */
  remove(item: T): void {
    const at = this.#slots.findIndex((slot) => slot.item === item)
    if (at >= 0) this.#removeAt(at)
  }

  #removeAt(at: number): void {
    const last = this.#slots.pop()!
    if (at === this.#slots.length) return
    this.#slots[at] = last
    this.#sink(at)
    this.#rise(at)
  }

  #rise(at: number): void {
    const slots = this.#slots
    for (let here = at; here > 0; ) {
      const above = (here - 1) >> 1
      if (slots[above]!.key <= slots[here]!.key) return
      this.#swap(above, here)
      here = above
    }
  }

  #sink(at: number): void {
    const slots = this.#slots
    for (let here = at; ; ) {
      let least = here
      for (const below of [2 * here + 1, 2 * here + 2]) {
        if (below < slots.length && slots[below]!.key < slots[least]!.key) least = below
      }
      if (least === here) return
      this.#swap(least, here)
      here = least
    }
  }

  #swap(a: number, b: number): void {
    const slot = this.#slots[a]!
    this.#slots[a] = this.#slots[b]!
    this.#slots[b] = slot
  }
}
