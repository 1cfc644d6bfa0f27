/** RRSIG RDATA (RFC 4034 3.1). */
import { readU16, readU32 } from '../integers.ts'
import { type Name, nameLengthAt } from '../name.ts'

/** A signature over an RRset. Octets are views into the RDATA. */
export interface Rrsig {
  readonly typeCovered: number
  readonly algorithm: number
  /** Labels of the owner as signed, root and star not counted. */
  readonly labels: number
  readonly originalTtlSeconds: number
  /** Seconds since 1970 modulo 2^32 (RFC 1982 arithmetic). */
  readonly expiration: number
  /** As `expiration`. */
  readonly inception: number
  readonly keyTag: number
  readonly signer: Name
  readonly signature: Uint8Array
  /** The RDATA up to the signature: what is signed before the records (RFC 4034 3.1.8.1), signer not yet folded. */
  readonly signedPrefix: Uint8Array
}

const SIGNER_AT = 18

/** Where the signature begins; 0 when the RDATA is malformed or its signature is empty. */
function signatureStart(rdata: Uint8Array): number {
  const signerLength = rdata.length > SIGNER_AT ? nameLengthAt(rdata, SIGNER_AT, rdata.length) : 0
  const at = SIGNER_AT + signerLength
  return signerLength === 0 || at === rdata.length ? 0 : at
}

/** The signer alone, for who needs nothing else: most ask before anything is verified. A view; undefined as for `parseRrsig`. */
export function rrsigSigner(rdata: Uint8Array): Name | undefined {
  const end = signatureStart(rdata)
  return end === 0 ? undefined : (rdata.subarray(SIGNER_AT, end) as Name)
}

/** The Labels field alone; undefined as for `parseRrsig`. */
export function rrsigLabels(rdata: Uint8Array): number | undefined {
  return signatureStart(rdata) === 0 ? undefined : rdata[3]
}

/** Reads uncompressed RDATA of RRSIG or SIG; undefined when it is malformed or its signature is empty. */
export function parseRrsig(rdata: Uint8Array): Rrsig | undefined {
  const signatureAt = signatureStart(rdata)
  if (signatureAt === 0) return undefined
  return {
    typeCovered: readU16(rdata, 0),
    algorithm: rdata[2]!,
    labels: rdata[3]!,
    originalTtlSeconds: readU32(rdata, 4),
    expiration: readU32(rdata, 8),
    inception: readU32(rdata, 12),
    keyTag: readU16(rdata, 16),
    signer: rdata.subarray(SIGNER_AT, signatureAt) as Name,
    signature: rdata.subarray(signatureAt),
    signedPrefix: rdata.subarray(0, signatureAt),
  }
}
