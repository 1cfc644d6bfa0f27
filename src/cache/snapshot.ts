/**
 * The caches as a file that outlives the process: octets only, whoever reads and writes them (`daemon/snapshot/file.ts`).
 *
 *     | head | block | block | ... | end |
 *
 * - **Head** (104 octets). 0: magic, 8: u16 version of this format, 10: u16 version of the entries in it, 12: u32 the
 *   number 1 in the machine's octet order, 16: f64 and 24: f64 one moment by the wall clock (ms since 1970) and by the
 *   monotonic clock that the entries go by, 32: u32 policy sequence number at that moment, 36: digest of what verdicts
 *   hang on, 68: digest of what the data hangs on, 100: u32 checksum of all that.
 * - **Block.** 0: u8 section, 4: u32 octets of the body, 8: u32 records, 12: u32 checksum of these and of the body. Then
 *   the body: records of one section, each u16 octets of the key, u32 octets of the value, f64 expiry, key, value.
 * - **End.** A block of a section of its own; its body is the number of blocks before it and of records by section, u32
 *   each. Without it, and right at the end of the file, the file was cut off.
 *
 * Keys and values are those of the caches' tables, so a record fits a table of any size and with any hash key. Times
 * stay as they are in the entries; the two clocks in the head tell another process what they mean by its own.
 * Integers are in network order, floats in the machine's: an entry holds such floats, and the head says which order.
 * Checksums are CRC-32: they find damage, and are no protection from who may write the file.
 */
import { crc32 } from 'node:zlib'
import { assert } from '../base/assert.ts'
import {
  SNAPSHOT_BLOCK_OCTETS,
  SNAPSHOT_BODY_OCTETS_MAX,
  SNAPSHOT_RECORD_OCTETS_MAX,
} from '../base/limits.ts'
import { octetsEqual } from '../base/octets.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/integers.ts'
import { readF64, writeF64 } from './fields.ts'

/** Version of what this file describes. */
const FORMAT_VERSION = 1
/**
 * Version of the entries: keys and values of both caches (`answer-entry.ts`, `entry-head.ts`, `rrset-code.ts`) and
 * numbers in them that stand for something, such as reasons. To be raised with any change of those.
 */
export const SNAPSHOT_ENTRY_VERSION = 1

/** Octets of each digest in the head. */
export const SNAPSHOT_DIGEST_OCTETS = 32

/** Which cache a record is of. */
export const SECTION = { ANSWERS: 1, RRSETS: 2 } as const

/** A value of `SECTION`. */
export type SnapshotSection = (typeof SECTION)[keyof typeof SECTION]

/** What stands before the records. */
export interface SnapshotHead {
  /** Milliseconds since 1970 … */
  readonly writtenUnixMs: number
  /** … and the same moment by the clock that the times in entries come from. */
  readonly writtenMs: number
  /** What was judged under this number was judged under what `judgementDigest` speaks of. */
  readonly policySequence: number
  /** Of what verdicts and finished answers hang on, besides data. */
  readonly judgementDigest: Uint8Array
  /** Of what decides where data comes from and how long it is kept. */
  readonly sourcesDigest: Uint8Array
}

/** A record, in octets that hold other things too: an entry of a table, as its reader shows it. */
export interface SnapshotRecord {
  readonly octets: Uint8Array
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  /** First moment at which it is gone, by the clock of the process that wrote it. */
  readonly expiresMs: number
}

/** A snapshot that cannot be used; the message says what of it. */
export class SnapshotFault extends Error {
  override readonly name = 'SnapshotFault'
}

const MAGIC = Uint8Array.of(0x89, 0x53, 0x49, 0x47, 0x49, 0x4c, 0x4c, 0x0a)
const FORMAT_AT = 8
const ENTRY_AT = 10
const ORDER_AT = 12
const WRITTEN_UNIX_MS_AT = 16
const WRITTEN_MS_AT = 24
const POLICY_SEQUENCE_AT = 32
const JUDGEMENT_AT = 36
const SOURCES_AT = JUDGEMENT_AT + SNAPSHOT_DIGEST_OCTETS
const HEAD_CHECKSUM_AT = SOURCES_AT + SNAPSHOT_DIGEST_OCTETS
const HEAD_OCTETS = HEAD_CHECKSUM_AT + 4

const BODY_OCTETS_AT = 4
const RECORDS_AT = 8
const CHECKSUM_AT = 12
const BLOCK_HEAD_OCTETS = 16

const RECORD_HEAD_OCTETS = 14
const END_SECTION = 255
const END_OCTETS = 12

const ORDER_MARK = new Uint8Array(Uint32Array.of(1).buffer)

// --- write --------------------------------------------------------------------------------------------------------

/** Makes the octets of a snapshot, a block at a time: `head`, then blocks as they fill, then `end`. */
export class SnapshotWriter {
  /** Memory for one block, used for each in turn. */
  readonly #block = new Uint8Array(BLOCK_HEAD_OCTETS + SNAPSHOT_BLOCK_OCTETS + SNAPSHOT_RECORD_OCTETS_MAX)
  #end = BLOCK_HEAD_OCTETS
  #records = 0
  #blocks = 0
  readonly #written: Record<SnapshotSection, number> = { [SECTION.ANSWERS]: 0, [SECTION.RRSETS]: 0 }

  /** Records in blocks taken so far. */
  count(section: SnapshotSection): number {
    return this.#written[section]
  }

  /** The block takes no more, and has to be taken. */
  get isFull(): boolean {
    return this.#end >= SNAPSHOT_BLOCK_OCTETS
  }

  /** The first octets of the file. */
  head(head: SnapshotHead): Uint8Array {
    const octets = new Uint8Array(HEAD_OCTETS)
    octets.set(MAGIC)
    writeU16(octets, FORMAT_AT, FORMAT_VERSION)
    writeU16(octets, ENTRY_AT, SNAPSHOT_ENTRY_VERSION)
    octets.set(ORDER_MARK, ORDER_AT)
    writeF64(octets, WRITTEN_UNIX_MS_AT, head.writtenUnixMs)
    writeF64(octets, WRITTEN_MS_AT, head.writtenMs)
    writeU32(octets, POLICY_SEQUENCE_AT, head.policySequence)
    octets.set(head.judgementDigest, JUDGEMENT_AT)
    octets.set(head.sourcesDigest, SOURCES_AT)
    writeU32(octets, HEAD_CHECKSUM_AT, crc32(octets.subarray(0, HEAD_CHECKSUM_AT)))
    return octets
  }

  /**
   * Copies a record into the block. One that is larger than any that can be of use is left out.
   *
   * @returns false when the block is full and has to be taken first
   */
  add({ octets, keyStart, keyEnd, valueStart, valueEnd, expiresMs }: SnapshotRecord): boolean {
    if (this.isFull) return false
    const keyOctets = keyEnd - keyStart
    const valueOctets = valueEnd - valueStart
    if (RECORD_HEAD_OCTETS + keyOctets + valueOctets > SNAPSHOT_RECORD_OCTETS_MAX) return true
    const block = this.#block
    const at = this.#end
    writeU16(block, at, keyOctets)
    writeU32(block, at + 2, valueOctets)
    writeF64(block, at + 6, expiresMs)
    const keyAt = at + RECORD_HEAD_OCTETS
    const valueAt = keyAt + keyOctets
    copy(octets, keyStart, keyEnd, block, keyAt)
    copy(octets, valueStart, valueEnd, block, valueAt)
    this.#end = valueAt + valueOctets
    this.#records++
    return true
  }

  /** The block so far, of records of one section, to be used before the next `add`; undefined when there is none. */
  take(section: SnapshotSection): Uint8Array | undefined {
    if (this.#records === 0) return undefined
    this.#written[section] += this.#records
    this.#blocks++
    return this.#close(section)
  }

  /** The last octets of the file. */
  end(): Uint8Array {
    assert(this.#records === 0, 'a block of the snapshot was not taken')
    writeU32(this.#block, BLOCK_HEAD_OCTETS, this.#blocks)
    writeU32(this.#block, BLOCK_HEAD_OCTETS + 4, this.#written[SECTION.ANSWERS])
    writeU32(this.#block, BLOCK_HEAD_OCTETS + 8, this.#written[SECTION.RRSETS])
    this.#end = BLOCK_HEAD_OCTETS + END_OCTETS
    return this.#close(END_SECTION)
  }

  #close(section: number): Uint8Array {
    const block = this.#block.subarray(0, this.#end)
    writeU32(block, 0, 0)
    block[0] = section
    writeU32(block, BODY_OCTETS_AT, block.length - BLOCK_HEAD_OCTETS)
    writeU32(block, RECORDS_AT, this.#records)
    writeU32(block, CHECKSUM_AT, blockChecksum(block, block.subarray(BLOCK_HEAD_OCTETS)))
    this.#end = BLOCK_HEAD_OCTETS
    this.#records = 0
    return block
  }
}

/** Short runs are copied faster by hand than by a call into the machine. */
const COPIED_BY_HAND_MAX = 64

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > COPIED_BY_HAND_MAX) to.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) to[at + i - start] = from[i]!
}

/** @param head octets that begin with the head of the block */
function blockChecksum(head: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(head.subarray(0, CHECKSUM_AT)))
}

// --- read ---------------------------------------------------------------------------------------------------------

/** A block that is as it was written. */
export interface SnapshotBlock {
  readonly section: SnapshotSection
  readonly body: Uint8Array
}

/**
 * Reads a snapshot in the pieces that it asks for: give it `wanted` octets after those before, until that is 0, and
 * the file has to end there. Whatever is not as it was written throws `SnapshotFault`, and nothing of it is given out.
 */
export class SnapshotReader {
  /** Octets to give next. They belong together: the rest of something, and the head of what follows it. */
  wanted: number = HEAD_OCTETS + BLOCK_HEAD_OCTETS
  /** Undefined until it was read. */
  head: SnapshotHead | undefined
  readonly #next = new Uint8Array(BLOCK_HEAD_OCTETS)
  #blocks = 0
  readonly #read: Record<SnapshotSection, number> = { [SECTION.ANSWERS]: 0, [SECTION.RRSETS]: 0 }

  /**
   * Takes `wanted` octets. They are in use until the records of the block were looked at.
   *
   * @returns the block that they hold, if any
   */
  take(octets: Uint8Array): SnapshotBlock | undefined {
    assert(octets.length === this.wanted && octets.length > 0, 'other octets than the snapshot asked for')
    if (this.head === undefined) {
      this.head = parseHead(octets)
      this.#expect(octets.subarray(HEAD_OCTETS))
      return undefined
    }
    const section = this.#next[0]!
    const body = octets.subarray(0, readU32(this.#next, BODY_OCTETS_AT))
    if (blockChecksum(this.#next, body) !== readU32(this.#next, CHECKSUM_AT))
      throw new SnapshotFault('checksum of a block')
    if (section === END_SECTION) {
      this.#checkEnd(body)
      this.wanted = 0
      return undefined
    }
    if (section !== SECTION.ANSWERS && section !== SECTION.RRSETS) throw new SnapshotFault('unknown section')
    const records = readU32(this.#next, RECORDS_AT)
    if (countRecords(body) !== records) throw new SnapshotFault('number of records of a block')
    this.#blocks++
    this.#read[section] += records
    this.#expect(octets.subarray(body.length))
    return { section, body }
  }

  /** Takes note of the head of the next block. */
  #expect(head: Uint8Array): void {
    const bodyOctets = readU32(head, BODY_OCTETS_AT)
    if (bodyOctets > SNAPSHOT_BODY_OCTETS_MAX) throw new SnapshotFault('length of a block')
    this.#next.set(head)
    this.wanted = bodyOctets + (head[0] === END_SECTION ? 0 : BLOCK_HEAD_OCTETS)
    if (this.wanted === 0) throw new SnapshotFault('length of the end')
  }

  #checkEnd(body: Uint8Array): void {
    const right =
      body.length === END_OCTETS &&
      readU32(body, 0) === this.#blocks &&
      readU32(body, 4) === this.#read[SECTION.ANSWERS] &&
      readU32(body, 8) === this.#read[SECTION.RRSETS]
    if (!right) throw new SnapshotFault('number of records')
  }
}

function parseHead(octets: Uint8Array): SnapshotHead {
  if (!octetsEqual(octets.subarray(0, MAGIC.length), MAGIC)) throw new SnapshotFault('not a snapshot')
  const format = readU16(octets, FORMAT_AT)
  if (format !== FORMAT_VERSION) throw new SnapshotFault(`version ${format} of the format`)
  if (crc32(octets.subarray(0, HEAD_CHECKSUM_AT)) !== readU32(octets, HEAD_CHECKSUM_AT))
    throw new SnapshotFault('checksum of the head')
  const entry = readU16(octets, ENTRY_AT)
  if (entry !== SNAPSHOT_ENTRY_VERSION) throw new SnapshotFault(`version ${entry} of the entries`)
  if (!octetsEqual(octets.subarray(ORDER_AT, ORDER_AT + ORDER_MARK.length), ORDER_MARK))
    throw new SnapshotFault('written on another kind of machine')
  return {
    writtenUnixMs: readF64(octets, WRITTEN_UNIX_MS_AT),
    writtenMs: readF64(octets, WRITTEN_MS_AT),
    policySequence: readU32(octets, POLICY_SEQUENCE_AT),
    judgementDigest: octets.slice(JUDGEMENT_AT, SOURCES_AT),
    sourcesDigest: octets.slice(SOURCES_AT, HEAD_CHECKSUM_AT),
  }
}

/** Records of a body; throws when they do not fill it exactly. */
function countRecords(body: Uint8Array): number {
  let records = 0
  let at = 0
  while (at + RECORD_HEAD_OCTETS <= body.length) {
    at += RECORD_HEAD_OCTETS + readU16(body, at) + readU32(body, at + 2)
    records++
  }
  if (at !== body.length) throw new SnapshotFault('length of a record')
  return records
}

/** Shows the records of a block, in order; each is there only until the next one. */
export function forEachRecord({ body }: SnapshotBlock, visit: (record: SnapshotRecord) => void): void {
  const record = { octets: body, keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, expiresMs: 0 }
  for (let at = 0; at < body.length; at = record.valueEnd) {
    record.keyStart = at + RECORD_HEAD_OCTETS
    record.keyEnd = record.keyStart + readU16(body, at)
    record.valueStart = record.keyEnd
    record.valueEnd = record.keyEnd + readU32(body, at + 2)
    record.expiresMs = readF64(body, at + 6)
    visit(record)
  }
}
