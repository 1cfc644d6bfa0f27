/** Keys of a zone whose trust anchors look after themselves (RFC 5011), on a calendar of their own. */
import type { TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { dnskeySet, dsOf, makeKey, signed, type TestKey, withFlags } from './sign.ts'

export const DAY: number = 86_400
export const START: number = Date.parse('2026-01-01T00:00:00Z') / 1000
export const OLD: TestKey = makeKey('example')
export const NEW: TestKey = makeKey('example')

/** A DNSKEY set, and by whom it is signed, from when to when. */
export interface PublishedSet {
  readonly keys: readonly TestKey[]
  readonly signers: readonly TestKey[]
  readonly ttlSeconds: number
  readonly inception: number
  readonly expiration: number
}

/** The set as the zone gives it. */
export function publishedSet({ keys, signers, ttlSeconds, ...times }: PublishedSet): Rrset {
  return signers.reduce((set, key) => signed(set, key, times), dnskeySet(keys, ttlSeconds))
}

/** The anchor that names a key by its digest. */
export function anchorOf(key: TestKey): TrustAnchor {
  return { zone: key.zone, ds: dsOf(key) }
}

/** A key as its zone publishes it when it has revoked it. */
export function revoked(key: TestKey): TestKey {
  return withFlags(key, 0x0181)
}

/** Its tag. */
export function tagOf(key: TestKey): number {
  return key.dnskey.keyTag
}
