/**
 * A hash table of octet keys and octet values inside one buffer of fixed size. An entry makes no JavaScript object,
 * so the collector has nothing to trace however many there are.
 *
 *     | header 64 | marks, 1 octet a slot | index, 12 octets a slot | log: entries, a ring                    |
 *
 * - **Log.** Entries are appended, each at a multiple of 8 octets, and never changed in place. When the ring is full
 *   the oldest goes: expired or not asked for since its last lap, it is dropped; asked for, it is moved to the
 *   young end (CLOCK as FIFO with reinsertion). An entry replaced or removed leaves its octets unused until the
 *   old end passes them.
 * - **Entry.** 0: u32 hash, 4: u32 value octets, 8: f64 expiry in ms, 16: u32 key octets, 20: key, value, padding.
 *   Numbers are in the machine's octet order.
 * - **Index.** Open addressing with linear probing and backward-shift deletion. A slot is three words: version, hash,
 *   position of the entry in units of 8 octets (0 when empty). There is a slot for every 80 octets of the log and at
 *   most four fifths are filled, so entries down to 100 octets on average can use the whole log; smaller ones run out
 *   of slots first, and the oldest goes in the same way.
 * - **Marks.** One a slot: "asked for since its last lap". They are apart from the slots because they are the one
 *   thing that a reader writes.
 * - **Bound.** `bytesMax` is the size of the buffer and everything is inside it.
 *
 * One writer at a time. The layout is made for readers in other threads, which are not here yet: an entry's version
 * word is in its slot because a slot, unlike an entry, stays where it is. It is odd while the slot changes
 * and two higher afterwards, and a slot is always emptied or redirected before its entry's octets are used again. So a
 * reader that copies an entry and then finds the version it began with holds a good copy; else it is a miss. Readers
 * write nothing but marks, where a late store only spares a wrong entry once. To come with the threads: the stores to slots as
 * `Atomics`, and the writer's state in the header, which is kept free for it.
 */
import { assert } from '../base/assert.ts'
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { TABLE_OCTETS_MAX, TABLE_OCTETS_MIN } from '../base/limits.ts'

/** What a table is made of. */
export interface OctetTableOptions {
  /** Octets of the whole table, index and unused space included; rounded down to a multiple of 8. */
  readonly bytesMax: number
  readonly hashKey: HashKey
  /** Memory to use instead of fresh memory; it must have `bytesMax` octets. What it held is lost. */
  readonly buffer?: ArrayBuffer | SharedArrayBuffer
}

const HEADER_OCTETS = 64
const SLOT_WORDS = 3
const SLOT_OCTETS = 4 * SLOT_WORDS
const MARK_OCTETS = 1
const LOG_OCTETS_PER_SLOT = 80
const FILL_MAX = 4 / 5
const ENTRY_HEADER_OCTETS = 20
/** No entry may take more of the log, lest one put drop most of what is there. */
const ENTRY_SHARE_MAX = 1 / 4
/** A put moves at most this many octets to the young end, and so many times its own size: its work stays bounded. */
const REINSERTED_OCTETS = 4_096
const REINSERTED_TIMES = 8

/** The table. Positions that it hands out hold until the next change of the table. */
export class OctetTable {
  /** The whole buffer: `valueStart` and the like are offsets into it. */
  readonly octets: Uint8Array
  readonly bytesMax: number

  readonly #hashKey: HashKey
  readonly #words: Uint32Array
  readonly #floats: Float64Array
  readonly #marksAt: number
  readonly #indexWord: number
  readonly #slots: number
  readonly #slotsPerHash: number
  readonly #entriesMax: number
  readonly #logStart: number
  readonly #logEnd: number

  /** Where the next entry goes, and where the oldest is. */
  #head: number
  #tail: number
  /** The young end has gone round and is before the old end; entries at the old end stop at `#wrapAt`. */
  #wrapped = false
  #wrapAt: number
  #entries = 0
  #liveOctets = 0
  /** Octets that the put at work may still move. */
  #movable = 0

  constructor({ bytesMax, hashKey, buffer }: OctetTableOptions) {
    const size = Math.floor(bytesMax / 8) * 8
    assert(size >= TABLE_OCTETS_MIN && size <= TABLE_OCTETS_MAX, `a table of ${bytesMax} octets`)
    const memory = buffer ?? new ArrayBuffer(size)
    assert(memory.byteLength >= size, 'memory smaller than the table')
    this.bytesMax = size
    this.#hashKey = hashKey
    this.octets = new Uint8Array(memory, 0, size)
    this.#words = new Uint32Array(memory, 0, size / 4)
    this.#floats = new Float64Array(memory, 0, size / 8)
    this.#slots = Math.floor((size - HEADER_OCTETS - 16) / (LOG_OCTETS_PER_SLOT + SLOT_OCTETS + MARK_OCTETS))
    this.#slotsPerHash = this.#slots / 0x1_0000_0000
    this.#entriesMax = Math.floor(this.#slots * FILL_MAX)
    this.#marksAt = HEADER_OCTETS
    const indexAt = align8(HEADER_OCTETS + this.#slots * MARK_OCTETS)
    this.#indexWord = indexAt / 4
    this.#logStart = align8(indexAt + this.#slots * SLOT_OCTETS)
    this.#logEnd = size
    this.#head = this.#tail = this.#logStart
    this.#wrapAt = this.#logEnd
    if (buffer !== undefined) this.clear()
  }

  /** Entries held, those expired but not yet passed by the old end included. */
  get entryCount(): number {
    return this.#entries
  }

  /** Octets in use: header, index and every entry held. At most `bytesMax`. */
  get bytesUsed(): number {
    return this.#logStart + this.#liveOctets
  }

  /** Octets of the largest key and value together that `put` takes. */
  get entryOctetsMax(): number {
    return Math.floor(((this.#logEnd - this.#logStart) * ENTRY_SHARE_MAX) / 8) * 8 - ENTRY_HEADER_OCTETS
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

  /** As `find`, but leaves no note: for a look that is no use of the entry. */
  peek(key: Uint8Array, nowMs: number, from = 0, to: number = key.length): number {
    const entry = this.#entryOf(this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to))
    return entry < 0 || nowMs >= this.expiresMs(entry) ? -1 : entry
  }

  /** Offset of the first octet of an entry's value. */
  valueStart(entry: number): number {
    return entry + ENTRY_HEADER_OCTETS + this.#keyOctets(entry)
  }

  /** Offset behind the last octet of an entry's value. */
  valueEnd(entry: number): number {
    return this.valueStart(entry) + this.#words[entry / 4 + 1]!
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
   * Stores a value, replacing the one under the same key. Both are copied; neither may be a view into this table.
   *
   * @param expiresMs the first moment at which the entry is gone
   * @returns false when it was not stored, being too large or expired already; an older value is then gone too
   */
  put(key: Uint8Array, value: Uint8Array, expiresMs: number, nowMs: number): boolean {
    const hash = keyedHash(this.#hashKey, key)
    const old = this.#slotOfKey(hash, key, 0, key.length)
    if (old >= 0) this.#unlink(old)
    const octets = key.length + value.length
    if (!(nowMs < expiresMs) || octets > this.entryOctetsMax) return false
    const size = align8(ENTRY_HEADER_OCTETS + octets)
    this.#movable = REINSERTED_OCTETS + REINSERTED_TIMES * size
    while (this.#entries >= this.#entriesMax) this.#passOldest(nowMs)
    let at = this.#reserve(size)
    while (at < 0) {
      this.#passOldest(nowMs)
      at = this.#reserve(size)
    }
    this.#words[at / 4] = hash
    this.#words[at / 4 + 1] = value.length
    this.#floats[at / 8 + 1] = expiresMs
    this.#words[at / 4 + 4] = key.length
    this.octets.set(key, at + ENTRY_HEADER_OCTETS)
    this.octets.set(value, at + ENTRY_HEADER_OCTETS + key.length)
    this.#link(hash, at, size)
    return true
  }

  /** Removes the entry under a key. False when there was none. */
  remove(key: Uint8Array, from = 0, to: number = key.length): boolean {
    const slot = this.#slotOfKey(keyedHash(this.#hashKey, key, from, to), key, from, to)
    if (slot < 0) return false
    this.#unlink(slot)
    return true
  }

  /**
   * Removes every entry whose key passes a test. Reads the whole log, so it takes about a second per ten million entries.
   *
   * @param test is shown the key as `octets[keyStart, keyEnd)`
   * @returns how many went
   */
  removeWhere(test: (octets: Uint8Array, keyStart: number, keyEnd: number) => boolean): number {
    const before = this.#entries
    let at = this.#tail
    let wrapped = this.#wrapped
    while (wrapped || at !== this.#head) {
      if (wrapped && at === this.#wrapAt) {
        wrapped = false
        at = this.#logStart
        continue
      }
      const slot = this.#slotOfEntry(at)
      const keyStart = at + ENTRY_HEADER_OCTETS
      if (slot >= 0 && test(this.octets, keyStart, keyStart + this.#keyOctets(at))) this.#unlink(slot)
      at += this.#sizeOf(at)
    }
    return before - this.#entries
  }

  /** Removes everything. */
  clear(): void {
    for (let slot = 0; slot < this.#slots; slot++) this.#setSlot(slot, 0, 0, 0)
    this.#head = this.#tail = this.#logStart
    this.#wrapped = false
    this.#wrapAt = this.#logEnd
    this.#entries = 0
    this.#liveOctets = 0
  }

  // --- log ---------------------------------------------------------------------------------------------------------

  #keyOctets(entry: number): number {
    return this.#words[entry / 4 + 4]!
  }

  #sizeOf(entry: number): number {
    return align8(ENTRY_HEADER_OCTETS + this.#keyOctets(entry) + this.#words[entry / 4 + 1]!)
  }

  /** Takes room at the young end, or -1 when the old end is in the way. */
  #reserve(size: number): number {
    if (!this.#wrapped) {
      if (this.#head === this.#tail) this.#head = this.#tail = this.#logStart
      if (this.#head + size > this.#logEnd) {
        if (this.#logStart + size > this.#tail) return -1
        this.#wrapAt = this.#head
        this.#wrapped = true
        this.#head = this.#logStart
      }
    } else if (this.#head + size > this.#tail) return -1
    const at = this.#head
    this.#head += size
    return at
  }

  /** Moves the old end past one entry, which is dropped or moved to the young end. */
  #passOldest(nowMs: number): void {
    const entry = this.#tail
    const size = this.#sizeOf(entry)
    this.#tail += size
    if (this.#wrapped && this.#tail === this.#wrapAt) {
      this.#tail = this.#logStart
      this.#wrapped = false
    }
    const slot = this.#slotOfEntry(entry)
    if (slot < 0) return
    const hash = this.#words[entry / 4]!
    const asked = this.octets[this.#marksAt + slot] === 1 && nowMs < this.expiresMs(entry)
    const to = asked && size <= this.#movable ? this.#reserve(size) : -1
    if (to < 0) {
      this.#unlink(slot, size)
      return
    }
    this.#movable -= size
    this.#setSlot(slot, 0, 0, 0)
    this.octets.copyWithin(to, entry, entry + size)
    this.#setSlot(slot, hash, to / 8, 0)
  }

  // --- index -------------------------------------------------------------------------------------------------------

  /** The slot where the search for a hash begins: the hash scaled to the number of slots. */
  #home(hash: number): number {
    return Math.floor(hash * this.#slotsPerHash)
  }

  #next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1
  }

  #hash(slot: number): number {
    return this.#words[this.#indexWord + slot * SLOT_WORDS + 1]!
  }

  #position(slot: number): number {
    return this.#words[this.#indexWord + slot * SLOT_WORDS + 2]!
  }

  #setSlot(slot: number, hash: number, position: number, mark: number): void {
    const word = this.#indexWord + slot * SLOT_WORDS
    this.#words[word]!++
    this.#words[word + 1] = hash
    this.#words[word + 2] = position
    this.#words[word]!++
    this.octets[this.#marksAt + slot] = mark
  }

  #entryOf(slot: number): number {
    return slot < 0 ? -1 : this.#position(slot) * 8
  }

  #slotOfKey(hash: number, key: Uint8Array, from: number, to: number): number {
    let slot = this.#home(hash)
    for (;;) {
      const position = this.#position(slot)
      if (position === 0) return -1
      if (this.#hash(slot) === hash && this.#keyIs(position * 8, key, from, to)) return slot
      slot = this.#next(slot)
    }
  }

  #keyIs(entry: number, key: Uint8Array, from: number, to: number): boolean {
    if (this.#keyOctets(entry) !== to - from) return false
    const shift = entry + ENTRY_HEADER_OCTETS - from
    for (let i = from; i < to; i++) if (this.octets[shift + i] !== key[i]) return false
    return true
  }

  /** The slot that points at an entry, or -1 when none does: the entry was replaced or removed. */
  #slotOfEntry(entry: number): number {
    let slot = this.#home(this.#words[entry / 4]!)
    for (;;) {
      const position = this.#position(slot)
      if (position === 0) return -1
      if (position * 8 === entry) return slot
      slot = this.#next(slot)
    }
  }

  #link(hash: number, entry: number, size: number): void {
    let slot = this.#home(hash)
    while (this.#position(slot) !== 0) slot = this.#next(slot)
    this.#setSlot(slot, hash, entry / 8, 0)
    this.#entries++
    this.#liveOctets += size
  }

  /** Empties a slot and moves back those behind it that this would cut off from their home. */
  #unlink(slot: number, size: number = this.#sizeOf(this.#entryOf(slot))): void {
    this.#entries--
    this.#liveOctets -= size
    let gap = slot
    let at = slot
    for (;;) {
      at = this.#next(at)
      const position = this.#position(at)
      if (position === 0) break
      const hash = this.#hash(at)
      const home = this.#home(hash)
      const reachable = gap <= at ? gap < home && home <= at : gap < home || home <= at
      if (reachable) continue
      this.#setSlot(gap, hash, position, this.octets[this.#marksAt + at]!)
      gap = at
    }
    this.#setSlot(gap, 0, 0, 0)
  }
}

function align8(octets: number): number {
  return Math.ceil(octets / 8) * 8
}
