/** DNSKEY RDATA (RFC 4034 2.1). */
import { ALGORITHM } from '../iana/dnssec-algorithm.ts'
import { readU16 } from '../integers.ts'

/** A public key of a zone. Octets are views into the RDATA. */
export interface Dnskey {
  readonly flags: number
  /** 3 in every valid key (RFC 4034 2.1.2). */
  readonly protocol: number
  readonly algorithm: number
  readonly publicKey: Uint8Array
  /** RFC 4034 appendix B. A hint, not an identity. */
  readonly keyTag: number
  /** The whole RDATA. */
  readonly rdata: Uint8Array
}

const FLAG_ZONE = 0x0100
const FLAG_REVOKE = 0x0080
const FLAG_SEP = 0x0001

/** Reads RDATA of DNSKEY or CDNSKEY; undefined when it is malformed or holds no key. */
export function parseDnskey(rdata: Uint8Array): Dnskey | undefined {
  if (rdata.length < 5) return undefined
  return {
    flags: readU16(rdata, 0),
    protocol: rdata[2]!,
    algorithm: rdata[3]!,
    publicKey: rdata.subarray(4),
    keyTag: keyTagOf(rdata),
    rdata,
  }
}

/** The key tag of DNSKEY RDATA of at least 4 octets (RFC 4034 appendix B; B.1 for algorithm 1). */
export function keyTagOf(rdata: Uint8Array): number {
  if (rdata[3] === ALGORITHM.RSAMD5) return rdata.length < 7 ? 0 : readU16(rdata, rdata.length - 3)
  let sum = 0
  for (let i = 0; i < rdata.length; i++) sum += (i & 1) === 0 ? rdata[i]! << 8 : rdata[i]!
  return (sum + (sum >>> 16)) & 0xffff
}

/** True when the key may sign zone data (RFC 4034 2.1.1). */
export function isZoneKey(key: Dnskey): boolean {
  return (key.flags & FLAG_ZONE) !== 0
}

/** True when the key is revoked (RFC 5011 2.1). */
export function isRevoked(key: Dnskey): boolean {
  return (key.flags & FLAG_REVOKE) !== 0
}

/** True when the key is meant as a secure entry point: a hint, not used in validation (RFC 4034 2.1.1). */
export function isSep(key: Dnskey): boolean {
  return (key.flags & FLAG_SEP) !== 0
}

/** The RDATA with the REVOKE bit set or clear; its tag differs by that (RFC 5011 2.1). */
export function withRevoked(rdata: Uint8Array, revoked: boolean): Uint8Array {
  const changed = rdata.slice()
  if (revoked) changed[1]! |= FLAG_REVOKE
  else changed[1]! &= ~FLAG_REVOKE
  return changed
}
