/**
 * Brings the memory of a table closer to the processor for many keys at a time. What a look-up costs is mostly waiting:
 * slot, entry and mark lie anywhere in the table, and each is read where the one before it said. Here the slots of a
 * whole batch are read one after the other, then the entries, and a processor has many such reads under way at a time.
 * Nothing is decided by what is read: it may be old, torn or another key's.
 */
import { UDP_BATCH_MAX } from '../base/limits.ts'
import type { TableKey } from './table-key.ts'
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
  /** Where entries begin, in words; the table's own head where there is none. */
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

  /**
   * Reads slots, marks and entries of the first `count` keys, as far as they belong to this table. The loops are short
   * and call nothing, so that the reads of many keys fit into what a processor has under way.
   */
  approach(keys: readonly TableKey[], count: number, shard: number): void {
    const words = this.#words
    const marks = this.#marks
    const entries = this.#entries
    const slots = this.#slots
    const indexWord = this.#indexWord
    const lastWord = this.#lastWord
    let seen = 0
    for (let i = 0; i < count; i++) {
      const key = keys[i]!
      if (key.shard !== shard) {
        entries[i] = 0
        continue
      }
      const slot = homeSlot(key.hash >>> 0, slots)
      const at = words[indexWord + slot * SLOT_WORDS + 2]! * 2
      entries[i] = Math.min(at, lastWord)
      seen ^= marks[slot]!
    }
    for (let i = 0; i < count; i++) {
      const at = entries[i]!
      for (let line = 0; line < LINES; line++) seen ^= words[at + line * LINE_WORDS]!
    }
    this.#seen[0] = seen
  }
}
