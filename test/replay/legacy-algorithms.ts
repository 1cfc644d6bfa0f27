/**
 * Keys that scenarios are signed with and that production rightly refuses: DSA (RFC 2536), RSA/MD5 (RFC 2537), and RSA
 * with short moduli or long exponents. Their signatures are checked for what they are. Only the runner has this table.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { concatOctets } from '../../src/base/octets.ts'
import { importHandle, type KeyHandle } from '../../src/dnssec/keys.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'

/** Algorithms that count as supported where a file says `fake-sha1: yes`, beside those of production. */
export const LEGACY_ALGORITHMS: readonly number[] = [
  ALGORITHM.RSAMD5,
  ALGORITHM.DSA,
  ALGORITHM.DSA_NSEC3_SHA1,
]

const RSA_DIGESTS: ReadonlyMap<number, string> = new Map([
  [ALGORITHM.RSAMD5, 'md5'],
  [ALGORITHM.RSASHA1, 'sha1'],
  [ALGORITHM.RSASHA1_NSEC3_SHA1, 'sha1'],
  [ALGORITHM.RSASHA256, 'sha256'],
  [ALGORITHM.RSASHA512, 'sha512'],
])

/** A `KeyImport`: what production takes, and the above. */
export function importAnyKey(algorithm: number, publicKey: Uint8Array): KeyHandle | undefined {
  const usual = importHandle(algorithm, publicKey)
  if (usual !== undefined) return usual
  try {
    if (algorithm === ALGORITHM.DSA || algorithm === ALGORITHM.DSA_NSEC3_SHA1) return importDsa(publicKey)
    const digest = RSA_DIGESTS.get(algorithm)
    return digest === undefined ? undefined : importRsa(digest, publicKey)
  } catch {
    // OpenSSL refuses the key.
    return undefined
  }
}

function handleOf(verifies: KeyHandle['verifies']): KeyHandle {
  return {
    verifies: (data, signature) => {
      try {
        return verifies(data, signature)
      } catch {
        return false
      }
    },
  }
}

// --- RSA (RFC 2537, RFC 3110) --------------------------------------------------------------------------------------

function importRsa(digest: string, octets: Uint8Array): KeyHandle | undefined {
  const long = octets[0] === 0
  const exponentAt = long ? 3 : 1
  const exponentOctets = long ? (octets[1]! << 8) | octets[2]! : octets[0]!
  const exponent = octets.subarray(exponentAt, exponentAt + exponentOctets)
  const modulus = withoutLeadingZeros(octets.subarray(exponentAt + exponentOctets))
  if (exponent.length === 0 || modulus.length === 0) return undefined
  const base64 = (number: Uint8Array): string => Buffer.from(number).toString('base64url')
  const key = createPublicKey({
    key: { kty: 'RSA', n: base64(modulus), e: base64(exponent) },
    format: 'jwk',
  })
  return handleOf((data, signature) => verify(digest, data, key, fitted(signature, modulus.length)))
}

/** OpenSSL wants exactly the modulus' length. */
function fitted(signature: Uint8Array, length: number): Uint8Array {
  const significant = withoutLeadingZeros(signature)
  if (significant.length >= length) return significant
  return concatOctets(new Uint8Array(length - significant.length), significant)
}

function withoutLeadingZeros(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0)
  return first < 0 ? octets.subarray(octets.length) : octets.subarray(first)
}

// --- DSA (RFC 2536) ------------------------------------------------------------------------------------------------

const Q_OCTETS = 20
/** T, R and S of 20 octets each. */
const PLAIN_SIGNATURE_OCTETS = 41
/** OID 1.2.840.10040.4.1, id-dsa. */
const DSA_OID: Uint8Array = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01)

/** T, Q, P, G, Y; P, G and Y have 64 + 8 T octets. */
function importDsa(octets: Uint8Array): KeyHandle | undefined {
  const t = octets[0] ?? 255
  const length = 64 + 8 * t
  if (t > 8 || octets.length !== 1 + Q_OCTETS + 3 * length) return undefined
  const q = octets.subarray(1, 1 + Q_OCTETS)
  const [p, g, y] = [0, 1, 2].map((index) => {
    const at = 1 + Q_OCTETS + index * length
    return octets.subarray(at, at + length)
  }) as [Uint8Array, Uint8Array, Uint8Array]
  const parameters = der(0x30, derInteger(p), derInteger(q), derInteger(g))
  const spki = der(0x30, der(0x30, DSA_OID, parameters), der(0x03, Uint8Array.of(0), derInteger(y)))
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return handleOf((data, signature) => verifyDsa(key, data, signature))
}

/** Signers have written both the form of RFC 2536 3 and the SEQUENCE that libraries make. */
function verifyDsa(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length === PLAIN_SIGNATURE_OCTETS) {
    return verify('sha1', data, { key, dsaEncoding: 'ieee-p1363' }, signature.subarray(1))
  }
  return verify('sha1', data, { key, dsaEncoding: 'der' }, signature)
}

function derInteger(octets: Uint8Array): Uint8Array {
  const number = withoutLeadingZeros(octets)
  const sign = number.length === 0 || number[0]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0)
  return der(0x02, sign, number)
}

function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const octets = concatOctets(...content)
  const { length } = octets
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return concatOctets(Uint8Array.from(head), octets)
}
