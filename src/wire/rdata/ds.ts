/** DS RDATA (RFC 4034 5.1). */
import { readU16 } from '../integers.ts'

/** A delegation signer: the digest of a child's key. `digest` is a view into the RDATA. */
export interface Ds {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

/** Reads RDATA of DS or CDS; undefined when it is malformed or the digest is empty. */
export function parseDs(rdata: Uint8Array): Ds | undefined {
  if (rdata.length < 5) return undefined
  return { keyTag: readU16(rdata, 0), algorithm: rdata[2]!, digestType: rdata[3]!, digest: rdata.subarray(4) }
}
