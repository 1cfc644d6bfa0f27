/** SOA RDATA (RFC 1035 3.3.13). */
import { readU32, writeU32 } from '../integers.ts'
import { type Name, nameLengthAt } from '../name.ts'

/** Start of authority. All intervals in seconds. */
export interface Soa {
  readonly mname: Name
  readonly rname: Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  /** Bound of negative TTLs (RFC 2308 4). */
  readonly minimumSeconds: number
}

const NUMBERS_OCTETS = 20

/** Reads uncompressed RDATA; undefined when it is malformed. Names are views. */
export function parseSoa(rdata: Uint8Array): Soa | undefined {
  const mnameLength = nameLengthAt(rdata, 0, rdata.length)
  if (mnameLength === 0) return undefined
  const rnameLength = nameLengthAt(rdata, mnameLength, rdata.length)
  const at = mnameLength + rnameLength
  if (rnameLength === 0 || at + NUMBERS_OCTETS !== rdata.length) return undefined
  return {
    mname: rdata.subarray(0, mnameLength) as Name,
    rname: rdata.subarray(mnameLength, at) as Name,
    serial: readU32(rdata, at),
    refresh: readU32(rdata, at + 4),
    retry: readU32(rdata, at + 8),
    expire: readU32(rdata, at + 12),
    minimumSeconds: readU32(rdata, at + 16),
  }
}

/** RDATA of an SOA record. */
export function writeSoa(soa: Soa): Uint8Array {
  const at = soa.mname.length + soa.rname.length
  const rdata = new Uint8Array(at + NUMBERS_OCTETS)
  rdata.set(soa.mname)
  rdata.set(soa.rname, soa.mname.length)
  const numbers = [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimumSeconds]
  for (const [i, number] of numbers.entries()) writeU32(rdata, at + 4 * i, number)
  return rdata
}
