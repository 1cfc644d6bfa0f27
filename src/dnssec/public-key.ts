/** Public keys out of DNSKEY RDATA, checked before OpenSSL sees them (RFC 3110, 6605, 8080). */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { RSA_EXPONENT_OCTETS_MAX, RSA_MODULUS_BITS_MAX, RSA_MODULUS_BITS_MIN } from '../base/limits.ts'
import { concatOctets } from '../base/octets.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'

/** DER of a SubjectPublicKeyInfo for P-384 up to the 96 octets of the point. */
const P384_SPKI_PREFIX: Uint8Array = Uint8Array.from(
  Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'),
)

/**
 * The key in the form that node:crypto verifies with, or undefined when it is no usable key of the algorithm: wrong
 * length, a point off its curve, an RSA modulus or exponent outside the limits, an algorithm unknown here.
 *
 * JSON Web Key is the quickest way in, but for P-384: there it checks the point by a multiplication that a curve of
 * cofactor 1 does not need (0.57 ms against 0.18 ms).
 */
export function importPublicKey(algorithm: number, octets: Uint8Array): KeyObject | undefined {
  try {
    switch (algorithm) {
      case ALGORITHM.RSASHA1:
      case ALGORITHM.RSASHA1_NSEC3_SHA1:
      case ALGORITHM.RSASHA256:
      case ALGORITHM.RSASHA512:
        return importRsa(octets)
      case ALGORITHM.ECDSAP256SHA256:
        if (octets.length !== 64) return undefined
        return importJwk({ kty: 'EC', crv: 'P-256', x: text(octets, 0, 32), y: text(octets, 32, 64) })
      case ALGORITHM.ECDSAP384SHA384:
        return octets.length === 96 ? importSpki(concatOctets(P384_SPKI_PREFIX, octets)) : undefined
      case ALGORITHM.ED25519:
        return octets.length === 32 ? importJwk({ kty: 'OKP', crv: 'Ed25519', x: text(octets) }) : undefined
      case ALGORITHM.ED448:
        return octets.length === 57 ? importJwk({ kty: 'OKP', crv: 'Ed448', x: text(octets) }) : undefined
      default:
        return undefined
    }
  } catch {
    // OpenSSL refuses the key: a point off its curve, or a policy of the platform.
    return undefined
  }
}

function importRsa(octets: Uint8Array): KeyObject | undefined {
  const long = octets[0] === 0
  const exponentAt = long ? 3 : 1
  if (octets.length <= exponentAt) return undefined
  const exponentLength = long ? (octets[1]! << 8) | octets[2]! : octets[0]!
  const exponent = withoutLeadingZeros(octets.subarray(exponentAt, exponentAt + exponentLength))
  const modulus = withoutLeadingZeros(octets.subarray(exponentAt + exponentLength))
  return isUsableExponent(exponent) && isUsableModulus(modulus)
    ? importJwk({ kty: 'RSA', n: text(modulus), e: text(exponent) })
    : undefined
}

function isUsableExponent(exponent: Uint8Array): boolean {
  if (exponent.length === 0 || exponent.length > RSA_EXPONENT_OCTETS_MAX) return false
  const odd = (exponent[exponent.length - 1]! & 1) === 1
  return odd && (exponent.length > 1 || exponent[0]! >= 3)
}

function isUsableModulus(modulus: Uint8Array): boolean {
  if (modulus.length === 0 || (modulus[modulus.length - 1]! & 1) === 0) return false
  const bits = modulus.length * 8 - (Math.clz32(modulus[0]!) - 24)
  return bits >= RSA_MODULUS_BITS_MIN && bits <= RSA_MODULUS_BITS_MAX
}

/** RFC 3110 forbids leading zeros in exponent and modulus; signers have written them, and every peer reads them. */
function withoutLeadingZeros(octets: Uint8Array): Uint8Array {
  let at = 0
  while (at < octets.length && octets[at] === 0) at++
  return octets.subarray(at)
}

function importJwk(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: 'jwk' })
}

function importSpki(der: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

function text(octets: Uint8Array, from = 0, to: number = octets.length): string {
  return Buffer.from(octets.buffer, octets.byteOffset + from, to - from).toString('base64url')
}
