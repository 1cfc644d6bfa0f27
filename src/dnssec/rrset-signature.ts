/** Checking the signatures over one RRset (RFC 4035 5.3). */
import { formatAlgorithm } from '../wire/iana/dnssec-algorithm.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isSubdomainOf, labelCount, lastLabels, type Name, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type Dnskey, isRevoked, isZoneKey } from '../wire/rdata/dnskey.ts'
import { parseRrsig, type Rrsig } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import type { ValidationParameters } from './parameters.ts'
import type { Reason } from './reasons.ts'
import { serialDifference, serialTime, unwrapSerialTime } from './serial.ts'
import { SignedRrset, signedLabelCount } from './signed-data.ts'

/** A zone and its DNSKEY set, proven. Keys that must not sign zone data may be among them; they are passed over. */
export interface ZoneKeys {
  readonly zone: Name
  readonly keys: readonly Dnskey[]
}

/** An RRset that one of its zone's keys signed. */
export interface SecureRrset {
  readonly status: 'secure'
  /** How long it may be kept: the least of its TTL, the original TTL and what is left of the signature. Seconds. */
  readonly ttlSeconds: number
  /**
   * The closest encloser when the RRset was expanded from the wildcard below it; then the absence of anything closer
   * to the owner has yet to be proven (RFC 4035 5.3.4), and an NSEC or NSEC3 proves nothing.
   */
  readonly wildcard: Name | undefined
  readonly keyTag: number
  readonly algorithm: number
  /** Seconds since 1970 modulo 2^32. */
  readonly expiration: number
}

/** An RRset that none of its signatures proves. */
export interface BogusRrset {
  readonly status: 'bogus'
  readonly reason: Reason
  /** One line: the RRset, the key tag, the times. */
  readonly detail: string
  readonly keyTag?: number
  readonly algorithm?: number
  readonly expiration?: number
}

/** What the signatures over an RRset say. */
export type RrsetVerdict = SecureRrset | BogusRrset

/** Why one RRSIG proves nothing. */
interface Fault {
  readonly reason: Reason
  readonly rrsig?: Rrsig
  readonly what: string
}

/**
 * Checks one RRset against the keys of the zone that it should be signed by. One valid signature is enough; RRSIGs of
 * other signers do not count. When none is valid, the most telling fault is reported.
 */
export function checkRrset(rrset: Rrset, zone: ZoneKeys, p: ValidationParameters): RrsetVerdict {
  return atOnce(rrsetSteps(rrset, zone, p))
}

/**
 * A check in steps: each ends before a signature is verified after one that was wrong, since hostile data can have many
 * that are, of algorithms that take most of a millisecond. Who takes the steps may do something else between them.
 */
export type Steps<T> = Generator<undefined, T, undefined>

/** Takes all steps, one after another. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** `checkRrset` in steps. */
export function* rrsetSteps(rrset: Rrset, zone: ZoneKeys, p: ValidationParameters): Steps<RrsetVerdict> {
  const misplaced = misplacedFault(rrset, zone.zone)
  if (misplaced !== undefined) return bogus(rrset, zone.zone, misplaced)
  let worst: Fault = UNSIGNED
  const keep = (fault: Fault): void => {
    if (worst === UNSIGNED || TELLING[fault.reason]! > TELLING[worst.reason]!) worst = fault
  }
  let signed: SignedRrset | undefined
  let tried = 0
  for (const rdata of rrset.signatures) {
    const rrsig = parseRrsig(rdata)
    const fault = rrsig === undefined ? MALFORMED : rrsigFault(rrsig, rrset, zone.zone, p)
    if (rrsig === undefined || fault !== undefined) {
      keep(fault!)
      continue
    }
    const keys = candidateKeys(rrsig, zone, keep, p)
    if (keys.length === 0) continue
    if (tried++ === p.budget.limits.rrsigsPerRrset) {
      p.budget.note('rrsigs-per-rrset', zone.zone)
      break
    }
    signed ??= new SignedRrset(rrset)
    for (const key of keys) {
      const fault = keyFault(key, rrsig, zone.zone, signed, p)
      if (fault === undefined) return secure(rrset, rrsig, p)
      keep(fault)
      if (fault.reason === 'too-much-work') return bogus(rrset, zone.zone, fault)
      yield
    }
  }
  return bogus(rrset, zone.zone, worst)
}

/**
 * The RRSIG by which a revoked key signed the DNSKEY set that it stands in: all that its signatures count for any more
 * (RFC 5011 2.1). Undefined where there is none that holds.
 */
export function revocationOf(
  dnskeys: Rrset,
  key: Dnskey,
  zone: Name,
  p: ValidationParameters,
): Rrsig | undefined {
  if (!isRevoked(key) || !isZoneKey(key) || key.protocol !== 3) return undefined
  const signed = new SignedRrset(dnskeys)
  let tried = 0
  for (const rdata of dnskeys.signatures) {
    const rrsig = parseRrsig(rdata)
    if (rrsig?.keyTag !== key.keyTag || rrsig.algorithm !== key.algorithm) continue
    if (rrsigFault(rrsig, dnskeys, zone, p) !== undefined) continue
    if (tried++ === p.budget.limits.rrsigsPerRrset) break
    if (keyFault(key, rrsig, zone, signed, p) === undefined) return rrsig
  }
  return undefined
}

/** The order in which faults are worth telling, least first. */
const TELLING: Partial<Record<Reason, number>> = {
  'signature-missing': 0,
  'signature-malformed': 1,
  'dnskey-missing': 2,
  'no-zone-key': 3,
  'key-revoked': 4,
  'dnskey-unusable': 5,
  'signature-wrong': 6,
  'signature-expired-before-valid': 7,
  'signature-not-yet-valid': 8,
  'signature-expired': 9,
  'too-much-work': 10,
}

const UNSIGNED: Fault = { reason: 'signature-missing', what: 'no RRSIG' }
const MALFORMED: Fault = { reason: 'signature-malformed', what: 'the RRSIG is malformed' }

/** Records that this zone may not sign at all. */
function misplacedFault(rrset: Rrset, zone: Name): Fault | undefined {
  if (!isSubdomainOf(rrset.owner, zone)) {
    return { reason: 'signature-missing', what: 'not a name of the zone' }
  }
  // The parent alone speaks for the DS set (RFC 4035 2.4; attack A15).
  if (rrset.type === TYPE.DS && !isRoot(zone) && namesEqual(rrset.owner, zone)) {
    return { reason: 'signature-missing', what: 'the DS set comes from the child, not from the parent' }
  }
  return undefined
}

/** What disqualifies an RRSIG before any key is looked at. */
function rrsigFault(rrsig: Rrsig, rrset: Rrset, zone: Name, p: ValidationParameters): Fault | undefined {
  if (rrsig.typeCovered !== rrset.type) return MALFORMED
  if (!namesEqual(rrsig.signer, zone)) {
    return { reason: 'signature-missing', what: `only an RRSIG by ${formatName(rrsig.signer)}` }
  }
  if (!p.algorithmSupported(rrsig.algorithm)) {
    const algorithm = formatAlgorithm(rrsig.algorithm)
    return { reason: 'signature-missing', what: `only an RRSIG of unsupported algorithm ${algorithm}` }
  }
  const labels = signedLabelCount(rrset.owner)
  // Fewer labels than the signer has would make a wildcard outside its zone (attack A13).
  if (rrsig.labels > labels || rrsig.labels < labelCount(zone)) {
    return { reason: 'signature-malformed', rrsig, what: `speaks of ${rrsig.labels} labels` }
  }
  // No wildcard makes zones (RFC 4592 4.2).
  if (rrsig.labels < labels && rrset.type === TYPE.DS) {
    return { reason: 'signature-malformed', rrsig, what: 'expands a wildcard to a DS set' }
  }
  return timeFault(rrsig, p)
}

/** RFC 4034 3.1.5: inception to expiration, both included, in serial arithmetic, with some tolerance. */
function timeFault(rrsig: Rrsig, p: ValidationParameters): Fault | undefined {
  const lifetime = serialDifference(rrsig.expiration, rrsig.inception)
  if (lifetime < 0) {
    return { reason: 'signature-expired-before-valid', rrsig, what: 'expires before its inception' }
  }
  const now = serialTime(p.nowSeconds)
  const skew = Math.min(p.skewSecondsMax, Math.max(p.skewSecondsMin, lifetime / 10))
  if (serialDifference(now, rrsig.expiration) > skew) {
    const when = formatTime(unwrapSerialTime(rrsig.expiration, p.nowSeconds))
    return { reason: 'signature-expired', rrsig, what: `expired ${when}` }
  }
  if (serialDifference(rrsig.inception, now) > skew) {
    const when = formatTime(unwrapSerialTime(rrsig.inception, p.nowSeconds))
    return { reason: 'signature-not-yet-valid', rrsig, what: `is valid only from ${when}` }
  }
  return undefined
}

/** The keys that may have made the RRSIG, within the limit; tells `keep` when there is none. */
function candidateKeys(
  rrsig: Rrsig,
  { zone, keys }: ZoneKeys,
  keep: (fault: Fault) => void,
  p: ValidationParameters,
): Dnskey[] {
  const candidates: Dnskey[] = []
  let fault: Fault = { reason: 'dnskey-missing', rrsig, what: 'matches no DNSKEY' }
  for (const key of keys) {
    if (key.keyTag !== rrsig.keyTag || key.algorithm !== rrsig.algorithm) continue
    if (!isZoneKey(key) || key.protocol !== 3) {
      fault = { reason: 'no-zone-key', rrsig, what: 'is by a DNSKEY that is not a zone key' }
    } else if (isRevoked(key)) {
      fault = { reason: 'key-revoked', rrsig, what: 'is by a revoked DNSKEY' }
    } else if (candidates.length === p.budget.limits.keysPerTag) {
      p.budget.note('keys-per-tag', zone)
      break
    } else {
      candidates.push(key)
    }
  }
  if (candidates.length === 0) keep(fault)
  return candidates
}

/** Verifies one signature with one key; undefined when it is good. */
function keyFault(
  key: Dnskey,
  rrsig: Rrsig,
  zone: Name,
  signed: SignedRrset,
  p: ValidationParameters,
): Fault | undefined {
  if (!p.budget.takeSignature(rrsig.algorithm, zone)) {
    return { reason: 'too-much-work', rrsig, what: `was not tried: limit ${p.budget.exceeded}` }
  }
  const handle = p.keys.handle(key)
  if (handle?.verifies(signed.octetsFor(rrsig), rrsig.signature)) return undefined
  p.budget.signatureFailed()
  if (handle === undefined)
    return { reason: 'dnskey-unusable', rrsig, what: 'is by a DNSKEY that cannot be used' }
  return { reason: 'signature-wrong', rrsig, what: 'does not verify' }
}

function secure(rrset: Rrset, rrsig: Rrsig, p: ValidationParameters): SecureRrset {
  // Within the tolerance a signature may be past its end: then the data is used once and not kept.
  const leftSeconds = Math.max(0, serialDifference(rrsig.expiration, serialTime(p.nowSeconds)))
  return {
    status: 'secure',
    ttlSeconds: Math.min(rrset.ttlSeconds, rrsig.originalTtlSeconds, leftSeconds),
    wildcard:
      rrsig.labels < signedLabelCount(rrset.owner) ? lastLabels(rrset.owner, rrsig.labels) : undefined,
    keyTag: rrsig.keyTag,
    algorithm: rrsig.algorithm,
    expiration: rrsig.expiration,
  }
}

function bogus(rrset: Rrset, zone: Name, fault: Fault): BogusRrset {
  const subject = `${formatName(rrset.owner)} ${formatType(rrset.type)} in ${formatName(zone)}`
  const { reason, rrsig, what } = fault
  if (rrsig === undefined) return { status: 'bogus', reason, detail: `${subject}: ${what}` }
  const { keyTag, algorithm, expiration } = rrsig
  const detail = `${subject}: RRSIG by tag ${keyTag} ${what}`
  return { status: 'bogus', reason, detail, keyTag, algorithm, expiration }
}

/** Seconds since 1970 as 2026-10-04T14:15:00Z. */
export function formatTime(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`
}
