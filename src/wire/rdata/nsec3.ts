/** NSEC3 and NSEC3PARAM RDATA (RFC 5155 3.2, 4.2). */
import { readU16 } from '../integers.ts'
import { parseTypeBitmap, type TypeBitmap } from './type-bitmap.ts'

/** How owner names are hashed. `salt` is a view into the RDATA. */
export interface Nsec3Param {
  readonly hashAlgorithm: number
  readonly flags: number
  /** Additional iterations. */
  readonly iterations: number
  readonly salt: Uint8Array
}

/** The next hashed owner name and the types at this one. Octets are views into the RDATA. */
export interface Nsec3 extends Nsec3Param {
  readonly optOut: boolean
  /** Raw hash, 20 octets for SHA-1. */
  readonly nextHash: Uint8Array
  readonly types: TypeBitmap
}

const FLAG_OPT_OUT = 0x01
const SALT_AT = 5

/** Reads RDATA of NSEC3; undefined when it is malformed or the next hash is empty. */
export function parseNsec3(rdata: Uint8Array): Nsec3 | undefined {
  const param = parseParam(rdata)
  if (param === undefined) return undefined
  const hashAt = SALT_AT + param.salt.length + 1
  if (hashAt > rdata.length) return undefined
  const hashLength = rdata[hashAt - 1]!
  if (hashLength === 0 || hashAt + hashLength > rdata.length) return undefined
  const types = parseTypeBitmap(rdata.subarray(hashAt + hashLength))
  if (types === undefined) return undefined
  const nextHash = rdata.subarray(hashAt, hashAt + hashLength)
  return { ...param, optOut: (param.flags & FLAG_OPT_OUT) !== 0, nextHash, types }
}

/** Reads RDATA of NSEC3PARAM; undefined when it is malformed. */
export function parseNsec3param(rdata: Uint8Array): Nsec3Param | undefined {
  const param = parseParam(rdata)
  return param !== undefined && SALT_AT + param.salt.length === rdata.length ? param : undefined
}

function parseParam(rdata: Uint8Array): Nsec3Param | undefined {
  if (rdata.length < SALT_AT) return undefined
  const saltLength = rdata[4]!
  if (SALT_AT + saltLength > rdata.length) return undefined
  return {
    hashAlgorithm: rdata[0]!,
    flags: rdata[1]!,
    iterations: readU16(rdata, 2),
    salt: rdata.subarray(SALT_AT, SALT_AT + saltLength),
  }
}
