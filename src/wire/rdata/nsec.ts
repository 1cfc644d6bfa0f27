/** NSEC RDATA (RFC 4034 4.1). */
import { type Name, nameLengthAt } from '../name.ts'
import { parseTypeBitmap, type TypeBitmap } from './type-bitmap.ts'

/** The next owner name and the types at this one. Octets are views into the RDATA. */
export interface Nsec {
  readonly next: Name
  readonly types: TypeBitmap
}

/** Reads uncompressed RDATA; undefined when it is malformed. */
export function parseNsec(rdata: Uint8Array): Nsec | undefined {
  const nextLength = nameLengthAt(rdata, 0, rdata.length)
  if (nextLength === 0) return undefined
  const types = parseTypeBitmap(rdata.subarray(nextLength))
  return types && { next: rdata.subarray(0, nextLength) as Name, types }
}
