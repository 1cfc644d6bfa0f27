/**
 * Brings the memory of a table closer to the processor for many keys at a time. What a look-up costs is mostly waiting:
 * slot, entry and mark lie anywhere in the table, and each is read where the one before it said. Here the slots of a
 * whole batch are read one after the other, then the entries, and a processor has many such reads under way at a time.
 * Nothing is decided by what is read: it may be old, torn or another key's.
 */
import { UDP_BATCH_MAX } from '../base/limits.ts'
import { homeSlot, SLOT_WORDS, type TableLayout } from './table-layout.ts'

/** Words of a cache line. */
const LINE_WORDS = 16
/** Most answers have two or three. */
const LINES = 3

/** See the head of this file. */
export class TableLookahead {
  readonly #words: Int32Array
  readonly #marks: Uint8Array
  readonly #slots: number
  readonly #indexWord: number
  /** Beginnings of entries stop here, so that the lines behind them are in the table. */
  readonly #lastWord: number
  /** Word of the entry, by the number of the question. */
  readonly #entries = new Int32Array(UDP_BATCH_MAX)
  /** What was read comes here, lest a compiler find that nobody wants it. */
  readonly #seen = new Int32Array(1)

  constructor(layout: TableLayout, buffer: ArrayBuffer | SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, layout.size / 4)
    this.#marks = new Uint8Array(buffer, layout.marksAt, layout.slots)
    this.#slots = layout.slots
    this.#indexWord = layout.indexWord
    this.#lastWord = layout.size / 4 - LINES * LINE_WORDS
  }

  /** Reads slot and mark of a hash (signed), which is that of question `number`. */
  slot(number: number, hash: number): void {
    const slot = homeSlot(hash >>> 0, this.#slots)
    const at = Math.min(this.#words[this.#indexWord + slot * SLOT_WORDS + 2]! * 2, this.#lastWord)
    this.#entries[number] = at
    this.#seen[0]! ^= this.#marks[slot]!
  }

  /** Reads the entry that the slot of question `number` pointed at. */
  entry(number: number): void {
    const words = this.#words
    const at = this.#entries[number]!
    let seen = 0
    for (let line = 0; line < LINES; line++) seen ^= words[at + line * LINE_WORDS]!
    this.#seen[0]! ^= seen
  }
}
