/** ZONEMD RDATA (RFC 8976 2.2). */
import { readU32, writeU32 } from '../integers.ts'

/** A digest over a zone. */
export interface Zonemd {
  readonly serial: number
  readonly scheme: number
  readonly hash: number
  readonly digest: Uint8Array
}

const FIXED_OCTETS = 6
/** RFC 8976 2.2.4. */
const DIGEST_OCTETS_MIN = 12

/** Reads it; undefined when it is malformed. The digest is a view. */
export function parseZonemd(rdata: Uint8Array): Zonemd | undefined {
  if (rdata.length < FIXED_OCTETS + DIGEST_OCTETS_MIN) return undefined
  return {
    serial: readU32(rdata, 0),
    scheme: rdata[4]!,
    hash: rdata[5]!,
    digest: rdata.subarray(FIXED_OCTETS),
  }
}

/** RDATA of a ZONEMD record. */
export function writeZonemd({ serial, scheme, hash, digest }: Zonemd): Uint8Array {
  const rdata = new Uint8Array(FIXED_OCTETS + digest.length)
  writeU32(rdata, 0, serial)
  rdata[4] = scheme
  rdata[5] = hash
  rdata.set(digest, FIXED_OCTETS)
  return rdata
}
