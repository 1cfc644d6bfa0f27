/**
 * Keys of the lab. Every key is derived from a label, so a lab built twice has the same keys, key tags and DS records,
 * and no private key is kept in a file. They protect nothing: who reads the label has the key.
 */
import { checkPrimeSync, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { LAB_KEYS_DRAWN_MAX, LAB_PRIME_CANDIDATES_MAX } from '../base/limits.ts'
import { concatOctets } from '../base/octets.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { type EcdsaCurve, ecdsaPublicKey, P256, P384, signEcdsa } from './ecdsa.ts'
import { inverse, octetsOfNumber } from './integers.ts'

/** Flags of a zone-signing key (RFC 4034 2.1.1: Zone Key). */
export const ZSK_FLAGS = 0x0100
/** Flags of a key-signing key (Zone Key and Secure Entry Point). */
export const KSK_FLAGS = 0x0101
/** The REVOKE flag (RFC 5011 2.1), to be added to others. */
export const REVOKED_FLAG = 0x0080

const PROTOCOL = 3
/** Shorter than anybody should use: signing and verifying stay quick, and RSA/SHA-512 still fits. */
const RSA_MODULUS_BITS = 1024
const RSA_EXPONENT = 65537n
/** Octets of public key and signature of an algorithm that nobody knows. */
const UNKNOWN_ALGORITHM_OCTETS = 64

/** One DNSSEC key with its private half. */
export interface LabKey {
  readonly algorithm: number
  readonly flags: number
  /** DNSKEY RDATA. */
  readonly dnskey: Uint8Array
  readonly keyTag: number
  /** The signature as an RRSIG carries it (RFC 3110, 6605, 8080). */
  sign(data: Uint8Array): Uint8Array
}

interface PrivateHalf {
  /** The Public Key field of the DNSKEY. */
  readonly publicKey: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

/**
 * The key that belongs to a label.
 *
 * @param label any text; the same text gives the same key
 * @param algorithm a DNSSEC algorithm number; for one that the lab does not know, a key whose signatures are noise
 * @param flags the DNSKEY flags
 */
export function deriveKey(label: string, algorithm: number, flags: number): LabKey {
  return assemble(algorithm, flags, PROTOCOL, derivePrivateHalf(`${algorithm}/${label}`, algorithm))
}

/** The same key pair published under other flags, or with a Protocol field that is not 3. The key tag changes with it. */
export function republishKey(key: LabKey, flags: number, protocol: number = PROTOCOL): LabKey {
  const publicKey = key.dnskey.subarray(4)
  return assemble(key.algorithm, flags, protocol, { publicKey, sign: (data) => key.sign(data) })
}

/** The same key pair with the REVOKE flag (RFC 5011 2.1). */
export function asRevoked(key: LabKey): LabKey {
  return republishKey(key, key.flags | REVOKED_FLAG)
}

/** Two different keys of one algorithm whose key tags are equal (found as birthdays are: among some 300). */
export function deriveCollidingKeys(label: string, algorithm: number, flags: number): [LabKey, LabKey] {
  const byTag = new Map<number, LabKey>()
  for (let i = 0; i < LAB_KEYS_DRAWN_MAX; i++) {
    const key = deriveKey(`${label}/${i}`, algorithm, flags)
    const other = byTag.get(key.keyTag)
    if (other !== undefined) return [other, key]
    byTag.set(key.keyTag, key)
  }
  throw new RangeError(`no two of ${LAB_KEYS_DRAWN_MAX} keys share a tag`)
}

function assemble(algorithm: number, flags: number, protocol: number, half: PrivateHalf): LabKey {
  const dnskey = concatOctets(Uint8Array.of(flags >> 8, flags & 0xff, protocol, algorithm), half.publicKey)
  return { algorithm, flags, dnskey, keyTag: keyTagOf(dnskey), sign: half.sign }
}

/** RFC 4034 appendix B; written here once more so that a slip in the validator's does not hide in the lab. */
function keyTagOf(dnskey: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < dnskey.length; i++) sum += i % 2 === 0 ? dnskey[i]! << 8 : dnskey[i]!
  return (sum + (sum >>> 16)) & 0xffff
}

function derivePrivateHalf(label: string, algorithm: number): PrivateHalf {
  switch (algorithm) {
    case ALGORITHM.RSASHA1:
    case ALGORITHM.RSASHA1_NSEC3_SHA1:
      return deriveRsa(label, 'sha1')
    case ALGORITHM.RSASHA256:
      return deriveRsa(label, 'sha256')
    case ALGORITHM.RSASHA512:
      return deriveRsa(label, 'sha512')
    case ALGORITHM.ECDSAP256SHA256:
      return deriveEcdsa(label, P256)
    case ALGORITHM.ECDSAP384SHA384:
      return deriveEcdsa(label, P384)
    case ALGORITHM.ED25519:
      return deriveEdwards(label, '302e020100300506032b657004220420', 32)
    case ALGORITHM.ED448:
      return deriveEdwards(label, '3047020100300506032b6571043b0439', 57)
    default:
      return deriveNoise(label)
  }
}

/** `count` octets that follow from the label alone. */
function octetsOf(label: string, count: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * 32 < count; i++)
    blocks.push(createHmac('sha256', 'sigill lab').update(`${label}#${i}`).digest())
  return concatOctets(...blocks).subarray(0, count)
}

function deriveRsa(label: string, hash: string): PrivateHalf {
  const p = derivePrime(`${label}/p`)
  const q = derivePrime(`${label}/q`)
  const n = p * q
  const d = inverse(RSA_EXPONENT, (p - 1n) * (q - 1n))
  const jwk = {
    kty: 'RSA',
    n: base64url(n),
    e: base64url(RSA_EXPONENT),
    d: base64url(d),
    p: base64url(p),
    q: base64url(q),
    dp: base64url(d % (p - 1n)),
    dq: base64url(d % (q - 1n)),
    qi: base64url(inverse(q, p)),
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  // RFC 3110 2: octets of the exponent, the exponent, the modulus.
  const publicKey = concatOctets(Uint8Array.of(3, 1, 0, 1), octetsOfNumber(n))
  return { publicKey, sign: (data) => sign(hash, data, key) }
}

function derivePrime(label: string): bigint {
  const octets = octetsOf(label, RSA_MODULUS_BITS / 16)
  // Both top bits set, so that the product of two has its full length; odd.
  octets[0]! |= 0xc0
  octets[octets.length - 1]! |= 1
  let candidate = BigInt(`0x${Buffer.from(octets).toString('hex')}`)
  for (let i = 0; i < LAB_PRIME_CANDIDATES_MAX; i++, candidate += 2n) {
    if (candidate % RSA_EXPONENT !== 1n && checkPrimeSync(candidate)) return candidate
  }
  throw new RangeError(`no prime near ${label}`)
}

function base64url(value: bigint): string {
  return Buffer.from(octetsOfNumber(value)).toString('base64url')
}

function deriveEcdsa(label: string, curve: EcdsaCurve): PrivateHalf {
  const secret = octetsOf(label, curve.octets)
  // The order of both curves begins with 32 one bits: without the top one the secret is always below it.
  secret[0]! &= 0x7f
  return { publicKey: ecdsaPublicKey(curve, secret), sign: (data) => signEcdsa(curve, secret, data) }
}

/** @param prefix the PKCS #8 frame (RFC 8410 7) that goes before the seed */
function deriveEdwards(label: string, prefix: string, octets: number): PrivateHalf {
  const pkcs8 = Buffer.concat([Buffer.from(prefix, 'hex'), octetsOf(label, octets)])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  return {
    publicKey: new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url')),
    sign: (data) => sign(null, data, key),
  }
}

function deriveNoise(label: string): PrivateHalf {
  return {
    publicKey: octetsOf(label, UNKNOWN_ALGORITHM_OCTETS),
    sign: (data) => octetsOf(`${label}/${data.length}`, UNKNOWN_ALGORITHM_OCTETS),
  }
}
