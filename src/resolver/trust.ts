/**
 * The chain of trust (RFC 4035 5): from a trust anchor, by DS and DNSKEY, to the keys of the zone that a name lies in,
 * or to the proof that the chain ends before.
 */

import { PREFETCH_TTL_SECONDS_MIN, TTL_SECONDS_MAX } from '../base/limits.ts'
import { NO_OCTETS } from '../base/octets.ts'
import { isAging } from '../cache/fields.ts'
import { dnskeySetSteps, dsSupport } from '../dnssec/delegation.ts'
import { proveNoDs } from '../dnssec/denial.ts'
import type { Reason } from '../dnssec/reasons.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import {
  isRoot,
  isStrictSubdomainOf,
  labelCount,
  lastLabels,
  type Name,
  nameKey,
  namesEqual,
  parentOf,
  ROOT,
} from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import type { Context, Job, KnownTrust, Proven, Soon, ZoneTrust } from './context.ts'
import { isExpanded } from './expansion.ts'
import { ownTrust } from './known-trust.ts'
import { inSlices, traceLink, validationParameters } from './proof-work.ts'
import { ROOT_COPY } from './root-copy.ts'
import { liesInOptOut } from './synthesis.ts'

type Untrusted = Exclude<ZoneTrust, { status: 'secure' }>

/** A zone's DS or DNSKEY set is fetched anew at most so often because something does not match it. */
const REFETCH_PAUSE_MS = 30_000
/** Keys with a TTL of 0 still serve the question that fetched them. */
const TRUST_SECONDS_MIN = 1

/**
 * The trust in the zone that holds the data of `owner` and `type`.
 *
 * @param signer whose RRSIG the data carries; undefined when it carries none
 */
export function trustFor(
  context: Context,
  job: Job,
  owner: Name,
  type: number,
  signer: Name | undefined,
): Soon<ZoneTrust> {
  // A DS set is the parent's side of the cut (RFC 4035 3.1.4.1).
  const side = type === TYPE.DS && !isRoot(owner) ? parentOf(owner) : owner
  const holder = signer ?? side
  const { policy } = context
  const exception = policy.exceptionAt(owner) ?? policy.exceptionAt(holder)
  if (exception !== undefined) return without('insecure', holder, exception, '')
  const own = signer === undefined ? undefined : anchorBelow(context, side, signer)
  if (own !== undefined) return trustUnlessProven(context, job, own, side, holder)
  const anchor = policy.anchors.closest(holder)
  if (anchor === undefined) return without('indeterminate', holder, 'no-trust-anchor', '')
  if (namesEqual(anchor, holder)) return apexTrust(context, job, anchor)
  if (signer === undefined) return descend(context, job, anchor, holder)
  return knownTrust(context, job, signer) ?? trustOfSigner(context, job, anchor, signer)
}

/**
 * The trust anchor of a name that lies below who signs for it, as he says, where there is one above him too. Where there is
 * none, nothing is known of him, and his word is as good as without any anchor (Unbound's `val_anchor_nx_nosig`).
 */
export function anchorBelow({ policy }: Context, owner: Name, signer: Name): Name | undefined {
  const anchor = policy.anchors.closest(owner)
  if (anchor === undefined || !isStrictSubdomainOf(anchor, signer)) return undefined
  return policy.anchors.closest(signer) === undefined ? undefined : anchor
}

/**
 * Where the signer is proven he has signed what he holds above the anchor's zone. Else anybody may have named him: an
 * insecure zone says nothing of names below a trust anchor (RFC 4035 4.3).
 */
async function trustUnlessProven(
  context: Context,
  job: Job,
  anchor: Name,
  owner: Name,
  signer: Name,
): Promise<ZoneTrust> {
  const above = context.policy.anchors.closest(signer)!
  const trust = namesEqual(above, signer)
    ? await apexTrust(context, job, above)
    : (knownTrust(context, job, signer) ?? (await trustOfSigner(context, job, above, signer)))
  if (trust.status === 'secure') return trust
  return namesEqual(anchor, owner) ? apexTrust(context, job, anchor) : descend(context, job, anchor, owner)
}

async function trustOfSigner(context: Context, job: Job, anchor: Name, signer: Name): Promise<ZoneTrust> {
  return (await cutTrust(context, job, signer)) ?? (await descend(context, job, anchor, signer))
}

/** Walks down from the deepest zone whose trust is known, cut by cut, until `target` or the end of the chain. */
async function descend(context: Context, job: Job, anchor: Name, target: Name): Promise<ZoneTrust> {
  let trust = deepestKnown(context, job, anchor, target) ?? (await apexTrust(context, job, anchor))
  for (let count = labelCount(trust.zone) + 1; count <= labelCount(target); count++) {
    if (trust.status !== 'secure') break
    const below = await cutTrust(context, job, lastLabels(target, count))
    if (below !== undefined) trust = below
  }
  return trust
}

function deepestKnown(context: Context, job: Job, anchor: Name, target: Name): ZoneTrust | undefined {
  for (let name = target; isStrictSubdomainOf(name, anchor); name = parentOf(name)) {
    const trust = knownTrust(context, job, name)
    if (trust !== undefined) return trust
  }
  return undefined
}

/** What is known of a zone under the present policy. */
function presentTrust({ trust, policy }: Context, zone: Name): KnownTrust | undefined {
  const known = trust.get(nameKey(zone))
  return known?.policySequence === policy.sequence ? known : undefined
}

/** How far the trust in a zone is known; undefined where it is not. */
export function statusOf(context: Context, zone: Name): SecurityStatus | undefined {
  return presentTrust(context, zone)?.trust.status
}

/** True for a zone that is proven, or may be: DS sets lead down to it from a trust anchor, judged or not. */
export function isChained(context: Context, zone: Name): boolean {
  const { policy, rrsets } = context
  const known = statusOf(context, zone)
  if (known !== undefined) return known === 'secure'
  if (policy.negativeTrustAnchor(zone)) return false
  if (policy.anchors.of(zone).length > 0) return true
  if (isRoot(zone) || rrsets.get(zone, TYPE.DS) === undefined) return false
  return isChained(context, rrsets.closestDelegation(parentOf(zone))?.rrset.owner ?? ROOT)
}

/** The trust in a zone as far as it is known, for a job that goes by it. */
function knownTrust(context: Context, { flight }: Job, zone: Name): ZoneTrust | undefined {
  const known = presentTrust(context, zone)
  if (known === undefined) return undefined
  const { trust, ttlSeconds, storedMs, speculation } = known
  if (speculation !== flight.speculation) speculation?.use()
  const lasting = trust.status === 'secure' && ttlSeconds >= PREFETCH_TTL_SECONDS_MIN
  if (lasting && isAging(ttlSeconds, storedMs, context.clock.nowMs())) renewKeys(context, zone)
  return trust
}

/** Fetches the DS and DNSKEY sets of a zone in use anew, so that no answer has to wait for them when they run out. */
function renewKeys(context: Context, zone: Name): void {
  context.renew(`keys ${nameKey(zone)}`, async (job) => {
    if (context.policy.anchors.of(zone).length === 0) await context.lookup(job, zone, TYPE.DS, true)
    const found = await context.lookup(job, zone, TYPE.DNSKEY, true)
    if (found.kind !== 'records') return false
    // A set that had time left was not judged again, but its DS set may be a new one.
    const keys = found.answer.find((set) => set.type === TYPE.DNSKEY)
    return keys !== undefined && (await judgeDnskeySet(context, job, keys)).trust.status === 'secure'
  })
}

function remember<T extends ZoneTrust>(context: Context, job: Job, trust: T, ttlSeconds: number): T {
  const seconds = Math.max(TRUST_SECONDS_MIN, Math.min(ttlSeconds, TTL_SECONDS_MAX))
  const storedMs = context.clock.nowMs()
  const { policySequence, flight } = job
  const own = ownTrust(trust)
  const known = { trust: own, policySequence, storedMs, ttlSeconds: seconds, speculation: flight.speculation }
  context.trust.set(nameKey(own.zone), known, seconds * 1000)
  return own
}

/** When the keys of a zone were proven, in the clock's monotonic milliseconds; undefined when none are known. */
export function keysProvenMs(context: Context, zone: Name): number | undefined {
  const trust = presentTrust(context, zone)?.trust
  return trust?.status === 'secure' ? trust.sinceMs : undefined
}

/** A zone without keys to trust: where that is a fault, its DNSKEY set is the link that is broken. */
function without(
  status: 'insecure' | 'indeterminate' | 'bogus',
  zone: Name,
  reason: Reason,
  detail: string,
): Untrusted {
  const verdict = { status, zone, reason, detail }
  return status === 'bogus' ? { ...verdict, link: { zone, type: TYPE.DNSKEY } } : verdict
}

/** Failures that are the zone's servers'; what else fails is not the zone's fault. */
const WITHOUT_REPLY: ReadonlySet<Reason> = new Set([
  'no-reachable-authority',
  'lame-servers',
  'server-failure',
  'no-server-address',
])

/** @param type of the records of `zone` that could not be had */
function unreachable(zone: Name, type: number, reason: Reason, detail: string): Untrusted {
  const holder = type === TYPE.DS && !isRoot(zone) ? parentOf(zone) : zone
  const text = `${formatType(type)} of ${formatName(zone)}: ${detail}`
  return { status: 'bogus', zone, reason, detail: text, transient: true, link: { zone: holder, type } }
}

/**
 * The trust in `child` as its parent has it.
 *
 * @param forKeys the job that asks for the child's keys, where that is another one
 * @returns undefined when there is no zone cut at `child`
 */
export async function cutTrust(
  context: Context,
  job: Job,
  child: Name,
  forKeys: () => Job = () => job,
): Promise<ZoneTrust | undefined> {
  const known = knownTrust(context, job, child)
  if (known !== undefined) return known
  const optOut = liesInOptOut(context, job, child)
  if (optOut !== undefined) return endOfChain(context, job, child, 'opt-out', optOut.ttlSeconds)
  const ds = await context.lookup(job, child, TYPE.DS)
  if (ds.kind === 'failure') return unreachable(child, TYPE.DS, ds.reason, ds.detail)
  const { status, reason, detail } = ds.judged
  if (status === 'bogus') return { ...ds.judged, status, zone: child }
  if (status === 'insecure') return endOfChain(context, job, child, reason, ds.ttlSeconds)
  if (status !== 'secure')
    return remember(context, job, without(status, child, reason, detail), ds.ttlSeconds)
  const set = ds.answer.find((candidate) => candidate.type === TYPE.DS)
  if (set !== undefined) return await signedCut(context, job, set, ds.ttlSeconds, forKeys)
  if (ds.kind === 'alias' || ds.rcode === RCODE.NXDOMAIN) return undefined
  if (!provesDelegation(context, job, child, ds)) return undefined
  return endOfChain(context, job, child, 'unsigned-delegation', ds.ttlSeconds)
}

/** A cut with a DS set: its keys, unless nothing in the set can be checked here (RFC 4035 5.2). */
function signedCut(
  context: Context,
  job: Job,
  ds: Rrset,
  ttlSeconds: number,
  forKeys: () => Job,
): Soon<ZoneTrust> {
  const support = dsSupport(ds.rdatas, validationParameters(context, job))
  if (support.supported) return apexTrust(context, forKeys(), ds.owner)
  return endOfChain(context, job, ds.owner, support.reason, ttlSeconds)
}

/** Below `zone` nothing is signed as far as anybody can prove: tells the listener, and remembers. */
function endOfChain(context: Context, job: Job, zone: Name, reason: Reason, ttlSeconds: number): Untrusted {
  const detail = `the chain of trust ends at ${formatName(zone)}`
  job.trace?.({ kind: 'link', zone, owner: zone, type: TYPE.DS, verdict: 'insecure', reason, detail })
  return remember(context, job, without('insecure', zone, reason, detail), ttlSeconds)
}

/** True when the (verified) proof shows name servers at `child` but no DS. */
function provesDelegation(context: Context, job: Job, child: Name, ds: Proven): boolean {
  const proofs = ds.authority.filter((set) => set.type !== TYPE.SOA)
  const signer = proofs.map((set) => rrsigSigner(set.signatures[0] ?? NO_OCTETS)).find(isDefined)
  if (signer === undefined) return false
  const records = proofs.map((rrset) => ({ rrset, wildcard: isExpanded(rrset) ? rrset.owner : undefined }))
  return proveNoDs(child, signer, records, validationParameters(context, job)).kind === 'insecure-delegation'
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined
}

/** The trust in a zone that has an anchor or a DS set: by its DNSKEY set. */
export function apexTrust(context: Context, job: Job, zone: Name): Soon<ZoneTrust> {
  return knownTrust(context, job, zone) ?? trustByKeys(context, job, zone)
}

async function trustByKeys(context: Context, job: Job, zone: Name): Promise<ZoneTrust> {
  const found = await context.lookup(job, zone, TYPE.DNSKEY)
  if (found.kind === 'failure') {
    const reason = WITHOUT_REPLY.has(found.reason) ? 'dnskey-unreachable' : found.reason
    return unreachable(zone, TYPE.DNSKEY, reason, found.detail)
  }
  const judged = knownTrust(context, job, zone)
  if (judged !== undefined) return judged
  if (found.judged.status === 'bogus') return { ...found.judged, status: 'bogus', zone }
  const keys = found.answer.find((set) => set.type === TYPE.DNSKEY)
  if (found.kind === 'records' && keys !== undefined) return (await judgeDnskeySet(context, job, keys)).trust
  return (await judgeMissingKeys(context, job, zone)) ?? without('bogus', zone, 'dnskey-missing', '')
}

/**
 * Judges the DNSKEY set at an apex by the parent's DS set or by the anchors, and remembers the zone's keys, or that it
 * needs none. A bogus set is not remembered here: another server may have a better one.
 */
export async function judgeDnskeySet(
  context: Context,
  job: Job,
  rrset: Rrset,
): Promise<{ readonly trust: ZoneTrust; readonly ttlSeconds: number }> {
  const zone = rrset.owner
  const { ttlSeconds } = rrset
  const by = await apexAnchors(context, job, zone)
  if (by === undefined) {
    const detail = `${formatName(zone)} has keys and is no zone of its own`
    return { trust: without('bogus', zone, 'signature-missing', detail), ttlSeconds }
  }
  if ('status' in by) return { trust: { ...by, inChain: true }, ttlSeconds }
  const checked = await checkApex(context, job, rrset, by, Math.min(ttlSeconds, by.ttlSeconds))
  const { trust } = checked
  if (trust.status !== 'bogus' || trust.reason !== 'dnskey-missing') return checked
  const anew = await anchorsAnew(context, job, zone, by)
  if (anew === undefined) return checked
  if ('status' in anew) return { trust: { ...anew, inChain: true }, ttlSeconds }
  return checkApex(context, job, rrset, anew, Math.min(ttlSeconds, anew.ttlSeconds))
}

/**
 * What holds now where a zone's keys match nothing in a DS set that was cached: the zone may have changed its keys, and
 * its parent the DS set, since (attack V42), or both have given up signing. Fetched once in a while only, so that no
 * stranger can make us hurry.
 *
 * @returns undefined where nothing newer is to be had
 */
async function anchorsAnew(
  context: Context,
  job: Job,
  zone: Name,
  { isCachedDs }: ApexAnchors,
): Promise<ApexAnchors | Untrusted | undefined> {
  if (!isCachedDs || !mayRefetch(context, zone, TYPE.DS)) return undefined
  context.rrsets.remove(zone, TYPE.DS)
  const anew = await apexAnchors(context, job, zone)
  return anew !== undefined && 'status' in anew && anew.status === 'bogus' ? undefined : anew
}

/** True once in a while: then the zone's DS or DNSKEY set may be fetched anew because something does not match it. */
export function mayRefetch({ refetches }: Context, zone: Name, type: number): boolean {
  const key = `${type} ${nameKey(zone)}`
  if (refetches.get(key) === true) return false
  refetches.set(key, true, REFETCH_PAUSE_MS)
  return true
}

/** The trust in a zone whose servers say that it has no DNSKEY; undefined where no zone begins. */
export async function judgeMissingKeys(
  context: Context,
  job: Job,
  zone: Name,
): Promise<Untrusted | undefined> {
  const known = await apexAnchors(context, job, zone)
  if (known === undefined) return undefined
  const by = 'status' in known ? known : ((await anchorsAnew(context, job, zone, known)) ?? known)
  if ('status' in by) return { ...by, inChain: true }
  const detail = `${formatName(zone)} has a DS record or an anchor, but no DNSKEY`
  return without('bogus', zone, 'dnskey-missing', detail)
}

/**
 * What the DNSKEY set of `zone` must match, or why it need not or cannot match anything.
 *
 * @returns undefined where no zone begins
 */
async function apexAnchors(
  context: Context,
  job: Job,
  zone: Name,
): Promise<ApexAnchors | Untrusted | undefined> {
  const { policy } = context
  const exception = policy.exceptionAt(zone)
  if (exception !== undefined) return without('insecure', zone, exception, '')
  const anchors = policy.anchors.of(zone)
  if (anchors.length > 0) return { anchors, ttlSeconds: TTL_SECONDS_MAX, isCachedDs: false }
  if (policy.anchors.closest(zone) === undefined) return without('indeterminate', zone, 'no-trust-anchor', '')
  const ds = await context.lookup(job, zone, TYPE.DS)
  if (ds.kind === 'failure') return unreachable(zone, TYPE.DS, ds.reason, ds.detail)
  const { status, reason, detail } = ds.judged
  if (status === 'bogus') return { ...ds.judged, status, zone }
  if (status !== 'secure') return without(status, zone, reason, detail)
  const set = ds.answer.find((candidate) => candidate.type === TYPE.DS)
  if (set !== undefined) {
    const support = dsSupport(set.rdatas, validationParameters(context, job))
    if (!support.supported) return endOfChain(context, job, zone, support.reason, ds.ttlSeconds)
    const isCachedDs = ds.server === '' || ds.server === ROOT_COPY
    return { ds: set.rdatas, ttlSeconds: ds.ttlSeconds, isCachedDs }
  }
  if (ds.kind === 'negative' && provesDelegation(context, job, zone, ds)) {
    return without('insecure', zone, 'unsigned-delegation', `${formatName(zone)} has no DS`)
  }
  return undefined
}

type ApexTrust = Parameters<typeof dnskeySetSteps>[1]

/** What a DNSKEY set is held against, for how long, and whether that is a DS set out of the cache, or of a copy. */
type ApexAnchors = ApexTrust & { readonly ttlSeconds: number; readonly isCachedDs: boolean }

async function checkApex(
  context: Context,
  job: Job,
  rrset: Rrset,
  by: ApexTrust,
  ttlSeconds: number,
): Promise<{ readonly trust: ZoneTrust; readonly ttlSeconds: number }> {
  const zone = rrset.owner
  const verdict = await inSlices(context, job, (p) => dnskeySetSteps(rrset, by, zone, p))
  traceLink(job, zone, rrset, verdict)
  if (verdict.status === 'secure') {
    const trust: ZoneTrust = { status: 'secure', zone, keys: verdict.keys, sinceMs: context.clock.nowMs() }
    const kept = Math.min(ttlSeconds, verdict.ttlSeconds)
    return { trust: remember(context, job, trust, kept), ttlSeconds: kept }
  }
  const detail = verdict.status === 'bogus' ? verdict.detail : ''
  const trust = without(verdict.status, zone, verdict.reason, detail)
  if (verdict.status === 'insecure') remember(context, job, trust, ttlSeconds)
  return { trust, ttlSeconds }
}
