/**
 * The index of an octet table, as its one writer sees it: open addressing with linear probing and backward-shift deletion.
 * `table-layout.ts` says where slots are, and by what rules they change beside readers.
 */
import { homeSlot, SLOT_WORDS, type TableLayout } from './table-layout.ts'

/** See the head of this file. Slots are numbers; entries are offsets in octets, -1 for none. */
export class SlotIndex {
  readonly #words: Uint32Array
  readonly #marks: Uint8Array
  readonly #indexWord: number
  readonly #slots: number

  /** @param memory holds the table at its start */
  constructor({ slots, indexWord, marksAt, size }: TableLayout, memory: ArrayBuffer | SharedArrayBuffer) {
    this.#words = new Uint32Array(memory, 0, size / 4)
    this.#marks = new Uint8Array(memory, marksAt, slots)
    this.#indexWord = indexWord
    this.#slots = slots
  }

  /** Where the search for a hash begins. */
  home(hash: number): number {
    return homeSlot(hash, this.#slots)
  }

  /** Where it goes on. */
  next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1
  }

  /** Of an empty slot 0, as others may have it too. */
  hash(slot: number): number {
    return this.#words[this.#versionWord(slot) + 1]!
  }

  /** -1 where the slot is empty, or no slot. */
  entry(slot: number): number {
    const position = slot < 0 ? 0 : this.#words[this.#versionWord(slot) + 2]!
    return position === 0 ? -1 : position * 8
  }

  /** The slot that points at an entry, or -1 when none does: the entry was replaced or removed. */
  slotOf(hash: number, entry: number): number {
    for (let slot = this.home(hash); ; slot = this.next(slot)) {
      const found = this.entry(slot)
      if (found === entry || found < 0) return found < 0 ? -1 : slot
    }
  }

  /** Whether the entry was asked for, or fetched anew, since it has its place. */
  isAsked(slot: number): boolean {
    return this.#marks[slot] === 1
  }

  /** Notes that the entry was asked for. What is noted already is not written: others read the same line of memory. */
  noteAsked(slot: number): void {
    if (this.#marks[slot] === 0) this.#marks[slot] = 1
  }

  /** Forgets it. */
  forgetAsked(slot: number): void {
    this.#marks[slot] = 0
  }

  /** Takes a slot for a new entry. */
  add(hash: number, entry: number): void {
    let slot = this.home(hash)
    while (this.entry(slot) >= 0) slot = this.next(slot)
    this.#set(slot, hash, entry / 8, 0)
  }

  /** Empties a slot and moves back those behind it that this would cut off from their home. */
  remove(slot: number): void {
    let gap = slot
    let at = slot
    for (;;) {
      at = this.next(at)
      const entry = this.entry(at)
      if (entry < 0) break
      const hash = this.hash(at)
      const home = this.home(hash)
      const reachable = gap <= at ? gap < home && home <= at : gap < home || home <= at
      if (reachable) continue
      this.#set(gap, hash, entry / 8, this.#marks[at]!)
      gap = at
    }
    this.#set(gap, 0, 0, 0)
  }

  /** The slot, or octets of its entry, are about to change: readers take it for not there. */
  close(slot: number): void {
    Atomics.add(this.#words, this.#versionWord(slot), 1)
  }

  /** They have changed. */
  open(slot: number): void {
    Atomics.add(this.#words, this.#versionWord(slot), 1)
  }

  /** Points a slot that is closed at where its entry is now; nobody has asked for it there. */
  redirect(slot: number, entry: number): void {
    this.#words[this.#versionWord(slot) + 2] = entry / 8
    this.#marks[slot] = 0
  }

  /** Empties every slot. */
  clear(): void {
    const words = this.#words
    for (let slot = 0; slot < this.#slots; slot++) {
      const version = this.#versionWord(slot)
      // A writer that ended amid a change left it odd: it is emptied before it is open again. What is as new is not written.
      const isOdd = words[version]! % 2 === 1
      if (isOdd || words[version + 1] !== 0 || words[version + 2] !== 0) {
        if (!isOdd) this.close(slot)
        words[version + 1] = 0
        words[version + 2] = 0
        this.open(slot)
      }
      if (this.#marks[slot] !== 0) this.#marks[slot] = 0
    }
  }

  #versionWord(slot: number): number {
    return this.#indexWord + slot * SLOT_WORDS
  }

  #set(slot: number, hash: number, position: number, mark: number): void {
    const version = this.#versionWord(slot)
    this.close(slot)
    this.#words[version + 1] = hash
    this.#words[version + 2] = position
    this.open(slot)
    this.#marks[slot] = mark
  }
}
