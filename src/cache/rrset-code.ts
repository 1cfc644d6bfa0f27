/**
 * RRsets as cache octets: owner, then u16 type, u32 TTL, u16 number of records, u16 number of signatures, then each
 * RDATA behind its length in two octets. The class is IN and not stored.
 */
import { TTL_SECONDS_MAX } from '../base/limits.ts'
import { compareOctets, octetsEqual } from '../base/octets.ts'
import { CLASS } from '../wire/iana/class.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/integers.ts'
import { type Name, nameLengthAt, namesEqual } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'

const FIXED_OCTETS = 10

/** Octets that `writeRrset` takes. */
export function rrsetOctets(rrset: Rrset): number {
  let octets = rrset.owner.length + FIXED_OCTETS
  for (const rdata of rrset.rdatas) octets += 2 + rdata.length
  for (const rdata of rrset.signatures) octets += 2 + rdata.length
  return octets
}

/** Writes an RRset at `at`. Returns the offset behind it. */
export function writeRrset(octets: Uint8Array, at: number, rrset: Rrset, ttlSeconds: number): number {
  octets.set(rrset.owner, at)
  let end = at + rrset.owner.length
  writeU16(octets, end, rrset.type)
  writeU32(octets, end + 2, ttlSeconds)
  writeU16(octets, end + 6, rrset.rdatas.length)
  writeU16(octets, end + 8, rrset.signatures.length)
  end += FIXED_OCTETS
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

  /**
   * The next RRset.
   *
   * @param ageSeconds taken off its TTL, which never gets below 0
   * @param mostSeconds what its TTL was at most when it was new
   */
  next(ageSeconds: number, mostSeconds: number = TTL_SECONDS_MAX): Rrset {
    const octets = this.#octets
    const ownerEnd = this.#at + nameLengthAt(octets, this.#at, octets.length)
    const owner = octets.subarray(this.#at, ownerEnd) as Name
    const type = readU16(octets, ownerEnd)
    const givenTtlSeconds = Math.min(readU32(octets, ownerEnd + 2), mostSeconds)
    const ttlSeconds = Math.max(0, givenTtlSeconds - ageSeconds)
    const records = readU16(octets, ownerEnd + 6)
    const signed = readU16(octets, ownerEnd + 8)
    this.#at = ownerEnd + FIXED_OCTETS
    const rdatas = this.#rdatas(records)
    const signatures = this.#rdatas(signed)
    const fresh = { owner, type, class: CLASS.IN, ttlSeconds, rdatas, signatures }
    return ageSeconds > 0 ? { ...fresh, givenTtlSeconds } : fresh
  }

  #rdatas(count: number): Uint8Array[] {
    const list: Uint8Array[] = []
    for (let i = 0; i < count; i++) {
      const from = this.#at + 2
      this.#at = from + readU16(this.#octets, this.#at)
      list.push(this.#octets.subarray(from, this.#at))
    }
    return list
  }
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
