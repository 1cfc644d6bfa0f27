/** From a DS set or a trust anchor to the keys of a zone (RFC 4035 5.2). */
import { NO_OCTETS, octetsEqual } from '../base/octets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { foldName, type Name, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type Dnskey, isRevoked, isZoneKey, parseDnskey, withRevoked } from '../wire/rdata/dnskey.ts'
import { type Ds, parseDs } from '../wire/rdata/ds.ts'
import type { Rrset } from '../wire/record.ts'
import { isDigestOf } from './digests.ts'
import type { ValidationParameters } from './parameters.ts'
import type { Reason } from './reasons.ts'
import { atOnce, rrsetSteps, type Steps, type ZoneKeys } from './rrset-signature.ts'
import type { TrustAnchor } from './trust-anchors.ts'

/** What vouches for a zone's keys: the proven DS set from its parent (RDATA of each), or anchors of that zone. */
export type Trust = { readonly ds: readonly Uint8Array[] } | { readonly anchors: readonly TrustAnchor[] }

/** What became of a DNSKEY set. */
export type DnskeyVerdict =
  | {
      readonly status: 'secure'
      readonly keys: ZoneKeys
      /** Seconds that the set may be kept, as of `SecureRrset`. */
      readonly ttlSeconds: number
      /** The key that signed the set. */
      readonly keyTag: number
      readonly algorithm: number
      readonly expiration: number
    }
  | { readonly status: 'insecure'; readonly reason: UnsupportedReason }
  | { readonly status: 'bogus'; readonly reason: Reason; readonly detail: string }

type UnsupportedReason = 'unsupported-algorithm' | 'unsupported-digest'

/** Whether a DS set can be followed at all. */
export type DsSupport =
  | { readonly supported: true }
  | { readonly supported: false; readonly reason: UnsupportedReason }

/** One thing that may vouch for a key. */
interface Voucher {
  readonly keyTag: number
  readonly algorithm: number
  /** Undefined for an anchor that is the key itself. */
  readonly ds: Ds | undefined
  readonly matches: (key: Dnskey) => boolean
}

/**
 * Whether at least one DS record names an algorithm and a digest that are supported; if none does, the zone is
 * insecure (RFC 4035 5.2, 6840 5.2). Every record is read. A set without one well-formed record is not insecure:
 * it counts as supported, and no key will match it.
 */
export function dsSupport(ds: readonly Uint8Array[], p: ValidationParameters): DsSupport {
  return supportOf(dsVouchers(ds, NO_OCTETS), p)
}

/**
 * Checks a zone's DNSKEY set: a key that a DS record or an anchor vouches for must have signed it (CVE-2025-25188).
 *
 * @param dnskeys the set as received, RRSIGs included
 * @param zone the apex; the set must be its own
 */
export function checkDnskeySet(
  dnskeys: Rrset,
  trust: Trust,
  zone: Name,
  p: ValidationParameters,
): DnskeyVerdict {
  return atOnce(dnskeySetSteps(dnskeys, trust, zone, p))
}

/** `checkDnskeySet` in steps, see `Steps`. */
export function* dnskeySetSteps(
  dnskeys: Rrset,
  trust: Trust,
  zone: Name,
  p: ValidationParameters,
): Steps<DnskeyVerdict> {
  const owner = foldName(zone)
  const vouchers = 'ds' in trust ? dsVouchers(trust.ds, owner) : anchorVouchers(trust.anchors, owner)
  const support = supportOf(vouchers, p)
  if (!support.supported) return { status: 'insecure', reason: support.reason }
  if (dnskeys.type !== TYPE.DNSKEY || !namesEqual(dnskeys.owner, zone)) {
    return { status: 'bogus', reason: 'dnskey-missing', detail: `${formatName(zone)}: no DNSKEY set` }
  }
  const keys: Dnskey[] = []
  for (const rdata of dnskeys.rdatas) {
    const key = parseDnskey(rdata)
    if (key !== undefined) keys.push(key)
  }
  const usable = usableVouchers(vouchers, zone, p)
  const vouched = vouchedKeys(keys, usable, zone, p)
  if (vouched.length === 0) return unmatched(keys, usable, zone, 'ds' in trust, p)
  const verdict = yield* rrsetSteps(dnskeys, { zone, keys: vouched }, p)
  if (verdict.status === 'bogus') {
    const { status, reason, keyTag } = verdict
    const strange = reason === 'dnskey-missing' && keyTag !== undefined
    const detail = strange ? signedByOthers(zone, keyTag, vouched, 'ds' in trust) : verdict.detail
    return { status, reason, detail }
  }
  const { status, ttlSeconds, keyTag, algorithm, expiration } = verdict
  return { status, keys: { zone, keys }, ttlSeconds, keyTag, algorithm, expiration }
}

function dsVouchers(rdatas: readonly Uint8Array[], owner: Uint8Array): Voucher[] {
  const vouchers: Voucher[] = []
  for (const rdata of rdatas) {
    const ds = parseDs(rdata)
    if (ds === undefined) continue
    const { keyTag, algorithm } = ds
    const matches = (key: Dnskey): boolean => isDigestOf(ds, owner, key.rdata)
    vouchers.push({ keyTag, algorithm, ds, matches })
  }
  return vouchers
}

function anchorVouchers(anchors: readonly TrustAnchor[], owner: Uint8Array): Voucher[] {
  const vouchers = dsVouchers(
    anchors.flatMap((anchor) => (anchor.ds === undefined ? [] : [anchor.ds])),
    owner,
  )
  for (const { dnskey } of anchors) {
    const anchor = dnskey && parseDnskey(dnskey)
    if (anchor === undefined) continue
    const { keyTag, algorithm, publicKey } = anchor
    const matches = (key: Dnskey): boolean => octetsEqual(key.publicKey, publicKey)
    vouchers.push({ keyTag, algorithm, ds: undefined, matches })
  }
  return vouchers
}

function supportOf(vouchers: readonly Voucher[], p: ValidationParameters): DsSupport {
  let reason: UnsupportedReason | undefined
  for (const { algorithm, ds } of vouchers) {
    if (!p.algorithmSupported(algorithm)) reason ??= 'unsupported-algorithm'
    else if (ds === undefined || p.digestSupported(ds.digestType)) return { supported: true }
    else reason = 'unsupported-digest'
  }
  return reason === undefined ? { supported: true } : { supported: false, reason }
}

/** The supported ones, without SHA-1 where something stronger is there (RFC 4509 3), within the limit. */
function usableVouchers(vouchers: readonly Voucher[], zone: Name, p: ValidationParameters): Voucher[] {
  const supported = vouchers.filter(
    ({ algorithm, ds }) =>
      p.algorithmSupported(algorithm) && (ds === undefined || p.digestSupported(ds.digestType)),
  )
  const strong = supported.filter(({ ds }) => ds?.digestType !== DIGEST.SHA1)
  const usable = strong.length > 0 ? strong : supported
  const { dsTried } = p.budget.limits
  if (usable.length > dsTried) p.budget.note('ds-tried', zone)
  return usable.slice(0, dsTried)
}

/** The keys that something vouches for; a tag and algorithm are looked up in no more keys than the limit allows. */
function vouchedKeys(
  keys: readonly Dnskey[],
  vouchers: readonly Voucher[],
  zone: Name,
  p: ValidationParameters,
): Dnskey[] {
  const vouched = new Set<Dnskey>()
  for (const voucher of vouchers) {
    let tried = 0
    for (const key of keys) {
      if (!isNamedBy(key, voucher) || !isUsable(key)) continue
      if (tried++ === p.budget.limits.keysPerTag) {
        p.budget.note('keys-per-tag', zone)
        break
      }
      if (voucher.matches(key)) vouched.add(key)
    }
  }
  return [...vouched]
}

function isNamedBy(key: Dnskey, voucher: Voucher): boolean {
  return key.keyTag === voucher.keyTag && key.algorithm === voucher.algorithm
}

function isUsable(key: Dnskey): boolean {
  return isZoneKey(key) && key.protocol === 3 && !isRevoked(key)
}

/** The key that signed may well stand in the set: what counts is that nothing vouches for it. */
function signedByOthers(zone: Name, keyTag: number, vouched: readonly Dnskey[], byDs: boolean): string {
  const tags = [...new Set(vouched.map((key) => key.keyTag))].join(', ')
  const what = byDs ? 'DS' : 'trust anchor'
  return `${formatName(zone)}: its DNSKEY set is signed by tag ${keyTag}, not by the key of its ${what} (tag ${tags})`
}

/** Says why no key is vouched for, as exactly as can be. */
function unmatched(
  keys: readonly Dnskey[],
  vouchers: readonly Voucher[],
  zone: Name,
  byDs: boolean,
  p: ValidationParameters,
): DnskeyVerdict {
  const what = byDs ? 'DS' : 'trust anchor'
  const apex = formatName(zone)
  const forbidden = keys.filter((key) => !isUsable(key)).slice(0, p.budget.limits.dsTried)
  for (const key of forbidden) {
    if (!vouchers.some((voucher) => vouchesFor(voucher, key))) continue
    const revoked = isZoneKey(key) && key.protocol === 3
    const detail = `${apex}: the DNSKEY of its ${what} (tag ${key.keyTag}) is ${revoked ? 'revoked' : 'no zone key'}`
    return {
      status: 'bogus',
      reason: revoked ? (byDs ? 'key-revoked' : 'anchor-revoked') : 'no-zone-key',
      detail,
    }
  }
  const tags = [...new Set(vouchers.map(({ keyTag }) => keyTag))].join(', ')
  const detail =
    tags === '' ? `${apex}: no well-formed ${what}` : `${apex}: no DNSKEY matches the ${what} (tag ${tags})`
  return { status: 'bogus', reason: 'dnskey-missing', detail }
}

/** True when the voucher means this key, or means it as it was before it was revoked (RFC 5011 2.1). */
function vouchesFor(voucher: Voucher, key: Dnskey): boolean {
  const forms = isRevoked(key) ? [key, parseDnskey(withRevoked(key.rdata, false))!] : [key]
  return forms.some((form) => isNamedBy(form, voucher) && voucher.matches(form))
}
