/** Digests of DS records (RFC 4034 5.1.4, 4509, 6605). */
import { hash } from 'node:crypto'
import { concatOctets, octetsEqual, octetsFromHex } from '../base/octets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import type { Ds } from '../wire/rdata/ds.ts'

const NAMES: ReadonlyMap<number, string> = new Map([
  [DIGEST.SHA1, 'sha1'],
  [DIGEST.SHA256, 'sha256'],
  [DIGEST.SHA384, 'sha384'],
])

/** The digest of `octets`, or undefined when the type is unknown here or the platform refuses it. */
export function digestOf(digestType: number, octets: Uint8Array): Uint8Array | undefined {
  const name = NAMES.get(digestType)
  if (name === undefined) return undefined
  try {
    return hash(name, octets, 'buffer')
  } catch {
    return undefined
  }
}

/** Whether a DS record has the digest of this key (RFC 4034 5.1.4). `owner` is folded; false where the digest is unknown here. */
export function isDigestOf({ digestType, digest }: Ds, owner: Uint8Array, dnskey: Uint8Array): boolean {
  const computed = digestOf(digestType, concatOctets(owner, dnskey))
  return computed !== undefined && octetsEqual(computed, digest)
}

/** The digests of the three letters "abc" (FIPS 180). */
const VECTORS: ReadonlyMap<number, string> = new Map([
  [DIGEST.SHA1, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  [DIGEST.SHA256, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    DIGEST.SHA384,
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
])

/** The DS digest types that this platform computes rightly: asked once, at start. */
export function selfTestDigests(): ReadonlySet<number> {
  const letters = Uint8Array.of(0x61, 0x62, 0x63)
  const passed = new Set<number>()
  for (const [digestType, expected] of VECTORS) {
    const digest = digestOf(digestType, letters)
    if (digest !== undefined && octetsEqual(digest, octetsFromHex(expected)!)) passed.add(digestType)
  }
  return passed
}
