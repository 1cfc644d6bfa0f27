/**
 * The keys of a zone that are trust anchors, were, or will be, and what becomes of them as the zone changes its keys
 * (RFC 5011). Pure: what was seen and the time are arguments, a trust point is never changed but made anew.
 */
import {
  ADD_HOLD_DOWN_SECONDS,
  FOLLOWED_KEYS_MAX,
  MISSING_KEY_SECONDS_MAX,
  NEW_KEY_SIGHTINGS_MIN,
  PROBE_RETRY_SECONDS_MAX,
  PROBE_SECONDS_MAX,
  PROBE_SECONDS_MIN,
  REMOVE_HOLD_DOWN_SECONDS,
  REMOVED_KEYS_MAX,
} from '../base/limits.ts'
import { octetsEqual } from '../base/octets.ts'
import { foldName, type Name } from '../wire/name.ts'
import { isRevoked, isSep, keyTagOf, parseDnskey, withRevoked } from '../wire/rdata/dnskey.ts'
import { parseDs } from '../wire/rdata/ds.ts'
import { isDigestOf } from './digests.ts'
import type { TrustAnchor } from './trust-anchors.ts'

/** RFC 5011 4.2. A key in the state Start is one that is not followed. */
export type KeyState = 'add-pending' | 'valid' | 'missing' | 'revoked' | 'removed'

/** Why a key came to be followed: the operator gave it, it was imported or published by IANA, or its zone showed it. */
export type KeyOrigin = 'configured' | 'imported' | 'learnt'

/** One key of a trust point. */
export interface FollowedKey {
  /** RDATA with the REVOKE bit clear; undefined while only a DS record of the key is known. */
  readonly dnskey: Uint8Array | undefined
  /** RDATA of the DS record that stood for the key. */
  readonly ds: Uint8Array | undefined
  readonly origin: KeyOrigin
  readonly state: KeyState
  /** When it came into this state, seconds since 1970: for a key that somebody vouched for, when it was first seen. */
  readonly sinceSeconds: number
  /** Proven sets that showed it before it was valid; 0 for a key that somebody vouched for and nobody has seen. */
  readonly sightings: number
  /** How long it has to be pending. */
  readonly holdDownSeconds: number
}

/** A zone whose keys are followed. */
export interface TrustPoint {
  readonly zone: Name
  /** In the order in which they came. */
  readonly keys: readonly FollowedKey[]
  /** When the zone was last asked for its keys and gave some, seconds since 1970. */
  readonly lastProbeSeconds: number | undefined
  /** When what it gave was last proven. */
  readonly lastSuccessSeconds: number | undefined
  /** Probes since then. */
  readonly failures: number
  /** What went wrong with the last one; empty when nothing did. */
  readonly fault: string
  /** RFC 5011 2.3: from a good probe to the next, and from a failed one. */
  readonly intervalSeconds: number
  readonly retrySeconds: number
  /** Key tags of the secure entry points in the last proven set that are not revoked. */
  readonly published: readonly number[]
}

/** What a probe showed of the zone's keys. Keys are RDATA with the REVOKE bit clear. */
export type KeySighting =
  /** Nobody gave a DNSKEY set. */
  | { readonly kind: 'unanswered'; readonly detail: string }
  /** What came is not signed by a trust anchor; all it can do is revoke. */
  | { readonly kind: 'unproven'; readonly revoked: readonly Uint8Array[]; readonly detail: string }
  | {
      readonly kind: 'proven'
      /** Secure entry points that are not revoked. */
      readonly keys: readonly Uint8Array[]
      /** Followed keys that are revoked and signed that themselves. */
      readonly revoked: readonly Uint8Array[]
      readonly originalTtlSeconds: number
      /** Until the signature ends. */
      readonly signedSeconds: number
    }

/** A key that came into another state; undefined is Start. */
export interface KeyChange {
  readonly keyTag: number
  readonly from: KeyState | undefined
  readonly to: KeyState | undefined
}

/** A trust point that nothing has been seen of. */
export function newTrustPoint(zone: Name): TrustPoint {
  return {
    zone,
    keys: [],
    lastProbeSeconds: undefined,
    lastSuccessSeconds: undefined,
    failures: 0,
    fault: '',
    intervalSeconds: PROBE_SECONDS_MIN,
    retrySeconds: PROBE_SECONDS_MIN,
    published: [],
  }
}

/** The tag under which the zone has the key now: a revoked key has another. */
export function followedTag({ dnskey, ds, state }: FollowedKey): number {
  if (dnskey === undefined) return ds === undefined ? 0 : (parseDs(ds)?.keyTag ?? 0)
  return keyTagOf(state === 'revoked' || state === 'removed' ? withRevoked(dnskey, true) : dnskey)
}

/** RFC 5011 4.2: a key that is missing is still believed. */
export function isTrusted({ state }: FollowedKey): boolean {
  return state === 'valid' || state === 'missing'
}

/**
 * True when a pending key has waited long enough and was seen often enough. Then a set that it signs itself is proof that
 * its zone still has it, though nobody else signed (RFC 5011 2.4.1 does not say who is to): the zone may have changed
 * over to it since it was last asked.
 */
export function isRipe(
  { state, sinceSeconds, holdDownSeconds, sightings }: FollowedKey,
  nowSeconds: number,
): boolean {
  const isOver = nowSeconds - sinceSeconds >= holdDownSeconds
  return state === 'add-pending' && isOver && sightings >= NEW_KEY_SIGHTINGS_MIN
}

/** The trust anchors that come of it. In the form in which the operator gave them, so that following changes nothing. */
export function anchorsOf({ zone, keys }: TrustPoint): TrustAnchor[] {
  return keys.filter(isTrusted).map((key) => anchorOf(zone, key))
}

/** The anchor that a key is, or would be. */
export function anchorOf(zone: Name, { ds, dnskey }: FollowedKey): TrustAnchor {
  if (ds !== undefined) return { zone, ds }
  return { zone, dnskey: dnskey! }
}

/** True when no key is believed any more nor will be: all were revoked, and the zone is one without an anchor (RFC 5011 5). */
export function isEnded({ keys }: TrustPoint): boolean {
  return keys.length > 0 && keys.every(({ state }) => state === 'revoked' || state === 'removed')
}

/** Something that names a key: a DS record, the DNSKEY record, or both. */
export interface KeyName {
  readonly ds?: Uint8Array | undefined
  /** REVOKE bit clear. */
  readonly dnskey?: Uint8Array | undefined
}

/** Whether it names the key of this RDATA, REVOKE bit clear. */
export function namesKey(zone: Name, { ds, dnskey }: KeyName, rdata: Uint8Array): boolean {
  if (dnskey !== undefined) return octetsEqual(dnskey, rdata)
  const parsed = ds && parseDs(ds)
  return parsed !== undefined && isDigestOf(parsed, foldName(zone), rdata)
}

/** Whether an anchor of the zone stands for a key that is followed there. */
function standsFor(anchor: TrustAnchor, key: FollowedKey): boolean {
  const { zone, ds, dnskey } = anchor
  if (dnskey !== undefined) return namesKey(zone, key, withRevoked(dnskey, false))
  if (key.ds !== undefined && ds !== undefined && octetsEqual(key.ds, ds)) return true
  return key.dnskey !== undefined && namesKey(zone, { ds }, key.dnskey)
}

/** The followed keys that one of these anchors of the zone stands for. */
export function keysNamedBy({ keys }: TrustPoint, anchors: readonly TrustAnchor[]): FollowedKey[] {
  return keys.filter((key) => anchors.some((anchor) => standsFor(anchor, key)))
}

/**
 * The trust point with what the operator vouches for now. A key that its zone revoked stays so: he may not have heard of
 * it. Keys that he no longer gives are dropped; what was learnt in between is kept.
 *
 * @param anchors of this zone
 */
export function withConfigured(
  point: TrustPoint,
  anchors: readonly TrustAnchor[],
  nowSeconds: number,
): TrustPoint {
  const kept = point.keys.filter(
    (key) =>
      key.origin !== 'configured' || !isTrusted(key) || anchors.some((anchor) => standsFor(anchor, key)),
  )
  return withVouched({ ...point, keys: kept }, anchors, 'configured', nowSeconds)
}

/** The trust point with keys that somebody vouches for: they are valid at once, and those that were revoked stay so. */
export function withVouched(
  point: TrustPoint,
  anchors: readonly TrustAnchor[],
  origin: KeyOrigin,
  nowSeconds: number,
): TrustPoint {
  let { keys } = point
  for (const anchor of followable(anchors)) {
    if (keys.some((key) => standsFor(anchor, key))) {
      keys = keys.map((key) =>
        key.state === 'add-pending' && standsFor(anchor, key) ? inState(key, 'valid', nowSeconds) : key,
      )
      continue
    }
    const { ds, dnskey } = anchor
    const fresh = {
      origin,
      state: 'valid',
      sinceSeconds: nowSeconds,
      sightings: 0,
      holdDownSeconds: 0,
    } as const
    keys = [...keys, { ...fresh, ds, dnskey: dnskey && withRevoked(dnskey, false) }]
  }
  return { ...point, keys }
}

/**
 * What of the anchors of a zone can be followed: keys that are no secure entry points cannot (RFC 5011 3) and would go on
 * being believed when the zone has long given them up; so they count only where there is nothing else.
 */
export function followable(anchors: readonly TrustAnchor[]): readonly TrustAnchor[] {
  return anchors.filter(({ ds, dnskey }) => {
    const key = dnskey && parseDnskey(dnskey)
    return ds !== undefined || (key !== undefined && isSep(key) && !isRevoked(key))
  })
}

/** What becomes of a trust point by a probe. */
export function advance(
  point: TrustPoint,
  sighting: KeySighting,
  nowSeconds: number,
): { readonly point: TrustPoint; readonly changes: readonly KeyChange[] } {
  if (sighting.kind === 'unanswered') {
    return { point: { ...point, failures: point.failures + 1, fault: sighting.detail }, changes: [] }
  }
  const before = recognised(point, sighting)
  const revoked = before.map((key) => afterRevocation(key, sighting.revoked, nowSeconds))
  const lastProbeSeconds = nowSeconds
  if (sighting.kind === 'unproven') {
    const { failures } = point
    const failed = {
      ...point,
      keys: revoked,
      lastProbeSeconds,
      failures: failures + 1,
      fault: sighting.detail,
    }
    return { point: failed, changes: changesOf(before, revoked) }
  }
  const present = withoutOldest(afterSighting(revoked, sighting, nowSeconds))
  const keys = withNewKeys(present, sighting, nowSeconds)
  return {
    point: {
      ...point,
      keys: keys.filter((key) => key !== undefined),
      lastProbeSeconds,
      lastSuccessSeconds: nowSeconds,
      failures: 0,
      fault: '',
      ...probeTimes(sighting),
      published: sighting.keys.map(keyTagOf),
    },
    changes: changesOf(before, keys),
  }
}

type Proven = Extract<KeySighting, { kind: 'proven' }>

/** RFC 5011 2.3. */
function probeTimes(sighting: Proven): Pick<TrustPoint, 'intervalSeconds' | 'retrySeconds'> {
  const { originalTtlSeconds, signedSeconds } = sighting
  const least = Math.min(originalTtlSeconds, signedSeconds)
  return {
    intervalSeconds: Math.max(PROBE_SECONDS_MIN, Math.min(PROBE_SECONDS_MAX, Math.floor(least / 2))),
    retrySeconds: Math.max(PROBE_SECONDS_MIN, Math.min(PROBE_RETRY_SECONDS_MAX, Math.floor(least / 10))),
  }
}

/** The keys, those known by a DS record with the DNSKEY record now that it was seen. One key known by two becomes one. */
function recognised(
  { zone, keys }: TrustPoint,
  sighting: Exclude<KeySighting, { kind: 'unanswered' }>,
): FollowedKey[] {
  const seen = sighting.kind === 'proven' ? [...sighting.keys, ...sighting.revoked] : sighting.revoked
  const found: FollowedKey[] = []
  for (const key of keys) {
    const dnskey = key.dnskey ?? seen.find((rdata) => namesKey(zone, key, rdata))
    const twin =
      dnskey && found.some((other) => other.dnskey !== undefined && octetsEqual(other.dnskey, dnskey))
    if (twin !== true) found.push({ ...key, dnskey })
  }
  return found
}

function inState(key: FollowedKey, state: KeyState, nowSeconds: number): FollowedKey {
  return { ...key, state, sinceSeconds: nowSeconds }
}

/** RFC 5011 2.1: at once, and whoever else signed the set. */
function afterRevocation(key: FollowedKey, revoked: readonly Uint8Array[], nowSeconds: number): FollowedKey {
  if (key.state === 'revoked' || key.state === 'removed' || !holds(revoked, key)) return key
  return inState(key, 'revoked', nowSeconds)
}

/** The rest of RFC 5011 4.1 by a proven set: undefined stands for keys that are not followed any more. */
function afterSighting(
  keys: readonly FollowedKey[],
  sighting: Proven,
  nowSeconds: number,
): (FollowedKey | undefined)[] {
  const hasPresent = keys.some((key) => isTrusted(key) && holds(sighting.keys, key))
  return keys.map((key) => {
    const isPresent = holds(sighting.keys, key)
    const ageSeconds = nowSeconds - key.sinceSeconds
    if (key.state === 'add-pending') return isPresent ? afterWait(key, nowSeconds) : undefined
    if (key.state === 'valid') {
      if (!isPresent) return inState(key, 'missing', nowSeconds)
      return key.sightings > 0 ? key : { ...inState(key, 'valid', nowSeconds), sightings: 1 }
    }
    if (key.state === 'missing') {
      if (isPresent) return inState(key, 'valid', nowSeconds)
      // What the operator gives is his to take back.
      const isOld = ageSeconds > MISSING_KEY_SECONDS_MAX && hasPresent && key.origin !== 'configured'
      return isOld ? undefined : key
    }
    // What was removed is remembered: an old file may still name it.
    const isOver = key.state === 'revoked' && ageSeconds >= REMOVE_HOLD_DOWN_SECONDS
    return isOver ? inState(key, 'removed', nowSeconds) : key
  })
}

function afterWait(key: FollowedKey, nowSeconds: number): FollowedKey {
  const seen = { ...key, sightings: key.sightings + 1 }
  return isRipe(seen, nowSeconds) ? inState(seen, 'valid', nowSeconds) : seen
}

/** Forgets removed keys beyond `REMOVED_KEYS_MAX`: the oldest first, but those that a file has named last. */
function withoutOldest(keys: readonly (FollowedKey | undefined)[]): (FollowedKey | undefined)[] {
  const removed = keys.filter((key) => key?.state === 'removed')
  const rank = ({ origin }: FollowedKey): number => (origin === 'configured' ? 1 : 0)
  const byWorth = removed.sort((a, b) => rank(a!) - rank(b!) || a!.sinceSeconds - b!.sinceSeconds)
  const forgotten = new Set(byWorth.slice(0, Math.max(0, removed.length - REMOVED_KEYS_MAX)))
  return keys.map((key) => (forgotten.has(key) ? undefined : key))
}

/** RFC 5011 2.4.1: what was never seen has to wait. */
function withNewKeys(
  keys: readonly (FollowedKey | undefined)[],
  sighting: Proven,
  nowSeconds: number,
): (FollowedKey | undefined)[] {
  const all = [...keys]
  for (const dnskey of sighting.keys) {
    const isKnown = keys.some((key) => key?.dnskey !== undefined && octetsEqual(key.dnskey, dnskey))
    const followed = all.filter((key) => key !== undefined && key.state !== 'removed')
    if (isKnown || followed.length >= FOLLOWED_KEYS_MAX) continue
    all.push({
      dnskey,
      ds: undefined,
      origin: 'learnt',
      state: 'add-pending',
      sinceSeconds: nowSeconds,
      sightings: 1,
      holdDownSeconds: Math.max(ADD_HOLD_DOWN_SECONDS, sighting.originalTtlSeconds),
    })
  }
  return all
}

function holds(rdatas: readonly Uint8Array[], { dnskey }: FollowedKey): boolean {
  return dnskey !== undefined && rdatas.some((rdata) => octetsEqual(rdata, dnskey))
}

/** @param after the same keys in the same order, and new ones behind them */
function changesOf(before: readonly FollowedKey[], after: readonly (FollowedKey | undefined)[]): KeyChange[] {
  const changes: KeyChange[] = []
  for (let i = 0; i < after.length; i++) {
    const [from, to] = [before[i]?.state, after[i]?.state]
    if (from !== to) changes.push({ keyTag: followedTag((after[i] ?? before[i])!), from, to })
  }
  return changes
}
