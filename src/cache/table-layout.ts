/**
 * The memory of an octet table: what its writer (`octet-table.ts`) and its readers (`octet-table-reader.ts`) agree on.
 *
 *     | header 64 | marks, 1 octet a slot | index, 12 octets a slot | ghosts, 4 octets for 2 slots | log          |
 *
 * - **Header.** Words (`HEADER`): what tells that this memory holds such a table, whether a change was begun and not
 *   ended, and all that the writer knows between two changes. A writer that takes the memory over needs nothing else.
 * - **Marks.** One a slot: "asked for, or fetched anew, since it has its place". They are apart from the slots because they are
 *   the one thing that readers write.
 * - **Index.** Open addressing with linear probing and backward-shift deletion. A slot is three words: version, hash,
 *   position of the entry in units of 8 octets (0 when empty). There is a slot for every 64 octets of the log and at
 *   most four fifths are filled, so entries down to 80 octets on average can use the whole log; smaller ones run out
 *   of slots first, and the oldest goes in the same way.
 * - **Ghosts.** Hashes of keys that left the small ring, each at the place that it says itself; 0 for none.
 * - **Log.** A small ring and a large one (`ring.ts`) of entries, each at a multiple of 8 octets: 0: u32 hash, 4: u32 lengths (18 bits value, 14 bits key), 8: f64
 *   expiry in ms, 16: key, value, padding. Where values hold their keys (`keyAt`), there is no other key. Numbers are
 *   in the machine's octet order.
 *
 * **Many readers beside one writer.** The version of a slot is odd while the slot or the octets of its entry change, and two
 * higher afterwards; and a slot is always emptied or redirected before those octets are another entry's. A reader
 *
 * 1. loads the version with `Atomics.load`, and gives up where it is odd;
 * 2. copies the slot and the entry with plain loads, which are a tenth as dear;
 * 3. does `Atomics.add(version, 0)`, and has a good copy if that gives the version it began with.
 *
 * The writer changes versions by `Atomics.add(version, 1)` alone. Thus step 3 and every change of the version are
 * read-modify-writes of one word, and of two of these one reads what the other wrote. Either the reader's comes
 * second: it sees the new version and gives up. Or the writer's comes second: it reads what the reader wrote, so all that
 * the reader loaded before *happens before* all that the writer stores after, and none of it can be new. (With a plain
 * `Atomics.load` in step 3 the memory model of ECMAScript, and an ARM processor, may do the loads of step 2 after it.)
 * Step 1 reads what the writer wrote when it ended the last change, so nothing that is read is older than that.
 */
import { assert } from '../base/assert.ts'
import { type HashKey, keyedHash } from '../base/keyed-hash.ts'
import { TABLE_ENTRY_OCTETS_MAX, TABLE_OCTETS_MAX, TABLE_OCTETS_MIN } from '../base/limits.ts'
import { NO_OCTETS } from '../base/octets.ts'

/** Where a table is and how its keys are hashed. */
export interface TableMemory {
  /** Octets of the whole table, index and unused space included; rounded down to a multiple of 8. */
  readonly bytesMax: number
  readonly hashKey: HashKey
  /** Where every value holds its own key, from the value's start; left out where they do not. */
  readonly keyAt?: number | undefined
  /** At least `bytesMax` octets. */
  readonly buffer: ArrayBuffer | SharedArrayBuffer
}

/** Words of the header. */
export const HEADER = {
  /** `FORMAT` once the memory holds a table. */
  FORMAT: 0,
  SIZE: 1,
  /** The hash of nothing: tells whether the keys were hashed with this secret, and no more. */
  SECRET: 2,
  /** 1 from the beginning of a change to its end. */
  WRITING: 3,
  /** `keyAt` and one more, 0 for none. */
  KEY_AT: 4,
  ENTRIES: 5,
  LIVE_OCTETS: 6,
  /** The state of either ring. */
  SMALL_RING: 7,
  LARGE_RING: 11,
} as const

/** This layout; another one needs another number. */
const FORMAT = 0x5167_0003

const HEADER_OCTETS = 64
export const SLOT_WORDS = 3
const SLOT_OCTETS = 4 * SLOT_WORDS
const MARK_OCTETS = 1
const LOG_OCTETS_PER_SLOT = 64
const FILL_MAX = 4 / 5
const SLOTS_PER_GHOST = 2
const GHOST_OCTETS = 4
/** Of the log, for what has not been asked for twice: more costs large caches nothing, less helps small ones little. */
const SMALL_RING_SHARE = 1 / 4
/** Octets of an entry before key and value. */
export const ENTRY_HEADER_OCTETS = 16
const VALUE_OCTETS_BITS = 18
/** The parts of a table of some size. Offsets are in octets. */
export interface TableLayout {
  readonly size: number
  readonly slots: number
  /** Slots that may be filled. */
  readonly entriesMax: number
  readonly marksAt: number
  /** The first slot, as an index of words. */
  readonly indexWord: number
  readonly ghosts: number
  /** The first ghost, as an index of words. */
  readonly ghostWord: number
  /** Where the small ring begins. */
  readonly logStart: number
  /** Where the large ring begins; it ends with the table. */
  readonly largeStart: number
  /** Octets of the largest entry, its header and padding included. */
  readonly entrySizeMax: number
}

/** Divides `bytesMax` octets. */
export function tableLayout(bytesMax: number): TableLayout {
  const size = Math.floor(bytesMax / 8) * 8
  assert(size >= TABLE_OCTETS_MIN && size <= TABLE_OCTETS_MAX, `a table of ${bytesMax} octets`)
  const octetsPerSlot = LOG_OCTETS_PER_SLOT + SLOT_OCTETS + MARK_OCTETS + GHOST_OCTETS / SLOTS_PER_GHOST
  const slots = Math.floor((size - HEADER_OCTETS - 16) / octetsPerSlot)
  const ghosts = Math.floor(slots / SLOTS_PER_GHOST)
  const indexAt = align8(HEADER_OCTETS + slots * MARK_OCTETS)
  const ghostsAt = indexAt + slots * SLOT_OCTETS
  const logStart = align8(ghostsAt + ghosts * GHOST_OCTETS)
  const smallOctets = Math.floor(((size - logStart) * SMALL_RING_SHARE) / 8) * 8
  return {
    size,
    slots,
    entriesMax: Math.floor(slots * FILL_MAX),
    marksAt: HEADER_OCTETS,
    indexWord: indexAt / 4,
    ghosts,
    ghostWord: ghostsAt / 4,
    logStart,
    largeStart: logStart + smallOctets,
    entrySizeMax: Math.min(smallOctets, TABLE_ENTRY_OCTETS_MAX),
  }
}

/** Notes in the header what table the memory holds. */
export function describeTable(
  words: Uint32Array,
  size: number,
  hashKey: HashKey,
  keyAt: number | undefined,
): void {
  words[HEADER.FORMAT] = FORMAT
  words[HEADER.SIZE] = size
  words[HEADER.SECRET] = keyedHash(hashKey, NO_OCTETS)
  words[HEADER.KEY_AT] = keyAt === undefined ? 0 : keyAt + 1
}

/** Whether the memory holds a table that `describeTable` would describe in the same way. */
export function holdsTable(
  words: Uint32Array,
  size: number,
  hashKey: HashKey,
  keyAt: number | undefined,
): boolean {
  const description = new Uint32Array(HEADER_OCTETS / 4)
  describeTable(description, size, hashKey, keyAt)
  const described = [HEADER.FORMAT, HEADER.SIZE, HEADER.SECRET, HEADER.KEY_AT]
  return described.every((word) => words[word] === description[word])
}

/** The slot where the search for a hash begins: the hash scaled to the number of slots. */
export function homeSlot(hash: number, slots: number): number {
  return Math.floor(hash * (slots / 0x1_0000_0000))
}

/** The word for the lengths of an entry. */
export function packLengths(keyOctets: number, valueOctets: number): number {
  return (keyOctets << VALUE_OCTETS_BITS) | valueOctets
}

/** Octets of the key, by that word. */
export function keyOctetsOf(lengths: number): number {
  return lengths >>> VALUE_OCTETS_BITS
}

/** Octets of the value, by that word. */
export function valueOctetsOf(lengths: number): number {
  return lengths & ((1 << VALUE_OCTETS_BITS) - 1)
}

/** Octets of the longest key. */
export const KEY_OCTETS_MAX: number = 2 ** (31 - VALUE_OCTETS_BITS) - 1

/** Rounded up to a multiple of 8. */
export function align8(octets: number): number {
  return Math.ceil(octets / 8) * 8
}
