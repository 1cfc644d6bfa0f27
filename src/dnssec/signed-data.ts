/** The octets that an RRSIG signs (RFC 4034 3.1.8.1, 6; RFC 6840 5.1). */
import { assert } from '../base/assert.ts'
import { compareOctets } from '../base/octets.ts'
import { writeU16, writeU32 } from '../wire/integers.ts'
import { FOLD, foldName, isWildcard, labelCount, lastLabels, type Name, wildcardOf } from '../wire/name.ts'
import { canonicalRdata } from '../wire/rdata/rdata.ts'
import type { Rrsig } from '../wire/rdata/rrsig.ts'
import { type Rrset, sortRdatas } from '../wire/record.ts'

const SIGNER_AT = 18
/** Type, class, TTL, RDLENGTH. */
const FIXED_OCTETS = 10
const BUFFER_OCTETS_KEPT = 65_536

/** Labels of an owner as the Labels field counts them: root and a leading star left out (RFC 4034 3.1.3). */
export function signedLabelCount(owner: Name): number {
  return isWildcard(owner) ? labelCount(owner) - 1 : labelCount(owner)
}

/** One RRset made ready to be verified: canonical form and order are computed once, whatever the number of RRSIGs. */
export class SignedRrset {
  static #buffer: Uint8Array = new Uint8Array(4096)
  readonly #type: number
  readonly #class: number
  readonly #owner: Name
  readonly #rdatas: readonly Uint8Array[]
  readonly #rdataOctets: number

  constructor(rrset: Rrset) {
    this.#type = rrset.type
    this.#class = rrset.class
    this.#owner = foldName(rrset.owner)
    const sorted = sortRdatas(rrset.rdatas.map((rdata) => canonicalRdata(rrset.type, rdata)))
    // Records that differ only in the case of a name are one record (RFC 4034 6.3).
    this.#rdatas = sorted.filter((rdata, i) => i === 0 || compareOctets(rdata, sorted[i - 1]!) !== 0)
    this.#rdataOctets = this.#rdatas.reduce((sum, rdata) => sum + rdata.length, 0)
  }

  /**
   * What `rrsig` signs, if it signs this RRset. A view into a buffer shared by all, good until the next call.
   * The RRSIG must have no more labels than the owner.
   */
  octetsFor(rrsig: Rrsig): Uint8Array {
    const owner = this.#signedOwner(rrsig.labels)
    const prefixOctets = rrsig.signedPrefix.length
    const length = prefixOctets + this.#rdatas.length * (owner.length + FIXED_OCTETS) + this.#rdataOctets
    const buffer = SignedRrset.#bufferOf(length)
    buffer.set(rrsig.signedPrefix)
    for (let i = SIGNER_AT; i < prefixOctets; i++) buffer[i] = FOLD[buffer[i]!]!
    let at = prefixOctets
    for (const rdata of this.#rdatas) {
      buffer.set(owner, at)
      at += owner.length
      writeU16(buffer, at, this.#type)
      writeU16(buffer, at + 2, this.#class)
      writeU32(buffer, at + 4, rrsig.originalTtlSeconds)
      writeU16(buffer, at + 8, rdata.length)
      buffer.set(rdata, at + FIXED_OCTETS)
      at += FIXED_OCTETS + rdata.length
    }
    return buffer.subarray(0, length)
  }

  /** The owner as signed: the wildcard that it was expanded from, where labels are missing (RFC 4035 5.3.2). */
  #signedOwner(labels: number): Name {
    if (labels === signedLabelCount(this.#owner)) return this.#owner
    const wildcard = wildcardOf(lastLabels(this.#owner, labels))
    assert(wildcard !== undefined, 'a wildcard is no longer than what was expanded from it')
    return wildcard
  }

  static #bufferOf(length: number): Uint8Array {
    if (length > BUFFER_OCTETS_KEPT) return new Uint8Array(length)
    if (SignedRrset.#buffer.length < length) SignedRrset.#buffer = new Uint8Array(BUFFER_OCTETS_KEPT)
    return SignedRrset.#buffer
  }
}
