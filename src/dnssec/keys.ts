/** Keys ready for use: imported once, kept in a bounded table. */
import { type KeyObject, verify } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { PUBLIC_KEY_OCTETS_MAX } from '../base/limits.ts'
import { mapKey } from '../base/octets.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import type { Dnskey } from '../wire/rdata/dnskey.ts'
import { importPublicKey } from './public-key.ts'

/** A key ready for use. Made by a `KeyImport`, kept by `KeyTable`. */
export interface KeyHandle {
  /** True when `signature` over `data` was made with the key. Never throws: a signature of a wrong form is wrong. */
  verifies(data: Uint8Array, signature: Uint8Array): boolean
}

/** Imports the public key of a DNSKEY; undefined when it is unusable or of an algorithm that is unknown here. */
export type KeyImport = (algorithm: number, publicKey: Uint8Array) => KeyHandle | undefined

/** How signatures of a key are read. */
interface Shape {
  readonly key: { readonly key: KeyObject; readonly dsaEncoding: 'ieee-p1363' }
  /** Digest by node:crypto's name; null where the algorithm brings its own (RFC 8080). */
  readonly digest: string | null
  /** Octets of a signature by this key. */
  readonly signatureOctets: number
  /** Leading zeros of a signature may be missing or too many (RFC 3110 3). */
  readonly isRsa: boolean
}

const UNUSABLE = Symbol('unusable')

/**
 * The keys met lately, by their octets. An import costs 10 to 180 µs, so it is done once; one that failed is
 * remembered too, or a zone of broken keys would cost an import for every signature (CVE-2025-8677).
 */
export class KeyTable {
  readonly #handles: LRUCache<string, KeyHandle | typeof UNUSABLE>
  readonly #importKey: KeyImport
  #importCount = 0

  /**
   * @param max keys kept
   * @param importKey the algorithms; those of production when left out
   */
  constructor(max: number, importKey: KeyImport = importHandle) {
    this.#handles = new LRUCache({ max })
    this.#importKey = importKey
  }

  /** Keys held, unusable ones included. */
  get size(): number {
    return this.#handles.size
  }

  /** Imports tried so far. */
  get importCount(): number {
    return this.#importCount
  }

  /** The key, imported; undefined when it is unusable. */
  handle(dnskey: Dnskey): KeyHandle | undefined {
    if (dnskey.publicKey.length > PUBLIC_KEY_OCTETS_MAX) return undefined
    // Flags and protocol do not change the key: a revoked key is the same key.
    const id = mapKey(dnskey.rdata.subarray(3))
    let handle = this.#handles.get(id)
    if (handle === undefined) {
      this.#importCount++
      handle = this.#importKey(dnskey.algorithm, dnskey.publicKey) ?? UNUSABLE
      this.#handles.set(id, handle)
    }
    return handle === UNUSABLE ? undefined : handle
  }
}

/** Imports one key without a table. */
export function importHandle(algorithm: number, publicKey: Uint8Array): KeyHandle | undefined {
  const key = importPublicKey(algorithm, publicKey)
  if (key === undefined) return undefined
  const modulusBits = key.asymmetricKeyDetails?.modulusLength
  const shape: Shape = {
    key: { key, dsaEncoding: 'ieee-p1363' },
    ...formOf(algorithm, Math.ceil((modulusBits ?? 0) / 8)),
    isRsa: modulusBits !== undefined,
  }
  return { verifies: (data, signature) => verifySignature(shape, data, signature) }
}

function formOf(algorithm: number, rsaOctets: number): Pick<Shape, 'digest' | 'signatureOctets'> {
  switch (algorithm) {
    case ALGORITHM.RSASHA256:
      return { digest: 'sha256', signatureOctets: rsaOctets }
    case ALGORITHM.RSASHA512:
      return { digest: 'sha512', signatureOctets: rsaOctets }
    case ALGORITHM.ECDSAP256SHA256:
      return { digest: 'sha256', signatureOctets: 64 }
    case ALGORITHM.ECDSAP384SHA384:
      return { digest: 'sha384', signatureOctets: 96 }
    case ALGORITHM.ED25519:
      return { digest: null, signatureOctets: 64 }
    case ALGORITHM.ED448:
      return { digest: null, signatureOctets: 114 }
    default:
      return { digest: 'sha1', signatureOctets: rsaOctets }
  }
}

function verifySignature(shape: Shape, data: Uint8Array, signature: Uint8Array): boolean {
  const octets = shape.isRsa ? fitRsa(signature, shape.signatureOctets) : signature
  if (octets.length !== shape.signatureOctets) return false
  try {
    return verify(shape.digest, data, shape.key, octets)
  } catch {
    // OpenSSL refuses the form, or the platform's policy the digest.
    return false
  }
}

/** OpenSSL wants exactly the modulus' length. */
function fitRsa(signature: Uint8Array, length: number): Uint8Array {
  if (signature.length === length) return signature
  let at = 0
  while (at < signature.length && signature[at] === 0) at++
  const significant = signature.subarray(at)
  if (significant.length > length) return significant
  const fitted = new Uint8Array(length)
  fitted.set(significant, length - significant.length)
  return fitted
}
