/** What a DNSKEY set says of the keys that are followed in its zone (RFC 5011 2.1, 2.2). */
import { type Dnskey, isRevoked, isSep, isZoneKey, parseDnskey, withRevoked } from '../wire/rdata/dnskey.ts'
import { parseRrsig, type Rrsig } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import { checkDnskeySet, type DnskeyVerdict } from './delegation.ts'
import type { ValidationParameters } from './parameters.ts'
import { revocationOf } from './rrset-signature.ts'
import { serialDifference, serialTime } from './serial.ts'
import {
  anchorOf,
  type FollowedKey,
  isRipe,
  isTrusted,
  type KeySighting,
  namesKey,
  type TrustPoint,
} from './trust-point.ts'

/**
 * Looks at the keys that the servers of a zone give. A key that revokes itself is no anchor any more: the set must be
 * signed by another, unless none is left.
 *
 * @param dnskeys as received, RRSIGs included
 * @param nowSeconds seconds since 1970 by which keys have waited
 */
export function sightKeys(
  point: TrustPoint,
  dnskeys: Rrset,
  p: ValidationParameters,
  nowSeconds: number = p.nowSeconds,
): KeySighting {
  const { zone } = point
  const keys = dnskeys.rdatas.map(parseDnskey).filter((key) => key !== undefined)
  const revocations = findRevocations(point, dnskeys, keys, p)
  const revoked = revocations.map(({ dnskey }) => dnskey)
  const left = point.keys.filter((key) => !revoked.some((dnskey) => namesKey(zone, key, dnskey)))
  const trusted = left.filter(isTrusted)
  const ripe = left.filter((key) => isRipe(key, nowSeconds))
  if (trusted.length + ripe.length === 0 && revocations.length > 0) {
    return { kind: 'proven', keys: [], revoked, ...timesOf(revocations[0]!.rrsig, p) }
  }
  const proofBy = (vouchers: readonly FollowedKey[]): DnskeyVerdict =>
    checkDnskeySet(dnskeys, { anchors: vouchers.map((key) => anchorOf(zone, key)) }, zone, p)
  const byTrusted = proofBy(trusted)
  const verdict = byTrusted.status === 'secure' || ripe.length === 0 ? byTrusted : proofBy(ripe)
  if (verdict.status !== 'secure') {
    const detail =
      byTrusted.status === 'bogus' ? byTrusted.detail : 'no trust anchor is of a supported algorithm'
    return { kind: 'unproven', revoked, detail }
  }
  const { keyTag, algorithm, expiration } = verdict
  const rrsig = dnskeys.signatures
    .map(parseRrsig)
    .find((sig) => sig?.keyTag === keyTag && sig.algorithm === algorithm && sig.expiration === expiration)
  return {
    kind: 'proven',
    keys: keys.filter(isEntryPoint).map(({ rdata }) => rdata),
    revoked,
    ...timesOf(rrsig!, p),
  }
}

interface Revocation {
  /** REVOKE bit clear. */
  readonly dnskey: Uint8Array
  /** By the key itself. */
  readonly rrsig: Rrsig
}

/** The followed keys that the set revokes: the REVOKE bit counts only with a signature of that key. */
function findRevocations(
  { zone, keys: followed }: TrustPoint,
  dnskeys: Rrset,
  keys: readonly Dnskey[],
  p: ValidationParameters,
): Revocation[] {
  const found: Revocation[] = []
  for (const key of keys) {
    if (!isRevoked(key)) continue
    const dnskey = withRevoked(key.rdata, false)
    if (
      !followed.some((one) => (isTrusted(one) || one.state === 'add-pending') && namesKey(zone, one, dnskey))
    ) {
      continue
    }
    const rrsig = revocationOf(dnskeys, key, zone, p)
    if (rrsig !== undefined) found.push({ dnskey, rrsig })
  }
  return found
}

/** RFC 5011 3: other keys are none of its business. */
function isEntryPoint(key: Dnskey): boolean {
  return isSep(key) && isZoneKey(key) && key.protocol === 3 && !isRevoked(key)
}

function timesOf(
  { originalTtlSeconds, expiration }: Rrsig,
  { nowSeconds }: ValidationParameters,
): { readonly originalTtlSeconds: number; readonly signedSeconds: number } {
  return { originalTtlSeconds, signedSeconds: serialDifference(expiration, serialTime(nowSeconds)) }
}
