/**
 * A hash table of octet keys and octet values inside one buffer of fixed size. An entry makes no JavaScript object,
 * so the collector has nothing to trace however many there are. `table-layout.ts` says what is where in the buffer.
 *
 * Entries are appended to a ring and never changed in place. When the ring is full the oldest goes: expired or not asked
 * for since its last lap, it is dropped; asked for, it is moved to the young end (CLOCK as FIFO with reinsertion).
 * An entry replaced or removed leaves its octets unused until the old end passes them. `bytesMax` is the size of the
 * buffer and everything is inside it.
 *
 * This is the one writer, and it reads what it wrote; other threads read with `OctetTableReader`. All that it knows is
 * in the buffer, so when its thread has ended another one can take over, unless the end came in the middle of a change.
 */
import { assert } from '../base/assert.ts'
import type { Moment } from '../base/clock.ts'
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { NO_OCTETS } from '../base/octets.ts'
import { OctetTableReader } from './octet-table-reader.ts'
import type { TableKey } from './table-key.ts'
import {
  align8,
  ENTRY_HEADER_OCTETS,
  FORMAT,
  HEADER,
  homeSlot,
  KEY_OCTETS_MAX,
  keyOctetsOf,
  packLengths,
  SLOT_WORDS,
  type TableLayout,
  type TableMemory,
  tableLayout,
  valueOctetsOf,
} from './table-layout.ts'
import { TableLookahead } from './table-lookahead.ts'

/** What a table is made of. */
export interface OctetTableOptions extends Omit<TableMemory, 'buffer'> {
  /** Memory to use instead of fresh memory. What it held is lost, unless `keep` says otherwise. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer | undefined
  /**
   * Takes over the entries that another writer left in `buffer`, of the same size and with the same `hashKey`. That
   * writer must have ended.
   */
  readonly keep?: boolean | undefined
}

/** A put moves at most this many octets to the young end, and so many times its own size: its work stays bounded. */
const REINSERTED_OCTETS = 4_096
const REINSERTED_TIMES = 8

/** The table. Positions that it hands out hold until the next change of the table. */
export class OctetTable {
  /** The whole buffer: `valueStart` and the like are offsets into it. */
  readonly octets: Uint8Array
  readonly bytesMax: number
  /** What `keep` was to take over had to be dropped: another table, or one whose writer ended amid a change. */
  readonly cleared: boolean

  readonly #hashKey: HashKey
  readonly #layout: TableLayout
  readonly #words: Uint32Array
  /** The same words: small integers for the compiler. */
  readonly #signedWords: Int32Array
  readonly #floats: Float64Array
  /** Brings closer what `findKey` is about to read. */
  readonly lookahead: TableLookahead
  readonly #marksAt: number
  readonly #indexWord: number
  readonly #slots: number
  readonly #logStart: number
  readonly #logEnd: number
  readonly #keyAt: number | undefined
  /** Words of an entry before its key. */
  readonly #keyWord: number
  /** Octets that the put at work may still move. */
  #movable = 0

  constructor({ bytesMax, hashKey, keyAt, buffer, keep = false }: OctetTableOptions) {
    const layout = tableLayout(bytesMax)
    const { size } = layout
    const memory = buffer ?? new ArrayBuffer(size)
    assert(memory.byteLength >= size, 'memory smaller than the table')
    this.bytesMax = size
    this.#hashKey = hashKey
    this.#layout = layout
    this.octets = new Uint8Array(memory, 0, size)
    this.#words = new Uint32Array(memory, 0, size / 4)
    this.#signedWords = new Int32Array(memory, 0, size / 4)
    this.lookahead = new TableLookahead(layout, memory)
    this.#floats = new Float64Array(memory, 0, size / 8)
    this.#marksAt = layout.marksAt
    this.#indexWord = layout.indexWord
    this.#slots = layout.slots
    this.#logStart = layout.logStart
    this.#logEnd = size
    this.#keyAt = keyAt
    this.#keyWord = (ENTRY_HEADER_OCTETS + (keyAt ?? 0)) / 4
    assert(Number.isInteger(this.#keyWord), 'keys that begin within a word')
    const isBlank = this.#words[HEADER.FORMAT] === 0
    const isWhole = this.#isTable() && this.#words[HEADER.WRITING] === 0
    this.cleared = keep && !isBlank && !isWhole
    if (!keep || !isWhole) this.clear()
  }

  /** Entries held, those expired but not yet passed by the old end included. */
  get entryCount(): number {
    return this.#words[HEADER.ENTRIES]!
  }

  /** Octets in use: header, index and every entry held. At most `bytesMax`. */
  get bytesUsed(): number {
    return this.#logStart + this.#words[HEADER.LIVE_OCTETS]!
  }

  /** Octets of the largest key and value together that `put` takes. */
  get entryOctetsMax(): number {
    return this.#layout.entrySizeMax - ENTRY_HEADER_OCTETS
  }

  /**
   * Looks up the key `key[from, to)` and notes that it was asked for. Allocates nothing.
   *
   * @returns the entry's position, or -1 when there is none or it has expired: an entry lives while `nowMs < expiresMs`
   */
  find(key: Uint8Array, nowMs: number, from = 0, to: number = key.length): number {
    const slot = this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to)
    const entry = this.#entryOf(slot)
    if (entry < 0 || nowMs >= this.expiresMs(entry)) return -1
    const mark = this.#marksAt + slot
    if (this.octets[mark] === 0) this.octets[mark] = 1
    return entry
  }

  /** As `find`, for a key at hand. */
  findKey(key: TableKey, now: Moment): number {
    const words = this.#signedWords
    const slots = this.#slots
    const { hash } = key
    let slot = homeSlot(hash >>> 0, slots)
    for (;;) {
      const at = this.#indexWord + slot * SLOT_WORDS
      const position = words[at + 2]!
      if (position === 0) return -1
      if (words[at + 1] === hash && this.#holds(position * 2, key)) {
        const entry = position * 8
        if (now[0]! >= this.#floats[position + 1]!) return -1
        const mark = this.#marksAt + slot
        if (this.octets[mark] === 0) this.octets[mark] = 1
        return entry
      }
      slot = slot + 1 === slots ? 0 : slot + 1
    }
  }

  #holds(entryWord: number, key: TableKey): boolean {
    const words = this.#signedWords
    return keyOctetsOf(words[entryWord + 1]!) === key.length && key.equals(words, entryWord + this.#keyWord)
  }

  /** As `find`, but leaves no note: for a look that is no use of the entry. */
  peek(key: Uint8Array, nowMs: number, from = 0, to: number = key.length): number {
    const entry = this.#entryOf(this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to))
    return entry < 0 || nowMs >= this.expiresMs(entry) ? -1 : entry
  }

  /** A reader of the same memory, with a place of its own for what it reads. */
  reader(): OctetTableReader {
    return new OctetTableReader({
      bytesMax: this.bytesMax,
      hashKey: this.#hashKey,
      keyAt: this.#keyAt,
      buffer: this.octets.buffer,
    })
  }

  /** Offset of the first octet of an entry's value. */
  valueStart(entry: number): number {
    return entry + ENTRY_HEADER_OCTETS + (this.#keyAt === undefined ? this.#keyOctets(entry) : 0)
  }

  /** Offset behind the last octet of an entry's value. */
  valueEnd(entry: number): number {
    return this.valueStart(entry) + valueOctetsOf(this.#words[entry / 4 + 1]!)
  }

  /** When the entry expires, in milliseconds of the clock that `nowMs` comes from. */
  expiresMs(entry: number): number {
    return this.#floats[entry / 8 + 1]!
  }

  /** A copy of an entry's value. */
  value(entry: number): Uint8Array {
    return this.octets.slice(this.valueStart(entry), this.valueEnd(entry))
  }

  /**
   * Stores a value, replacing the one under the same key. Both are copied; neither may be a view into this table. Where
   * values hold their keys, this one must.
   *
   * @param expiresMs the first moment at which the entry is gone
   * @returns false when it was not stored, being too large or expired already; an older value is then gone too
   */
  put(key: Uint8Array, value: Uint8Array, expiresMs: number, nowMs: number): boolean {
    this.#begin()
    const stored = this.#put(key, value, expiresMs, nowMs)
    this.#end()
    return stored
  }

  #put(key: Uint8Array, value: Uint8Array, expiresMs: number, nowMs: number): boolean {
    assert(key.length <= KEY_OCTETS_MAX, 'a key longer than its length can say')
    assert(this.#keyAt === undefined || holdsAt(value, this.#keyAt, key), 'a value without its key')
    const hash = keyedHash(this.#hashKey, key)
    const old = this.#slotOfKey(hash, key, 0, key.length)
    if (old >= 0) this.#unlink(old)
    const octets = value.length + (this.#keyAt === undefined ? key.length : 0)
    if (!(nowMs < expiresMs) || octets > this.entryOctetsMax) return false
    const size = align8(ENTRY_HEADER_OCTETS + octets)
    this.#movable = REINSERTED_OCTETS + REINSERTED_TIMES * size
    while (this.entryCount >= this.#layout.entriesMax) this.#passOldest(nowMs)
    let at = this.#reserve(size)
    while (at < 0) {
      this.#passOldest(nowMs)
      at = this.#reserve(size)
    }
    this.#words[at / 4] = hash
    this.#words[at / 4 + 1] = packLengths(key.length, value.length)
    this.#floats[at / 8 + 1] = expiresMs
    if (this.#keyAt === undefined) this.octets.set(key, this.#keyStart(at))
    this.octets.set(value, this.valueStart(at))
    this.#link(hash, at, size)
    return true
  }

  /** Removes the entry under a key. False when there was none. */
  remove(key: Uint8Array, from = 0, to: number = key.length): boolean {
    const slot = this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to)
    if (slot < 0) return false
    this.#begin()
    this.#unlink(slot)
    this.#end()
    return true
  }

  /**
   * Removes every entry whose key passes a test. Reads the whole log, so it takes about a second per ten million entries.
   *
   * @param test is shown the key as `octets[keyStart, keyEnd)`
   * @returns how many went
   */
  removeWhere(test: (octets: Uint8Array, keyStart: number, keyEnd: number) => boolean): number {
    this.#begin()
    const words = this.#words
    const before = this.entryCount
    let at = words[HEADER.TAIL]!
    let wrapped = words[HEADER.WRAPPED] === 1
    while (wrapped || at !== words[HEADER.HEAD]) {
      if (wrapped && at === words[HEADER.WRAP_AT]) {
        wrapped = false
        at = this.#logStart
        continue
      }
      const slot = this.#slotOfEntry(at)
      const keyStart = this.#keyStart(at)
      if (slot >= 0 && test(this.octets, keyStart, keyStart + this.#keyOctets(at))) this.#unlink(slot)
      at += this.#sizeOf(at)
    }
    this.#end()
    return before - this.entryCount
  }

  /** Removes everything. */
  clear(): void {
    this.#begin()
    const words = this.#words
    for (let slot = 0; slot < this.#slots; slot++) {
      const version = this.#versionWord(slot)
      // A writer that ended amid a change left it odd. A slot that is as new need not be written.
      if (words[version]! % 2 === 1) Atomics.add(words, version, 1)
      if (words[version + 1] !== 0 || words[version + 2] !== 0) this.#setSlot(slot, 0, 0, 0)
      if (this.octets[this.#marksAt + slot] !== 0) this.octets[this.#marksAt + slot] = 0
    }
    words[HEADER.FORMAT] = FORMAT
    words[HEADER.SIZE] = this.bytesMax
    words[HEADER.SECRET] = keyedHash(this.#hashKey, NO_OCTETS)
    words[HEADER.KEY_AT] = this.#keyAtWord()
    words[HEADER.HEAD] = words[HEADER.TAIL] = this.#logStart
    words[HEADER.WRAPPED] = 0
    words[HEADER.WRAP_AT] = this.#logEnd
    words[HEADER.ENTRIES] = 0
    words[HEADER.LIVE_OCTETS] = 0
    this.#end()
  }

  // --- header ------------------------------------------------------------------------------------------------------

  /** Whether the memory holds a table of this size, secret and place of keys. */
  #isTable(): boolean {
    const words = this.#words
    const isSize = words[HEADER.FORMAT] === FORMAT && words[HEADER.SIZE] === this.bytesMax
    const isKind = words[HEADER.KEY_AT] === this.#keyAtWord()
    return isSize && isKind && words[HEADER.SECRET] === keyedHash(this.#hashKey, NO_OCTETS)
  }

  #keyAtWord(): number {
    return this.#keyAt === undefined ? 0 : this.#keyAt + 1
  }

  /** Marks that a change has begun. Not undone by an exception: what that leaves is not to be trusted. */
  #begin(): void {
    Atomics.store(this.#words, HEADER.WRITING, 1)
  }

  #end(): void {
    Atomics.store(this.#words, HEADER.WRITING, 0)
  }

  // --- log ---------------------------------------------------------------------------------------------------------

  #keyOctets(entry: number): number {
    return keyOctetsOf(this.#words[entry / 4 + 1]!)
  }

  #keyStart(entry: number): number {
    return entry + ENTRY_HEADER_OCTETS + (this.#keyAt ?? 0)
  }

  #sizeOf(entry: number): number {
    return align8(this.valueEnd(entry) - entry)
  }

  /** Takes room at the young end, or -1 when the old end is in the way. */
  #reserve(size: number): number {
    const words = this.#words
    const tail = words[HEADER.TAIL]!
    let at = words[HEADER.HEAD]!
    if (words[HEADER.WRAPPED] === 0) {
      if (at === tail) at = words[HEADER.TAIL] = this.#logStart
      if (at + size > this.#logEnd) {
        if (this.#logStart + size > words[HEADER.TAIL]!) return -1
        words[HEADER.WRAP_AT] = at
        words[HEADER.WRAPPED] = 1
        at = this.#logStart
      }
    } else if (at + size > tail) return -1
    words[HEADER.HEAD] = at + size
    return at
  }

  /** Moves the old end past one entry, which is dropped or moved to the young end. */
  #passOldest(nowMs: number): void {
    const words = this.#words
    const entry = words[HEADER.TAIL]!
    const size = this.#sizeOf(entry)
    words[HEADER.TAIL] = entry + size
    if (words[HEADER.WRAPPED] === 1 && entry + size === words[HEADER.WRAP_AT]) {
      words[HEADER.TAIL] = this.#logStart
      words[HEADER.WRAPPED] = 0
    }
    const slot = this.#slotOfEntry(entry)
    if (slot < 0) return
    const asked = this.octets[this.#marksAt + slot] === 1 && nowMs < this.expiresMs(entry)
    const to = asked && size <= this.#movable ? this.#reserve(size) : -1
    if (to < 0) {
      this.#unlink(slot, size)
      return
    }
    this.#movable -= size
    // The new place may overlap the old one, so the slot is closed to readers before the first octet moves.
    const version = this.#versionWord(slot)
    Atomics.add(words, version, 1)
    this.octets.copyWithin(to, entry, entry + size)
    words[version + 2] = to / 8
    Atomics.add(words, version, 1)
    this.octets[this.#marksAt + slot] = 0
  }

  // --- index -------------------------------------------------------------------------------------------------------

  #next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1
  }

  #versionWord(slot: number): number {
    return this.#indexWord + slot * SLOT_WORDS
  }

  #hash(slot: number): number {
    return this.#words[this.#versionWord(slot) + 1]!
  }

  #position(slot: number): number {
    return this.#words[this.#versionWord(slot) + 2]!
  }

  #setSlot(slot: number, hash: number, position: number, mark: number): void {
    const words = this.#words
    const version = this.#versionWord(slot)
    Atomics.add(words, version, 1)
    words[version + 1] = hash
    words[version + 2] = position
    Atomics.add(words, version, 1)
    this.octets[this.#marksAt + slot] = mark
  }

  #entryOf(slot: number): number {
    return slot < 0 ? -1 : this.#position(slot) * 8
  }

  #slotOfKey(hash: number, key: Uint8Array, from: number, to: number): number {
    let slot = homeSlot(hash, this.#slots)
    for (;;) {
      const position = this.#position(slot)
      if (position === 0) return -1
      if (this.#hash(slot) === hash && this.#keyIs(position * 8, key, from, to)) return slot
      slot = this.#next(slot)
    }
  }

  #keyIs(entry: number, key: Uint8Array, from: number, to: number): boolean {
    if (this.#keyOctets(entry) !== to - from) return false
    const shift = this.#keyStart(entry) - from
    for (let i = from; i < to; i++) if (this.octets[shift + i] !== key[i]) return false
    return true
  }

  /** The slot that points at an entry, or -1 when none does: the entry was replaced or removed. */
  #slotOfEntry(entry: number): number {
    let slot = homeSlot(this.#words[entry / 4]!, this.#slots)
    for (;;) {
      const position = this.#position(slot)
      if (position === 0) return -1
      if (position * 8 === entry) return slot
      slot = this.#next(slot)
    }
  }

  #link(hash: number, entry: number, size: number): void {
    let slot = homeSlot(hash, this.#slots)
    while (this.#position(slot) !== 0) slot = this.#next(slot)
    this.#setSlot(slot, hash, entry / 8, 0)
    this.#words[HEADER.ENTRIES]!++
    this.#words[HEADER.LIVE_OCTETS]! += size
  }

  /** Empties a slot and moves back those behind it that this would cut off from their home. */
  #unlink(slot: number, size: number = this.#sizeOf(this.#entryOf(slot))): void {
    this.#words[HEADER.ENTRIES]!--
    this.#words[HEADER.LIVE_OCTETS]! -= size
    let gap = slot
    let at = slot
    for (;;) {
      at = this.#next(at)
      const position = this.#position(at)
      if (position === 0) break
      const hash = this.#hash(at)
      const home = homeSlot(hash, this.#slots)
      const reachable = gap <= at ? gap < home && home <= at : gap < home || home <= at
      if (reachable) continue
      this.#setSlot(gap, hash, position, this.octets[this.#marksAt + at]!)
      gap = at
    }
    this.#setSlot(gap, 0, 0, 0)
  }
}

/** True when `octets` hold `part` at offset `at`. */
function holdsAt(octets: Uint8Array, at: number, part: Uint8Array): boolean {
  if (octets.length < at + part.length) return false
  for (let i = 0; i < part.length; i++) if (octets[at + i] !== part[i]) return false
  return true
}
