/** ECDSA without a drawn number, as RFC 6979 has it: key and data give the signature, so a lab is the same every time. */
import { createECDH, createHash, createHmac } from 'node:crypto'
import { concatOctets } from '../base/octets.ts'
import { inverse, numberOf, octetsOfNumber } from './integers.ts'

/** A curve with the digest that DNSSEC pairs it with (RFC 6605 4). */
export interface EcdsaCurve {
  /** OpenSSL's name. */
  readonly name: string
  /** Octets of a coordinate, of the digest and of the order. */
  readonly octets: number
  readonly digest: string
  readonly order: bigint
}

export const P256: EcdsaCurve = {
  name: 'prime256v1',
  octets: 32,
  digest: 'sha256',
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
}
export const P384: EcdsaCurve = {
  name: 'secp384r1',
  octets: 48,
  digest: 'sha384',
  order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}

/** The public point of a secret, without the octet that says how it is written (RFC 6605 4). */
export function ecdsaPublicKey(curve: EcdsaCurve, secret: Uint8Array): Uint8Array {
  const pair = createECDH(curve.name)
  pair.setPrivateKey(secret)
  return new Uint8Array(pair.getPublicKey()).subarray(1)
}

/** The signature r | s. Not in constant time: lab keys are no secret. */
export function signEcdsa(curve: EcdsaCurve, secret: Uint8Array, data: Uint8Array): Uint8Array {
  const { octets, order } = curve
  const digest = createHash(curve.digest).update(data).digest()
  // One step where RFC 6979 3.2 takes ten: a lab is signed in every test, and its keys are no secret.
  const drawn = createHmac('sha512', secret).update(digest).digest()
  const nonce = numberOf(drawn) % order
  const r = numberOf(ecdsaPublicKey(curve, fixed(nonce, octets)).subarray(0, octets)) % order
  const s = (inverse(nonce, order) * (numberOf(digest) + r * numberOf(secret))) % order
  // One signature in 2^256.
  if (r === 0n || s === 0n) throw new RangeError('the nonce gives no signature')
  return concatOctets(fixed(r, octets), fixed(s, octets))
}

function fixed(value: bigint, length: number): Uint8Array {
  const octets = octetsOfNumber(value)
  const padded = new Uint8Array(length)
  padded.set(octets, length - octets.length)
  return padded
}
