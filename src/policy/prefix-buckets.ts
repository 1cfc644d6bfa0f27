/**
 * Token buckets of networks, of several lengths of prefix at once, in memory that all front threads share. A question is
 * within the limit when every network that its client is in has a token for it, and takes one of each.
 *
 * A bucket is the time at which it will be full again, and nothing else has to be done for it to fill. The table is of
 * fixed size: where a new network needs a place, it gets that of the bucket that is nearest to being full, out of the
 * eight that the keyed hash leaves to choose from. So forged addresses, one question each, push out one another, and
 * neither a network that asks much nor one that asks little can be made to look like what it is not.
 *
 * Threads read and write without waiting for each other: two questions in the same moment may be counted as one, and
 * nothing worse can happen.
 */
import type { Moment } from '../base/clock.ts'
import { type HashKey, hashWords } from '../base/keyed-hash.ts'
import { RATE_BUCKETS, RATE_PREFIXES_IPV4, RATE_PREFIXES_IPV6 } from '../base/limits.ts'
import type { Prefix } from '../base/prefix.ts'
import { isMappedIPv4 } from '../base/prefix-table.ts'

/** Lengths of prefix, the longest first. */
const LEVELS = RATE_PREFIXES_IPV4.length

// Eight buckets are a set: their tags, what was refused of each, and their times, as words and doubles of 128 octets.
const WAYS = 8
const SET_WORDS = 32
const REFUSED_AT = WAYS
const TIMES_AT = WAYS
const SETS = RATE_BUCKETS / WAYS

/** Octets of the table. */
export const PREFIX_BUCKETS_OCTETS: number = SETS * SET_WORDS * 4

/** A network in words: limit, kind, family and bits in the first, the bits themselves in the others. */
export const NETWORK_WORDS = 3
const IPV4 = 0x200

/** The same in octets. */
export function networkPrefix([what = 0, first = 0, second = 0]: Int32Array): Prefix {
  const isIPv4 = (what & IPV4) !== 0
  const address = new Uint8Array(isIPv4 ? 4 : 16)
  const view = new DataView(address.buffer)
  view.setInt32(0, first)
  if (!isIPv4) view.setInt32(4, second)
  return { address, bits: what & 0xff }
}

/** A token is there when less than so much of it is missing, lest sums of fractions decide. */
const TOKEN = 0.99

/** The buckets of one limit. */
export class PrefixBuckets {
  readonly #key: HashKey
  readonly #limit: number
  readonly #words: Int32Array
  /** When each bucket will be full again, milliseconds. */
  readonly #times: Float64Array
  /** By family and level: how long a token takes to come back, and how far from full a bucket may be that has one. */
  readonly #tokenMs = new Float64Array(2 * LEVELS)
  readonly #lackMs = new Float64Array(2 * LEVELS)
  /** Of the question at hand. */
  readonly #hashes = new Int32Array(LEVELS)
  readonly #buckets = new Int32Array(LEVELS)
  /** The bucket without a token, of the question refused last. */
  #refusing = 0
  /** The network refused last, to be read at once: see `networkPrefix`. */
  readonly network: Int32Array = new Int32Array(NETWORK_WORDS)
  /** Its hash. */
  networkHash = 0

  /**
   * @param memory `PREFIX_BUCKETS_OCTETS`, all zero at first
   * @param limit a number below 64: limits with numbers of their own share the memory and nothing else
   */
  constructor(memory: ArrayBuffer | SharedArrayBuffer, key: HashKey, limit: number) {
    this.#key = key
    this.#limit = limit
    this.#words = new Int32Array(memory, 0, PREFIX_BUCKETS_OCTETS / 4)
    this.#times = new Float64Array(memory, 0, PREFIX_BUCKETS_OCTETS / 8)
  }

  /**
   * @param perSecond tokens that come back to one client in a second
   * @param burst tokens that it has when it was quiet
   */
  configure(perSecond: number, burst: number): void {
    for (const [level, { times }] of [...RATE_PREFIXES_IPV4, ...RATE_PREFIXES_IPV6].entries()) {
      const tokenMs = 1000 / (perSecond * times)
      this.#tokenMs[level] = tokenMs
      this.#lackMs[level] = (1000 * burst) / perSecond - TOKEN * tokenMs
    }
  }

  /**
   * Takes a token of each network that the client is in, or none.
   *
   * @param address octets, of which the first `length` (4 or 16) are the address
   * @param kind 0 or 1: questions of one kind have buckets of their own
   * @returns false when one of them has none: the smallest such is in `network`
   */
  take(address: Uint8Array, length: number, kind: number, now: Moment): boolean {
    const isIPv4 = length === 4 || isMappedIPv4(address, length)
    const at = length === 16 && isIPv4 ? 12 : 0
    const { network } = this
    const family = isIPv4 ? 0 : LEVELS
    const first = wordAt(address, at)
    const second = isIPv4 ? 0 : wordAt(address, 4)
    for (let level = 0; level < LEVELS; level++) {
      const bits = isIPv4 ? RATE_PREFIXES_IPV4[level]!.bits : RATE_PREFIXES_IPV6[level]!.bits
      network[0] = (this.#limit << 16) | (kind << 15) | (isIPv4 ? IPV4 : 0) | bits
      network[1] = isIPv4 ? first & (-1 << (32 - bits)) : first
      // IPv6 networks here have more than 32 bits.
      network[2] = isIPv4 ? 0 : second & (-1 << (64 - bits))
      const hash = hashWords(this.#key, network, isIPv4 ? 8 : 12)
      this.#hashes[level] = hash
      const bucket = this.#find(hash)
      this.#buckets[level] = bucket
      if (bucket < 0 || this.#times[timeOf(bucket)]! - now[0]! <= this.#lackMs[family + level]!) continue
      this.#refusing = bucket
      this.networkHash = hash
      this.#forgetExcess(bucket, family + level, now)
      return false
    }
    for (let level = 0; level < LEVELS; level++) this.#takeOne(level, family + level, now)
    return true
  }

  /**
   * Counts what the network refused that had no token: the question just refused.
   *
   * @returns true for every `nth`
   */
  isNth(nth: number): boolean {
    const at = this.#refusing + REFUSED_AT
    const refused = this.#words[at]! + 1
    this.#words[at] = refused >= nth ? 0 : refused
    return refused >= nth
  }

  /** A bucket is never more than empty: one that took longer to fill, by an earlier rate, is to fill by that of now. */
  #forgetExcess(bucket: number, term: number, now: Moment): void {
    const emptyMs = now[0]! + this.#lackMs[term]! + this.#tokenMs[term]!
    const timeAt = timeOf(bucket)
    if (this.#times[timeAt]! > emptyMs) this.#times[timeAt] = emptyMs
  }

  #takeOne(level: number, term: number, now: Moment): void {
    const hash = this.#hashes[level]!
    let bucket = this.#buckets[level]!
    // The place of one that is new may have been taken for another of the same question.
    if (bucket < 0 || this.#words[bucket] !== hash) bucket = this.#find(hash)
    if (bucket < 0) {
      bucket = ~bucket
      this.#words[bucket] = hash
      this.#words[bucket + REFUSED_AT] = 0
      this.#times[timeOf(bucket)] = now[0]!
    }
    const timeAt = timeOf(bucket)
    const fullMs = this.#times[timeAt]!
    this.#times[timeAt] = Math.max(fullMs, now[0]!) + this.#tokenMs[term]!
  }

  /** Where the bucket is; when there is none, the complement of where there is a place for it. */
  #find(hash: number): number {
    const words = this.#words
    const set = (hash & (SETS - 1)) * SET_WORDS
    for (let bucket = set; bucket < set + WAYS; bucket++) if (words[bucket] === hash) return bucket
    const times = this.#times
    const from = (set >> 1) + TIMES_AT
    let least = from
    for (let at = from + 1; at < from + WAYS; at++) if (times[at]! < times[least]!) least = at
    return ~(set + least - from)
  }
}

/** Four octets of an address, the first of them the highest. */
function wordAt(octets: Uint8Array, at: number): number {
  return (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!
}

function timeOf(bucket: number): number {
  return ((bucket - (bucket & (WAYS - 1))) >> 1) + TIMES_AT + (bucket & (WAYS - 1))
}
