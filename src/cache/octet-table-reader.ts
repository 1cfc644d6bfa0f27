/**
 * An octet table as a thread sees it that does not write it. It copies an entry into memory of its own while the writer
 * goes on, by the rules of `table-layout.ts`; what changes meanwhile counts as not there, and so does what the writer
 * is just moving. It allocates nothing.
 */
import { assert } from '../base/assert.ts'
import type { Moment } from '../base/clock.ts'
import { TABLE_ENTRY_OCTETS_MAX, TABLE_PROBES_MAX } from '../base/limits.ts'
import type { TableKey } from './table-key.ts'
import {
  align8,
  ENTRY_HEADER_OCTETS,
  HEADER,
  homeSlot,
  keyOctetsOf,
  SLOT_WORDS,
  type TableLayout,
  type TableMemory,
  tableLayout,
  valueOctetsOf,
} from './table-layout.ts'
import { TableLookahead } from './table-lookahead.ts'

/** What a reader is made of. */
export interface OctetTableReaderOptions extends Omit<TableMemory, 'hashKey'> {
  /** Memory to copy into, of `TABLE_ENTRY_OCTETS_MAX` octets: readers of one thread may share it. */
  readonly copy?: ArrayBuffer | undefined
}

/** Times that `entryAt` tries to copy an entry that changes while it does. */
const TRIES = 3

/** The table for reading. It holds one entry at a time: the one that was found last. */
export class OctetTableReader {
  /** Holds the copy: `keyStart` and the like are offsets into it. */
  readonly octets: Uint8Array

  readonly #layout: TableLayout
  /** Where the key begins in an entry. */
  readonly #keyStart: number
  readonly #keyInValue: boolean
  /** The table. Signed, because such words are small integers for the compiler. */
  readonly #words: Int32Array
  readonly #marks: Uint8Array
  /** The copy. */
  readonly #copy: Int32Array
  readonly #copyFloats: Float64Array
  /** Brings closer what `find` is about to read. */
  readonly lookahead: TableLookahead

  constructor({ bytesMax, keyAt, buffer, copy }: OctetTableReaderOptions) {
    const layout = tableLayout(bytesMax)
    assert(buffer.byteLength >= layout.size, 'memory smaller than the table')
    const memory = copy ?? new ArrayBuffer(layout.entrySizeMax)
    assert(copy === undefined || copy.byteLength >= TABLE_ENTRY_OCTETS_MAX, 'no room for every entry')
    this.octets = new Uint8Array(memory)
    this.#copy = new Int32Array(memory)
    this.#copyFloats = new Float64Array(memory)
    this.#layout = layout
    this.#keyStart = ENTRY_HEADER_OCTETS + (keyAt ?? 0)
    this.#keyInValue = keyAt !== undefined
    assert(this.#keyStart % 4 === 0, 'keys that begin within a word')
    this.lookahead = new TableLookahead(layout, buffer)
    this.#words = new Int32Array(buffer, 0, layout.size / 4)
    this.#marks = new Uint8Array(buffer, layout.marksAt, layout.slots)
  }

  /** Entries held, those expired but not yet passed by the old end included. */
  get entryCount(): number {
    return this.#words[HEADER.ENTRIES]! >>> 0
  }

  /** Octets in use: header, index and every entry held. */
  get bytesUsed(): number {
    return this.#layout.logStart + (this.#words[HEADER.LIVE_OCTETS]! >>> 0)
  }

  /**
   * Looks up a key, notes that it was asked for, and copies the entry.
   *
   * @returns false when there is none, it has expired (an entry lives while now is before `expiresMs`) or is being changed
   */
  find(key: TableKey, now: Moment): boolean {
    const { slots, indexWord } = this.#layout
    const words = this.#words
    const { hash } = key
    let slot = homeSlot(hash >>> 0, slots)
    for (let probes = 0; probes < TABLE_PROBES_MAX; probes++) {
      const at = indexWord + slot * SLOT_WORDS
      if (words[at + 2] === 0) return false
      if (words[at + 1] === hash) {
        if (!this.#take(at)) return false
        if (keyOctetsOf(this.#copy[1]!) === key.length && key.equals(this.#copy, this.#keyStart >> 2)) {
          if (!(now[0]! < this.#copyFloats[1]!)) return false
          if (this.#marks[slot] === 0) this.#marks[slot] = 1
          return true
        }
      }
      slot = slot + 1 === slots ? 0 : slot + 1
    }
    return false
  }

  /** Slots of the table: `entryAt` takes numbers below it. */
  get slotCount(): number {
    return this.#layout.slots
  }

  /**
   * Copies the entry of a slot, expired or not, and notes nothing. False when the slot is empty, or keeps changing.
   * Whoever goes through all slots beside the writer sees every entry that stays as it is, and may see one that is
   * moved or written over twice or not at all.
   */
  entryAt(slot: number): boolean {
    const at = this.#layout.indexWord + slot * SLOT_WORDS
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.#words[at + 2] === 0) return false
      if (this.#take(at)) return true
    }
    return false
  }

  /** Whether the entry of a slot was asked for, or fetched anew when it had run out, since it has its place. */
  wasAskedFor(slot: number): boolean {
    return this.#marks[slot] !== 0
  }

  /** Shows every entry, one after the other, as `entryAt` does. */
  forEach(visit: (entry: this) => void): void {
    for (let slot = 0; slot < this.slotCount; slot++) if (this.entryAt(slot)) visit(this)
  }

  // --- the entry that was copied -------------------------------------------------------------------------------------

  /** When it expires, in milliseconds of the clock that `nowMs` comes from. */
  get expiresMs(): number {
    return this.#copyFloats[1]!
  }

  /** Offset of the first octet of its key. */
  get keyStart(): number {
    return this.#keyStart
  }

  /** Offset behind its key. */
  get keyEnd(): number {
    return this.#keyStart + keyOctetsOf(this.#copy[1]!)
  }

  /** Offset of the first octet of its value. */
  get valueStart(): number {
    return this.#keyInValue ? ENTRY_HEADER_OCTETS : this.keyEnd
  }

  /** Offset behind its value. */
  get valueEnd(): number {
    return this.valueStart + valueOctetsOf(this.#copy[1]!)
  }

  // --- octets ------------------------------------------------------------------------------------------------------

  /** Copies the entry that a slot points at. False when the slot changed meanwhile: then the copy is worth nothing. */
  #take(slotWord: number): boolean {
    const words = this.#words
    const version = Atomics.load(words, slotWord)
    if ((version & 1) === 1) return false
    const { logStart, size, entrySizeMax } = this.#layout
    const entry = words[slotWord + 2]! * 8
    // Whatever stands there before the version is known to hold: nothing outside the table is read.
    if (entry < logStart || entry > size - ENTRY_HEADER_OCTETS) return false
    const from = entry / 4
    const lengths = words[from + 1]!
    const keyOctets = this.#keyInValue ? 0 : keyOctetsOf(lengths)
    const octets = align8(ENTRY_HEADER_OCTETS + keyOctets + valueOctetsOf(lengths))
    if (octets > entrySizeMax || entry + octets > size) return false
    const copy = this.#copy
    const count = octets / 4
    for (let i = 0; i < count; i++) copy[i] = words[from + i]!
    return Atomics.add(words, slotWord, 0) === version
  }
}
