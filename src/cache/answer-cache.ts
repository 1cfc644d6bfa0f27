/**
 * The answer cache: answer entries by question. The key is the folded qname and the qtype in two octets, as they stand in
 * the entry; CD, DO, AD and the client are not in it (`answer-entry.ts` says why that works).
 */
import type { Moment } from '../base/clock.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import { NAME_OCTETS_MAX, PREFETCH_TTL_SECONDS_MIN, UDP_BATCH_MAX } from '../base/limits.ts'
import { Memory } from '../base/memory.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { writeU16 } from '../wire/integers.ts'
import { FOLD, foldWord, type Name } from '../wire/name.ts'
import {
  ENTRY_KEY_AT,
  entryExpiresMs,
  entryIsBogus,
  entryPolicySequence,
  entryRcode,
  entryTtlSeconds,
  restoreAnswerEntry,
} from './answer-entry.ts'
import { nameIsAtOrBelow } from './fields.ts'
import { OctetTable, type OctetTableOptions } from './octet-table.ts'
import type { OctetTableReader } from './octet-table-reader.ts'
import type { RestoreTerms } from './restore-terms.ts'
import type { SnapshotRecord } from './snapshot.ts'
import { TableKey } from './table-key.ts'

/** The cache as those see it who answer clients. */
export interface AnswerReader {
  /** The memory that entries are found in, at multiples of four. */
  readonly memory: Memory
  /** Its octets. */
  readonly octets: Uint8Array
  /**
   * Looks up the answer to a question. Allocates nothing. Whether the entry was judged under the present policy is for
   * the caller to see (`entryPolicySequence`).
   *
   * @param source octets that hold the qname, uncompressed, in any case: a query as it came
   * @param from where the name begins
   * @param nameOctets its length, root label included
   * @returns offset of the entry in `octets`, good until the next `find`, or -1
   */
  find(source: Uint8Array, from: number, nameOctets: number, type: number, nowMs: number): number
  /**
   * For questions that come together: `announce` each under a number below `UDP_BATCH_MAX` (its qname is in `source` at
   * `from`, a multiple of four), `approach` them all, then
   * `findAnnounced` each. It gives what `find` would, and costs less.
   */
  announce(number: number, source: Memory, from: number, nameOctets: number, type: number): void
  /** Brings the answers to the first `count` numbers closer to the processor, if they are there. */
  approach(count: number): void
  findAnnounced(number: number, now: Moment): number
}

/** The cache as the resolver sees it. */
export interface AnswerWriter {
  /**
   * Stores the entry for this question (`writeAnswerEntry`) until it expires. A bogus answer or a failure does not replace a good
   * answer that was judged under the same policy and lives, or has run out no longer than `staleMs` ago.
   *
   * @returns false when it was not stored; a good one that has expired already still ends the older answer
   */
  put(name: Name, type: number, entry: Uint8Array, nowMs: number, staleMs?: number): boolean
  /**
   * A good answer that has run out, no longer than `staleMs` ago (RFC 8767).
   *
   * @returns a copy of the entry
   */
  stale(name: Name, type: number, nowMs: number, staleMs: number): Uint8Array | undefined
  /** Removes one answer. False when there was none. */
  remove(name: Name, type: number): boolean
  /** Removes the answers for a name and all below it (or for the name alone), or all there are. Returns how many. */
  flush(name?: Name, alone?: boolean): number
}

/** Octets of a key behind the name. */
export const TYPE_OCTETS = 2

/** Makes `key` that of a question. */
export function setAnswerKey(
  key: TableKey,
  hashKey: HashKey,
  source: Uint8Array,
  from: number,
  nameOctets: number,
  type: number,
): void {
  const { octets } = key
  for (let i = 0; i < nameOctets; i++) octets[i] = FOLD[source[from + i]!]!
  writeU16(octets, nameOctets, type)
  key.close(hashKey, nameOctets + TYPE_OCTETS)
}

/** The same from a request as it came, whose qname begins at a multiple of four: folded four octets at a time. */
export function setAnswerKeyAligned(
  key: TableKey,
  hashKey: HashKey,
  source: Memory,
  from: number,
  nameOctets: number,
  type: number,
): void {
  const { words, octets } = key
  const whole = nameOctets >> 2
  const firstWord = from >> 2
  for (let i = 0; i < whole; i++) words[i] = foldWord(source.words[firstWord + i]!)
  for (let i = whole << 2; i < nameOctets; i++) octets[i] = FOLD[source.octets[from + i]!]!
  writeU16(octets, nameOctets, type)
  key.close(hashKey, nameOctets + TYPE_OCTETS)
}

/** Octets of the longest key. */
export const ANSWER_KEY_OCTETS_MAX: number = NAME_OCTETS_MAX + TYPE_OCTETS

/** Room for the keys of a batch. */
export function makeAnswerKeys(): TableKey[] {
  return Array.from({ length: UDP_BATCH_MAX }, () => new TableKey(ANSWER_KEY_OCTETS_MAX))
}

/**
 * The writer of a cache, or of one shard of it. It reads too, in place, for the thread that it is in; threads beside it
 * read with `AnswerShards`.
 */
export class AnswerCache implements AnswerReader, AnswerWriter {
  readonly memory: Memory
  readonly #table: OctetTable
  readonly #hashKey: HashKey
  readonly #key = new TableKey(ANSWER_KEY_OCTETS_MAX)
  readonly #now: Moment = new Float64Array(1)
  readonly #announced: readonly TableKey[]

  constructor(options: Omit<OctetTableOptions, 'keyAt'>) {
    this.#table = new OctetTable({ ...options, keyAt: ENTRY_KEY_AT })
    this.memory = new Memory(this.#table.octets)
    this.#hashKey = options.hashKey
    this.#announced = makeAnswerKeys()
  }

  /** Goes through all entries while they change. */
  reader(): OctetTableReader {
    return this.#table.reader()
  }

  /** What `keep` was to take over had to be dropped. */
  get cleared(): boolean {
    return this.#table.cleared
  }

  get octets(): Uint8Array {
    return this.#table.octets
  }

  /** Octets in use, index included. */
  get bytesUsed(): number {
    return this.#table.bytesUsed
  }

  /** Answers held, expired ones not yet displaced included. */
  get entryCount(): number {
    return this.#table.entryCount
  }

  find(source: Uint8Array, from: number, nameOctets: number, type: number, nowMs: number): number {
    this.#setKey(source, from, nameOctets, type)
    this.#now[0] = nowMs
    return this.#findKey(this.#key, this.#now)
  }

  announce(number: number, source: Memory, from: number, nameOctets: number, type: number): void {
    setAnswerKeyAligned(this.#announced[number]!, this.#hashKey, source, from, nameOctets, type)
  }

  approach(count: number): void {
    this.#table.lookahead.approach(this.#announced, count, 0)
  }

  findAnnounced(number: number, now: Moment): number {
    return this.#findKey(this.#announced[number]!, now)
  }

  #findKey(key: TableKey, now: Moment): number {
    const entry = this.#table.findKey(key, now)
    return entry < 0 ? -1 : this.#table.valueStart(entry)
  }

  put(name: Name, type: number, entry: Uint8Array, nowMs: number, staleMs = 0): boolean {
    const keyEnd = this.#setKey(name, 0, name.length, type)
    const old = this.#table.peek(this.#key.octets, nowMs - staleMs, 0, keyEnd)
    if (old >= 0 && !isGood(entry, 0)) {
      const oldAt = this.#table.valueStart(old)
      const samePolicy = entryPolicySequence(this.octets, oldAt) === entryPolicySequence(entry, 0)
      if (samePolicy && isGood(this.octets, oldAt)) return false
    }
    return this.#table.put(this.#key.octets.subarray(0, keyEnd), entry, entryExpiresMs(entry, 0), nowMs)
  }

  stale(name: Name, type: number, nowMs: number, staleMs: number): Uint8Array | undefined {
    // The table keeps what has run out until it needs the room, and then drops it first.
    const old = this.#table.peek(
      this.#key.octets,
      nowMs - staleMs,
      0,
      this.#setKey(name, 0, name.length, type),
    )
    if (old < 0 || nowMs < this.#table.expiresMs(old)) return undefined
    return isGood(this.octets, this.#table.valueStart(old)) ? this.#table.value(old) : undefined
  }

  /** Takes an answer of an earlier process, unless it has run out or a newer one is there. The record is changed. */
  restore(record: SnapshotRecord, terms: RestoreTerms): boolean {
    const { octets, keyStart, keyEnd, valueStart } = record
    const endMs = record.expiresMs + terms.shiftMs
    if (endMs + terms.staleMs <= terms.nowMs) return false
    // An answer that has run out and may be given all the same is stored as of when it lived.
    const nowMs = terms.staleMs > 0 ? Math.min(terms.nowMs, endMs - 1) : terms.nowMs
    restoreAnswerEntry(octets, valueStart, terms)
    const value = octets.subarray(valueStart, record.valueEnd)
    return this.#table.put(octets.subarray(keyStart, keyEnd), value, endMs, nowMs, true)
  }

  remove(name: Name, type: number): boolean {
    return this.#table.remove(this.#key.octets, 0, this.#setKey(name, 0, name.length, type))
  }

  flush(name?: Name, alone = false): number {
    if (name !== undefined) {
      return this.#table.removeWhere((octets, start, end) => {
        const nameEnd = end - TYPE_OCTETS
        return (!alone || nameEnd - start === name.length) && nameIsAtOrBelow(octets, start, nameEnd, name)
      })
    }
    const all = this.#table.entryCount
    this.#table.clear()
    return all
  }

  /** Sets the key; returns its length. */
  #setKey(source: Uint8Array, from: number, nameOctets: number, type: number): number {
    setAnswerKey(this.#key, this.#hashKey, source, from, nameOctets, type)
    return this.#key.length
  }
}

/** An answer with data or a denial that no check spoke against. */
function isGood(octets: Uint8Array, at: number): boolean {
  return !entryIsBogus(octets, at) && entryRcode(octets, at) !== RCODE.SERVFAIL
}

/**
 * True for a good answer in the last tenth of its lifetime, unless that is too short to be worth a question of ours.
 * Allocates nothing.
 *
 * @param octets that hold the entry at offset `at`
 * @param ageSeconds of the entry
 */
export function isWorthPrefetching(octets: Uint8Array, at: number, ageSeconds: number): boolean {
  const ttlSeconds = entryTtlSeconds(octets, at)
  return 10 * ageSeconds >= 9 * ttlSeconds && ttlSeconds >= PREFETCH_TTL_SECONDS_MIN && isGood(octets, at)
}
