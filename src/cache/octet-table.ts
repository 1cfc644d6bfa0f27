/**
 * A hash table of octet keys and octet values inside one buffer of fixed size. An entry makes no JavaScript object,
 * so the collector has nothing to trace however many there are. `table-layout.ts` says what is where in the buffer.
 *
 * Entries are appended to rings. One that is stored again with as many octets is written over where it is: so data gets
 * its verdict, and what has run out and was fetched anew its new life. One replaced otherwise, or removed, leaves its octets
 * unused until the old end of the ring has passed them. What has to go when there is no room is decided as in S3-FIFO (Yang and
 * others, SOSP 2023; `bench/eviction/README.md` has the figures):
 *
 * - What is new begins in the small ring. Asked for by the time that it is the oldest, it goes on to the large ring; else
 *   it goes there too if that has room for nothing better, or is dropped, and its hash is kept for a while (a ghost).
 * - What was fetched anew counts as asked for. To be stored twice alone proves nothing.
 * - What is stored again with other octets and had proven itself, or comes back while its ghost is there, goes to the large
 *   ring at once.
 * - There the oldest is dropped when it has run out or was not asked for since its last lap, else moved to the young end.
 *
 * So names that are asked for once, however many, pass through the small ring.
 *
 * This is the one writer, and it reads what it wrote; other threads read with `OctetTableReader`. All that it knows is
 * in the buffer, so when its thread has ended another one can take over, unless the end came in the middle of a change.
 */
import { assert } from '../base/assert.ts'
import type { Moment } from '../base/clock.ts'
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { holdsAt } from '../base/octets.ts'
import { OctetTableReader } from './octet-table-reader.ts'
import { Ring } from './ring.ts'
import { SlotIndex } from './slot-index.ts'
import type { TableKey } from './table-key.ts'
import {
  align8,
  describeTable,
  ENTRY_HEADER_OCTETS,
  HEADER,
  holdsTable,
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
  /** All zero, or memory of an earlier table, which is lost unless `keep` says otherwise. Fresh when left out. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer | undefined
  /** Takes over what another writer, which has ended, left in `buffer`: of the same size, with the same `hashKey`. */
  readonly keep?: boolean | undefined
}

/** A put moves at most this many octets to the young end, and so many times its own size: its work stays bounded. */
const REINSERTED_OCTETS = 4_096
const REINSERTED_TIMES = 8
/** Entries that a put passes for a slot before the large ring is to give one: the small one only moves what was asked for. */
const PASSED_MAX = 64

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
  readonly #index: SlotIndex
  readonly #indexWord: number
  readonly #slots: number
  readonly #small: Ring
  readonly #large: Ring
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
    this.#index = new SlotIndex(layout, memory)
    this.#indexWord = layout.indexWord
    this.#slots = layout.slots
    this.#small = new Ring(this.#words, HEADER.SMALL_RING, layout.logStart, layout.largeStart)
    this.#large = new Ring(this.#words, HEADER.LARGE_RING, layout.largeStart, size)
    this.#keyAt = keyAt
    this.#keyWord = (ENTRY_HEADER_OCTETS + (keyAt ?? 0)) / 4
    assert(Number.isInteger(this.#keyWord), 'keys that begin within a word')
    const isIdle = this.#words[HEADER.WRITING] === 0
    const isBlank = isIdle && this.#words[HEADER.FORMAT] === 0
    const isWhole = isIdle && holdsTable(this.#words, size, hashKey, keyAt)
    this.cleared = keep && !isBlank && !isWhole
    if (isBlank) this.#makeEmpty()
    else if (!keep || !isWhole) this.clear()
  }

  /** Entries held, those expired but not yet passed by the old end included. */
  get entryCount(): number {
    return this.#words[HEADER.ENTRIES]!
  }

  /** Octets in use: header, index and every entry held. At most `bytesMax`. */
  get bytesUsed(): number {
    return this.#layout.logStart + this.#words[HEADER.LIVE_OCTETS]!
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
    const entry = this.#index.entry(slot)
    if (entry < 0 || nowMs >= this.expiresMs(entry)) return -1
    this.#index.noteAsked(slot)
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
        this.#index.noteAsked(slot)
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
    const entry = this.#index.entry(this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to))
    return entry < 0 || nowMs >= this.expiresMs(entry) ? -1 : entry
  }

  /** A reader of the same memory, with a place of its own for what it reads. */
  reader(): OctetTableReader {
    return new OctetTableReader({
      bytesMax: this.bytesMax,
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
   * @param givesWay true where an older value that lives is to stay in its place
   * @param asksCount false where it says nothing of this value that the older one was asked for
   * @returns false when it was not stored: it gave way, or was too large or expired already and the older value is gone
   */
  put(
    key: Uint8Array,
    value: Uint8Array,
    expiresMs: number,
    nowMs: number,
    givesWay = false,
    asksCount = true,
  ): boolean {
    this.#begin()
    const stored = this.#put(key, value, expiresMs, nowMs, givesWay, asksCount)
    this.#end()
    return stored
  }

  #put(
    key: Uint8Array,
    value: Uint8Array,
    expiresMs: number,
    nowMs: number,
    givesWay: boolean,
    asksCount: boolean,
  ): boolean {
    assert(key.length <= KEY_OCTETS_MAX, 'a key longer than its length can say')
    assert(this.#keyAt === undefined || holdsAt(value, this.#keyAt, key), 'a value without its key')
    const hash = keyedHash(this.#hashKey, key)
    const old = this.#slotOfKey(hash, key, 0, key.length)
    const replaced = this.#index.entry(old)
    const lives = replaced >= 0 && nowMs < this.expiresMs(replaced)
    if (givesWay && lives) return false
    const octets = value.length + (this.#keyAt === undefined ? key.length : 0)
    const size = align8(ENTRY_HEADER_OCTETS + octets)
    const isFit = nowMs < expiresMs && octets <= this.entryOctetsMax
    if (lives && !asksCount) this.#index.forgetAsked(old)
    if (replaced >= 0 && !lives) this.#index.noteAsked(old)
    if (isFit && replaced >= 0 && this.#sizeOf(replaced) === size) {
      this.#writeOver(old, key.length, value, expiresMs)
      return true
    }
    const isProven =
      replaced < 0
        ? this.#words[this.#ghostWord(hash)] === hash
        : replaced >= this.#large.start || this.#index.isAsked(old)
    if (replaced >= 0) this.#unlink(old)
    if (!isFit) return false
    this.#movable = REINSERTED_OCTETS + REINSERTED_TIMES * size
    for (let passed = 0; this.entryCount >= this.#layout.entriesMax; passed++)
      this.#passOldest(this.#ringToPass(passed), nowMs)
    const ring = isProven ? this.#large : this.#small
    let at = ring.reserve(size)
    for (; at < 0; at = ring.reserve(size)) this.#passOldest(ring, nowMs)
    this.#words[at / 4] = hash
    this.#words[at / 4 + 1] = packLengths(key.length, value.length)
    this.#floats[at / 8 + 1] = expiresMs
    if (this.#keyAt === undefined) this.octets.set(key, this.#keyStart(at))
    this.octets.set(value, this.valueStart(at))
    this.#link(hash, at, size)
    return true
  }

  /** Gives an entry another value, of as many octets when rounded up; its slot is closed to readers meanwhile. */
  #writeOver(slot: number, keyOctets: number, value: Uint8Array, expiresMs: number): void {
    const entry = this.#index.entry(slot)
    this.#index.close(slot)
    this.#words[entry / 4 + 1] = packLengths(keyOctets, value.length)
    this.#floats[entry / 8 + 1] = expiresMs
    this.octets.set(value, this.valueStart(entry))
    this.#index.open(slot)
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

  /** Removes every entry whose key passes a test. Reads the whole log, so it takes about a second per ten million entries. */
  removeWhere(test: (octets: Uint8Array, keyStart: number, keyEnd: number) => boolean): number {
    this.#begin()
    const before = this.entryCount
    for (const ring of [this.#small, this.#large]) {
      for (let at = ring.oldest; at >= 0; at = ring.after(at, this.#sizeOf(at))) {
        const slot = this.#slotOfEntry(at)
        const keyStart = this.#keyStart(at)
        if (slot >= 0 && test(this.octets, keyStart, keyStart + this.#keyOctets(at))) this.#unlink(slot)
      }
    }
    this.#end()
    return before - this.entryCount
  }

  /** Removes everything. */
  clear(): void {
    const words = this.#words
    this.#begin()
    this.#index.clear()
    words.fill(0, this.#layout.ghostWord, this.#layout.ghostWord + this.#layout.ghosts)
    this.#makeEmpty()
  }

  /** Writes the header of an empty table. All else is empty already: what is blank stays untouched, so it takes no memory. */
  #makeEmpty(): void {
    const words = this.#words
    this.#begin()
    describeTable(words, this.bytesMax, this.#hashKey, this.#keyAt)
    this.#small.clear()
    this.#large.clear()
    words[HEADER.ENTRIES] = 0
    words[HEADER.LIVE_OCTETS] = 0
    this.#end()
  }

  // --- header ------------------------------------------------------------------------------------------------------

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

  /** Where to make room when slots run out first: the small ring, unless it has less than its share, or gave none so far. */
  #ringToPass(passed: number): Ring {
    const [small, large] = [this.#small, this.#large]
    if (passed >= PASSED_MAX && large.oldest >= 0) return large
    return small.octets / small.size > large.octets / large.size ? small : large
  }

  #passOldest(ring: Ring, nowMs: number): void {
    if (ring === this.#small) this.#passSmall(nowMs)
    else this.#passLarge(nowMs)
  }

  /** Moves the old end of the large ring past one entry, which is dropped or moved to the young end. */
  #passLarge(nowMs: number): void {
    const entry = this.#large.oldest
    const size = this.#sizeOf(entry)
    this.#large.passOldest(size)
    const slot = this.#slotOfEntry(entry)
    if (slot < 0) return
    const isWanted = this.#index.isAsked(slot) && nowMs < this.expiresMs(entry)
    const to = isWanted && size <= this.#movable ? this.#large.reserve(size) : -1
    if (to < 0) this.#unlink(slot, size)
    else {
      this.#movable -= size
      this.#move(slot, entry, to, size)
    }
  }

  /** Moves the old end of the small ring past one entry, which goes on to the large ring or is dropped. */
  #passSmall(nowMs: number): void {
    const entry = this.#small.oldest
    const size = this.#sizeOf(entry)
    this.#small.passOldest(size)
    const slot = this.#slotOfEntry(entry)
    if (slot < 0) return
    const to = this.#roomInLarge(size, this.#index.isAsked(slot), nowMs < this.expiresMs(entry), nowMs)
    // Its slot may have changed while room was made.
    const slotNow = this.#slotOfEntry(entry)
    if (to >= 0) this.#move(slotNow, entry, to, size)
    else {
      const hash = this.#words[entry / 4]!
      this.#words[this.#ghostWord(hash)] = hash
      this.#unlink(slotNow, size)
    }
  }

  /**
   * Room for an entry out of the small ring, or -1. What lives and was asked for is made room; for what lives only what has
   * run out or is gone makes way; the rest gets what is free anyhow (it may serve as an old answer, RFC 8767).
   */
  #roomInLarge(size: number, isAsked: boolean, lives: boolean, nowMs: number): number {
    const isWanted = isAsked && lives
    if (!isWanted) {
      if (size > this.#movable) return -1
      this.#movable -= size
    }
    let to = this.#large.reserve(size)
    while (to < 0 && lives && (isWanted || !this.#livesAt(this.#large.oldest, nowMs))) {
      this.#passLarge(nowMs)
      to = this.#large.reserve(size)
    }
    return to
  }

  /** Whether an entry in the log is of any use yet. */
  #livesAt(entry: number, nowMs: number): boolean {
    return nowMs < this.expiresMs(entry) && this.#slotOfEntry(entry) >= 0
  }

  /** Moves an entry. The new place may overlap the old one, so its slot is closed to readers before the first octet moves. */
  #move(slot: number, from: number, to: number, size: number): void {
    this.#index.close(slot)
    this.octets.copyWithin(to, from, from + size)
    this.#index.redirect(slot, to)
    this.#index.open(slot)
  }

  #ghostWord(hash: number): number {
    return this.#layout.ghostWord + homeSlot(hash, this.#layout.ghosts)
  }

  // --- index -------------------------------------------------------------------------------------------------------

  #slotOfKey(hash: number, key: Uint8Array, from: number, to: number): number {
    const index = this.#index
    for (let slot = index.home(hash); ; slot = index.next(slot)) {
      const entry = index.entry(slot)
      if (entry < 0) return -1
      if (index.hash(slot) === hash && this.#keyIs(entry, key, from, to)) return slot
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
    return this.#index.slotOf(this.#words[entry / 4]!, entry)
  }

  #link(hash: number, entry: number, size: number): void {
    this.#index.add(hash, entry)
    this.#words[HEADER.ENTRIES]!++
    this.#words[HEADER.LIVE_OCTETS]! += size
  }

  #unlink(slot: number, size: number = this.#sizeOf(this.#index.entry(slot))): void {
    this.#words[HEADER.ENTRIES]!--
    this.#words[HEADER.LIVE_OCTETS]! -= size
    this.#index.remove(slot)
  }
}
