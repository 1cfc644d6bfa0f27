/**
 * A small signer for tests of the proof room. It builds the signed octets in its own way, so that a fault in the
 * room's does not cancel out.
 */
import { createHash, type KeyObject, sign } from 'node:crypto'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { foldName, isWildcard, labelCount, type Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { type Dnskey, parseDnskey } from '../../src/wire/rdata/dnskey.ts'
import { canonicalRdata } from '../../src/wire/rdata/rdata.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { freshKeyPair, type KeyPair } from './key-pair.ts'

/** A key pair of a zone. */
export interface TestKey {
  readonly zone: Name
  readonly dnskey: Dnskey
  readonly privateKey: KeyObject
}

/** How the RRSIG differs from an honest one, where it does. */
export interface Signing {
  /** ISO text or 32-bit number. */
  readonly inception?: string | number
  readonly expiration?: string | number
  readonly originalTtlSeconds?: number
  readonly labels?: number
  /** The owner as signed: a wildcard, where the RRset is expanded from it. */
  readonly signedOwner?: Name
  readonly signer?: Name
  readonly keyTag?: number
  readonly algorithm?: number
  /** Changes the signature itself. */
  readonly alter?: (signature: Buffer) => Uint8Array
}

const DAY_SECONDS = 86_400
/** A week around the time that tests take for now. */
const INCEPTION = Date.parse('2026-10-01T00:00:00Z') / 1000
const EXPIRATION = INCEPTION + 7 * DAY_SECONDS

/** Makes a key pair; flags 257 unless told otherwise. */
export function makeKey(zone: string, algorithm: number = ALGORITHM.ED25519, flags = 257): TestKey {
  const { publicKey, privateKey } = pairOf(algorithm)
  return { zone: nameFrom(zone), dnskey: dnskeyOf(flags, 3, algorithm, publicOctets(publicKey)), privateKey }
}

/** The same key with other flags or another protocol; its tag changes. */
export function withFlags(key: TestKey, flags: number, protocol = 3): TestKey {
  return { ...key, dnskey: dnskeyOf(flags, protocol, key.dnskey.algorithm, key.dnskey.publicKey) }
}

/** DNSKEY RDATA, parsed. */
export function dnskeyOf(flags: number, protocol: number, algorithm: number, publicKey: Uint8Array): Dnskey {
  return parseDnskey(Uint8Array.from([flags >> 8, flags & 255, protocol, algorithm, ...publicKey]))!
}

function pairOf(algorithm: number): KeyPair {
  switch (algorithm) {
    case ALGORITHM.ECDSAP256SHA256:
      return freshKeyPair('P-256')
    case ALGORITHM.ECDSAP384SHA384:
      return freshKeyPair('P-384')
    case ALGORITHM.ED25519:
      return freshKeyPair('ed25519')
    case ALGORITHM.ED448:
      return freshKeyPair('ed448')
    default:
      return freshKeyPair(1024)
  }
}

function publicOctets(key: KeyObject): Uint8Array {
  const { kty, x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' })
  const octets = (text: string): Buffer => Buffer.from(text, 'base64url')
  if (kty === 'RSA') return Buffer.concat([Buffer.from([octets(e).length]), octets(e), octets(n)])
  return kty === 'EC' ? Buffer.concat([octets(x), octets(y)]) : octets(x)
}

/** The DNSKEY RRset of some keys. */
export function dnskeySet(keys: readonly TestKey[], ttlSeconds = 3600): Rrset {
  const rdatas = keys.map((key) => key.dnskey.rdata)
  return { owner: keys[0]!.zone, type: TYPE.DNSKEY, class: 1, ttlSeconds, rdatas, signatures: [] }
}

/** DS RDATA for a key. */
export function dsOf(key: TestKey, digestType = 2): Uint8Array {
  const name = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }[digestType]!
  const digest = createHash(name).update(foldName(key.zone)).update(key.dnskey.rdata).digest()
  const { keyTag, algorithm } = key.dnskey
  return Uint8Array.from([keyTag >> 8, keyTag & 255, algorithm, digestType, ...digest])
}

/** The RRset with one more RRSIG. */
export function signed(rrset: Rrset, key: TestKey, how: Signing = {}): Rrset {
  return { ...rrset, signatures: [...rrset.signatures, rrsigOver(rrset, key, how)] }
}

/** RRSIG RDATA over an RRset. */
export function rrsigOver(rrset: Rrset, key: TestKey, how: Signing = {}): Uint8Array {
  const owner = how.signedOwner ?? rrset.owner
  const algorithm = how.algorithm ?? key.dnskey.algorithm
  const originalTtlSeconds = how.originalTtlSeconds ?? rrset.ttlSeconds
  const head = Buffer.alloc(18)
  head.writeUInt16BE(rrset.type, 0)
  head[2] = algorithm
  head[3] = how.labels ?? labelCount(owner) - (isWildcard(owner) ? 1 : 0)
  head.writeUInt32BE(originalTtlSeconds, 4)
  head.writeUInt32BE(secondsOf(how.expiration ?? EXPIRATION), 8)
  head.writeUInt32BE(secondsOf(how.inception ?? INCEPTION), 12)
  head.writeUInt16BE(how.keyTag ?? key.dnskey.keyTag, 16)
  const signer = how.signer ?? key.zone
  const parts: Uint8Array[] = [head, foldName(signer)]
  const rdatas = new Map<string, Buffer>()
  for (const rdata of rrset.rdatas) {
    const canonical = Buffer.from(canonicalRdata(rrset.type, rdata))
    rdatas.set(canonical.toString('hex'), canonical)
  }
  for (const rdata of [...rdatas.values()].sort(Buffer.compare)) {
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(rrset.type, 0)
    fixed.writeUInt16BE(rrset.class, 2)
    fixed.writeUInt32BE(originalTtlSeconds, 4)
    fixed.writeUInt16BE(rdata.length, 8)
    parts.push(foldName(owner), fixed, rdata)
  }
  const honest = signatureOver(Buffer.concat(parts), key)
  const signature = how.alter === undefined ? honest : how.alter(honest)
  return Uint8Array.from(Buffer.concat([head, signer, signature]))
}

function secondsOf(time: string | number): number {
  return (typeof time === 'number' ? time : Date.parse(time) / 1000) >>> 0
}

function signatureOver(data: Buffer, { dnskey, privateKey }: TestKey): Buffer {
  return sign(HASHES[dnskey.algorithm] ?? null, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

const HASHES: Readonly<Record<number, string>> = {
  [ALGORITHM.RSASHA1]: 'sha1',
  [ALGORITHM.RSASHA1_NSEC3_SHA1]: 'sha1',
  [ALGORITHM.RSASHA256]: 'sha256',
  [ALGORITHM.RSASHA512]: 'sha512',
  [ALGORITHM.ECDSAP256SHA256]: 'sha256',
  [ALGORITHM.ECDSAP384SHA384]: 'sha384',
}
