/**
 * RRsets as cache octets: owner, then u16 type, u32 TTL, then the data: u16 number of records, u16 number of signatures,
 * each RDATA behind its length in two octets. The class is IN and not stored.
 */
import { TTL_SECONDS_MAX } from '../base/limits.ts'
import { compareOctets, octetsEqual } from '../base/octets.ts'
import { CLASS } from '../wire/iana/class.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/integers.ts'
import { copyName, foldName, type Name, nameLengthAt, namesEqual } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { EntryHead } from './entry-head.ts'

/** Type and TTL. */
const TYPE_TTL_OCTETS = 6
/** Both numbers. */
const COUNTS_OCTETS = 4

/** Octets that `writeRrset` takes. */
export function rrsetOctets(rrset: Rrset): number {
  return rrset.owner.length + TYPE_TTL_OCTETS + dataOctets(rrset)
}

/** Octets that `writeData` takes. */
export function dataOctets(rrset: Rrset): number {
  let octets = COUNTS_OCTETS
  for (const rdata of rrset.rdatas) octets += 2 + rdata.length
  for (const rdata of rrset.signatures) octets += 2 + rdata.length
  return octets
}

/** Writes an RRset at `at`. Returns the offset behind it. */
export function writeRrset(octets: Uint8Array, at: number, rrset: Rrset, ttlSeconds: number): number {
  octets.set(rrset.owner, at)
  const end = at + rrset.owner.length
  writeU16(octets, end, rrset.type)
  writeU32(octets, end + 2, ttlSeconds)
  return writeData(octets, end + TYPE_TTL_OCTETS, rrset)
}

/** Writes the data of an RRset at `at`. Returns the offset behind it. */
export function writeData(octets: Uint8Array, at: number, rrset: Rrset): number {
  writeU16(octets, at, rrset.rdatas.length)
  writeU16(octets, at + 2, rrset.signatures.length)
  let end = at + COUNTS_OCTETS
  for (const rdata of rrset.rdatas) end = writeRdata(octets, end, rdata)
  for (const rdata of rrset.signatures) end = writeRdata(octets, end, rdata)
  return end
}

function writeRdata(octets: Uint8Array, at: number, rdata: Uint8Array): number {
  writeU16(octets, at, rdata.length)
  octets.set(rdata, at + 2)
  return at + 2 + rdata.length
}

/** Reads RRsets one after the other out of octets that nothing changes any more: names and RDATA are views. */
export class RrsetReader {
  readonly #octets: Uint8Array
  #at: number

  constructor(octets: Uint8Array, at: number) {
    this.#octets = octets
    this.#at = at
  }

  /** True when nothing is left. */
  get done(): boolean {
    return this.#at >= this.#octets.length
  }

  /** The next name. */
  name(): Name {
    const from = this.#at
    this.#at += nameLengthAt(this.#octets, from, this.#octets.length)
    return this.#octets.subarray(from, this.#at) as Name
  }

  /**
   * The next RRset.
   *
   * @param ageSeconds taken off its TTL, which never gets below 0
   * @param mostSeconds what its TTL was at most when it was new
   */
  next(ageSeconds: number, mostSeconds: number = TTL_SECONDS_MAX): Rrset {
    const owner = this.name()
    const type = readU16(this.#octets, this.#at)
    const ttlSeconds = Math.min(readU32(this.#octets, this.#at + 2), mostSeconds)
    this.#at += TYPE_TTL_OCTETS
    return this.data(owner, type, ttlSeconds, ageSeconds)
  }

  /** The RRset whose data is next, and its owner, its type and the TTL that it had when it was new. */
  data(owner: Name, type: number, givenTtlSeconds: number, ageSeconds: number): Rrset {
    const records = readU16(this.#octets, this.#at)
    const signed = readU16(this.#octets, this.#at + 2)
    this.#at += COUNTS_OCTETS
    const ttlSeconds = Math.max(0, givenTtlSeconds - ageSeconds)
    const rdatas = this.#rdatas(records)
    const signatures = this.#rdatas(signed)
    if (ageSeconds <= 0) return { owner, type, class: CLASS.IN, ttlSeconds, rdatas, signatures }
    return { owner, type, class: CLASS.IN, ttlSeconds, givenTtlSeconds, rdatas, signatures }
  }

  #rdatas(count: number): Uint8Array[] {
    // Made at its length: one that grows takes room for many at once.
    const list = new Array<Uint8Array>(count)
    for (let i = 0; i < count; i++) {
      const from = this.#at + 2
      this.#at = from + readU16(this.#octets, this.#at)
      list[i] = this.#octets.subarray(from, this.#at)
    }
    return list
  }
}

/** The RRset that an entry of the RRset cache, of this owner and type, is about. */
export function entryRrset(
  octets: Uint8Array,
  head: EntryHead,
  owner: Name,
  type: number,
  ageSeconds: number,
): Rrset {
  const reader = new RrsetReader(octets, head.end)
  const spelling = head.ownerSpelt ? reader.name() : copyName(foldName(owner))
  return reader.data(spelling, type, head.ttlSeconds, ageSeconds)
}

/** True when both hold the same records and signatures of one name, in whatever order. */
export function sameData(a: Rrset, b: Rrset): boolean {
  if (a.type !== b.type || !namesEqual(a.owner, b.owner)) return false
  return sameRdatas(a.rdatas, b.rdatas) && sameRdatas(a.signatures, b.signatures)
}

function sameRdatas(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a.length !== b.length) return false
  const ours = [...a].sort(compareOctets)
  const theirs = [...b].sort(compareOctets)
  return ours.every((rdata, i) => octetsEqual(rdata, theirs[i]!))
}

/** Offset of the original TTL in an RRSIG (RFC 4034 3.1). */
const ORIGINAL_TTL_AT = 4

/** The least original TTL that a signature states; without signatures, no bound. */
export function originalTtlSeconds(rrset: Rrset): number {
  let ttlSeconds = TTL_SECONDS_MAX
  for (const rrsig of rrset.signatures) {
    if (rrsig.length >= ORIGINAL_TTL_AT + 4)
      ttlSeconds = Math.min(ttlSeconds, readU32(rrsig, ORIGINAL_TTL_AT))
  }
  return ttlSeconds
}
