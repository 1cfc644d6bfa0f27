/**
 * One name and type, with its verdict: from the cache where it was judged before, else fetched and judged. Data that
 * does not validate is asked of other servers before anybody hears `bogus`.
 */
import {
  BOGUS_RETRIES_MAX,
  BOGUS_TTL_SECONDS,
  LIMIT_FAILURE_TTL_SECONDS,
  VAIN_RETRIES_MAX,
} from '../base/limits.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { questionKind } from '../cache/tracked-server.ts'
import { REASONS } from '../dnssec/reasons.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import {
  isRoot,
  isStrictSubdomainOf,
  isSubdomainOf,
  type Name,
  nameKey,
  parentOf,
  ROOT,
} from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import { leftAloneKey } from './ask-zone.ts'
import { fromCache } from './cached.ts'
import {
  type Context,
  type Data,
  type Found,
  failure,
  fetchedKey,
  type Job,
  type Judgement,
  judgedBy,
  type Proven,
  proven as provenAs,
  type ResolutionFailure,
  type Soon,
} from './context.ts'
import { reportError } from './error-reports.ts'
import { isExpanded, isSynthesised } from './expansion.ts'
import { fetchFresh } from './fetch.ts'
import { isLimit, share } from './joining.ts'
import { judge } from './judge.ts'
import { ownLink } from './known-trust.ts'
import { synthesise } from './synthesis.ts'
import { keysProvenMs, mayRefetch } from './trust.ts'

/** A zone's keys must be at least this old before a wrong tag makes us fetch them anew: no stranger can make us hurry. */
const KEY_AGE_MS_BEFORE_REFETCH = 30_000
const NOBODY: ReadonlySet<string> = new Set()

/**
 * Looks up, joining an equal question under way.
 *
 * @param anew fetches again what is in the last tenth of its lifetime
 */
export function lookup(context: Context, job: Job, name: Name, type: number, anew = false): Soon<Found> {
  const known = fromCache(context, name, type, anew)
  if (known?.judged !== undefined)
    return provenAs(known, remembered(context, name, type, known.judged), known.ttlSeconds)
  // What is fetched anew brings new records to make answers of.
  const made = known === undefined && !anew ? synthesise(context, job, name, type) : undefined
  if (made !== undefined) return made
  const failed = known === undefined && !anew ? inZoneLeftAlone(context, job, name, type) : undefined
  if (failed !== undefined) return failed
  // Who asks under a newer policy does not take a verdict under an older one.
  const key = lookupKey(job.policySequence, name, type)
  const subject = (): string => `${formatName(name)} ${formatType(type)}`
  return share(context, context.lookups, key, job, subject, (own) =>
    prove(context, own, name, type, anew, known),
  )
}

/**
 * The failure of a zone of whose servers none may be asked for a moment, where the name belongs to one. Who has gone
 * before finds his data all the same, and an equal question under way is joined: it may be the one that tries them again.
 */
function inZoneLeftAlone(
  { leftAlone, rrsets, routes, settings, lookups, failures }: Context,
  { fetched, flight, policySequence }: Job,
  name: Name,
  type: number,
): ResolutionFailure | undefined {
  if (leftAlone.size === 0 || fetched !== undefined || flight.isSpeculative || isRoot(name)) return undefined
  if (settings.verifyReferrals || lookups.has(lookupKey(policySequence, name, type))) return undefined
  if (failures.get(name, type) !== undefined) return undefined
  const from = type === TYPE.DS ? parentOf(name) : name
  const at = routes.closest(from) === undefined ? rrsets.closestCut(from) : -1
  if (at < 0) return undefined
  const zone = from.subarray(at) as Name
  const kind = questionKind(type)
  return (
    leftAlone.get(leftAloneKey(zone, '')) ??
    (kind === '' ? undefined : leftAlone.get(leftAloneKey(zone, kind)))
  )
}

function lookupKey(policySequence: number, name: Name, type: number): string {
  return `${policySequence} ${type} ${nameKey(name)}`
}

/** @param known what the cache has, not judged yet */
async function prove(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew: boolean,
  known: Data | undefined,
): Promise<Found> {
  const data =
    job.fetched?.get(fetchedKey(name, type)) ??
    known ??
    (await context.fetchData(judgedBy(job, job), name, type, anew))
  if (data.kind === 'failure') return data
  const beganMs = context.clock.nowMs()
  let proven = await judge(context, job, name, type, data)
  if (await areKeysNewer(context, job, type, proven, beganMs))
    proven = await judge(context, job, name, type, data)
  if (mayBeStripped(proven)) proven = await askOthers(context, job, name, type, proven)
  const transient = unfinished(job, proven)
  if (transient !== undefined) return { ...proven, judged: transient, ttlSeconds: LIMIT_FAILURE_TTL_SECONDS }
  if (proven.judged.status === 'bogus') proven = await askOthers(context, job, name, type, proven)
  else if (context.vainRetries.size > 0) context.vainRetries.delete(retryKey(context, name, type))
  if (proven.judged.status !== 'bogus') return keep(context, job, name, type, proven)
  reportError(context, job, name, type, proven)
  return keep(context, job, name, type, namingForwarder(located(context, name, type, proven)))
}

/** A verdict out of the cache, which keeps the words of it alone. */
function remembered({ brokenLinks }: Context, name: Name, type: number, judged: Judgement): Judgement {
  if (judged.status !== 'bogus') return judged
  const link = brokenLinks.get(fetchedKey(name, type))
  return link === undefined ? judged : { ...judged, link }
}

/** Bogus data with the link that is broken: its own, where the chain above has said nothing else. */
function located(context: Context, name: Name, type: number, proven: Proven): Proven {
  const { judged, answer, authority } = proven
  const link = ownLink(judged.link ?? { zone: zoneOf(context, name, type, [...answer, ...authority]), type })
  context.brokenLinks.set(fetchedKey(name, type), link, BOGUS_TTL_SECONDS * 1000)
  return { ...proven, judged: { ...judged, link } }
}

/** The zone that gave data: the one that signed it, as it says, or the deepest that is known. */
function zoneOf({ rrsets }: Context, name: Name, type: number, sets: readonly Rrset[]): Name {
  if (type === TYPE.DNSKEY) return name
  for (const { signatures, owner } of sets) {
    const signer = signatures[0] && rrsigSigner(signatures[0])
    if (signer !== undefined && isSubdomainOf(owner, signer)) return signer
  }
  const from = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name
  return rrsets.closestDelegation(from)?.rrset.owner ?? ROOT
}

/**
 * The verdict on data that could not be judged to the end: not proven, so not served, but nothing is known against
 * the zone either. Kept for seconds and stored nowhere; a client that sets CD still gets the data.
 */
function unfinished(job: Job, { judged }: Proven): Judgement | undefined {
  if (judged.status !== 'bogus') return undefined
  if (job.budget.proof.exceeded !== undefined) return { ...judged, reason: 'too-much-work', transient: true }
  return judged.transient === true ? judged : undefined
}

/** The verdict on bogus data with the forwarder that gave it, which may be what strips signatures. */
function namingForwarder(proven: Proven): Proven {
  const { judged, forwarder } = proven
  if (judged.inChain === true || forwarder === undefined) return proven
  const detail = `${judged.detail || REASONS[judged.reason].text} (says forwarder ${forwarder})`
  return { ...proven, judged: { ...judged, detail } }
}

/**
 * True for data without signatures where the walk to the keys broke off: perhaps there should be some, and the server
 * that left them out does not answer for the chain either (a server that knows no DNSSEC).
 */
function mayBeStripped({ judged, answer, authority }: Proven): boolean {
  if (judged.transient !== true || isLimit(judged.reason)) return false
  return [...answer, ...authority].every((set) => set.signatures.length === 0)
}

// --- keys ---------------------------------------------------------------------------------------------------------

/** True when data whose signers' keys were missing is to be judged again: those may have been published since ours were fetched. */
async function areKeysNewer(
  context: Context,
  job: Job,
  type: number,
  { judged, answer, authority }: Proven,
  beganMs: number,
): Promise<boolean> {
  // A DNSKEY set is held against the DS set, and `trust.ts` looks for a newer one of those.
  if (judged.reason !== 'dnskey-missing' || judged.inChain === true || type === TYPE.DNSKEY) return false
  for (const { signatures } of [...answer, ...authority]) {
    const signer = signatures[0] && rrsigSigner(signatures[0])
    const provenMs = signer && keysProvenMs(context, signer)
    if (signer === undefined || provenMs === undefined) continue
    if (provenMs > beganMs || (await fetchKeys(context, job, signer, provenMs))) return true
  }
  return false
}

/**
 * Fetches a zone's keys anew, joining who is at it. Those that are known stay until newer ones are proven: nobody who
 * makes up a tag must be able to take a zone's keys away while its servers are out of reach.
 */
async function fetchKeys(context: Context, job: Job, zone: Name, provenMs: number): Promise<boolean> {
  if (context.clock.nowMs() - provenMs < KEY_AGE_MS_BEFORE_REFETCH) return false
  const subject = (): string => `${formatName(zone)} DNSKEY`
  const key = `anew ${job.policySequence} ${nameKey(zone)}`
  const found = await share(context, context.lookups, key, job, subject, async (own): Promise<Found> => {
    if (!mayRefetch(context, zone, TYPE.DNSKEY)) return failure('dnskey-missing', '')
    return freshKeys(context, own, zone)
  })
  return found.kind === 'records' && found.judged.status === 'secure'
}

/** What the servers of a zone give for its keys now; kept where it is proven. */
export async function freshKeys(context: Context, job: Job, zone: Name): Promise<Found> {
  const data = await fetchFresh(context, job, zone, TYPE.DNSKEY, NOBODY)
  if (data.kind === 'failure') return data
  const proven = await judge(context, job, zone, TYPE.DNSKEY, data)
  return proven.judged.status === 'secure' ? keep(context, job, zone, TYPE.DNSKEY, proven) : proven
}

// --- other servers ------------------------------------------------------------------------------------------------

/**
 * Asks other servers of the zone for what did not validate, since the fault may be one server's. Not when it lies in
 * the chain above, nor when no signature of theirs could be verified any more (C01), nor when asking around has been in
 * vain for the zone so far: then its signing is broken, and all its names at once must not triple the questions to it
 * (B10).
 */
async function askOthers(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  bogus: Proven,
): Promise<Proven> {
  const key = retryKey(context, name, type)
  const vain = context.vainRetries.get(key) ?? 0
  const { proof } = job.budget
  const inChain = bogus.judged.inChain === true && bogus.judged.transient !== true
  if (inChain || vain >= VAIN_RETRIES_MAX) return bogus
  // Who denied an ancestor was not asked for the name itself yet.
  const asked = new Set(bogus.server === '' || bogus.denied !== undefined ? [] : [bogus.server])
  let answers = 0
  for (let retry = 0; retry < BOGUS_RETRIES_MAX && !proof.isSpent; retry++) {
    const data = await fetchFresh(context, job, name, type, asked)
    if (data.kind === 'failure') break
    const other = await judge(context, job, name, type, data)
    if (unfinished(job, other) !== undefined) break
    if (other.judged.status === 'secure') noteBad(context, name, type, asked)
    if (other.judged.status !== 'bogus') return other
    asked.add(data.server)
    answers++
  }
  if (answers > 0) context.vainRetries.set(key, vain + 1, BOGUS_TTL_SECONDS * 1000)
  return bogus
}

/** Servers that gave bogus data where another one had good are asked after the others for a while. */
function noteBad(context: Context, name: Name, type: number, bad: ReadonlySet<string>): void {
  const zone = context.routes.of(name, type) === undefined ? zoneAsked(context, name, type) : undefined
  if (zone !== undefined) for (const key of bad) context.servers.setLame(key, zone)
}

/** The zone whose servers are asked, as far as delegations are known. */
function zoneAsked({ rrsets }: Context, name: Name, type: number): Name | undefined {
  const from = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name
  return rrsets.closestDelegation(from)?.rrset.owner
}

/** That zone; behind a forwarder none is known. */
function retryKey(context: Context, name: Name, type: number): string {
  if (context.routes.of(name, type)?.kind === 'forward') return nameKey(isRoot(name) ? name : parentOf(name))
  const zone = zoneAsked(context, name, type)
  return zone === undefined ? '' : nameKey(zone)
}

// --- the cache ----------------------------------------------------------------------------------------------------

/** Stores what was judged, and gives it on. */
export function keep(context: Context, job: Job, name: Name, type: number, proven: Proven): Proven {
  const { status, reason } = proven.judged
  const { number, ede } = REASONS[reason]
  const ttlSeconds = status === 'bogus' ? BOGUS_TTL_SECONDS : proven.ttlSeconds
  // Clients are told of errors alone; what there is to say of most names, that they are unsigned, would take a fifth of their room.
  const detail = ede === undefined ? '' : proven.judged.detail
  const stamp = { status, reason: number, detail, policySequence: job.policySequence }
  context.counters.validation(status)
  if (status === 'bogus') context.counters.bogus(reason)
  const kept = ttlSeconds === proven.ttlSeconds ? proven : { ...proven, ttlSeconds }
  if (proven.uncached === true) return kept
  keepProofs(context, job, proven)
  if (reason === 'cname-wrong') keepDname(context, job, proven)
  if (proven.kind === 'negative') {
    const { rcode, authority, denied } = proven
    const entry = { rcode, authority, ttlSeconds, ...stamp }
    context.rrsets.putNegative(name, type, entry)
    if (denied !== undefined && status === 'secure') context.rrsets.putNegative(denied, type, entry)
  } else if (type !== TYPE.ANY) {
    for (const rrset of proven.answer) {
      if (!keepable(proven, name, rrset)) continue
      // A verdict of bogus stands for its time even where the data came with a TTL of 0.
      const set = status === 'bogus' ? { ...rrset, ttlSeconds } : rrset
      context.rrsets.put(set, { rank: RANK.ANSWER_AA, ttlSeconds, ...stamp })
    }
  }
  return kept
}

/**
 * Keeps what a whole judged answer proved beside what was asked, to answer other questions by it (RFC 8198). Behind an
 * opt-out span the answer is insecure, the records are no less verified.
 */
function keepProofs(context: Context, job: Job, { judged, proofs, wildcards = [] }: Proven): void {
  const { status, reason } = judged
  if (proofs === undefined || !context.settings.aggressiveDenial) return
  if (status !== 'secure' && reason !== 'opt-out') return
  context.denials.add(proofs, job.policySequence)
  if (status !== 'secure') return
  const stamp = { status, reason: REASONS[reason].number, policySequence: job.policySequence }
  for (const rrset of wildcards)
    context.rrsets.put(rrset, { rank: RANK.ANSWER_AA, ttlSeconds: rrset.ttlSeconds, ...stamp })
}

/** The DNAME itself was proven, and makes the next answer without the server that got this one wrong. */
function keepDname({ rrsets }: Context, { policySequence }: Job, { answer: [dname] }: Proven): void {
  if (dname?.type !== TYPE.DNAME || isExpanded(dname)) return
  const { ttlSeconds } = dname
  const reason = REASONS.secure.number
  rrsets.put(dname, { rank: RANK.ANSWER_AA, ttlSeconds, status: 'secure', reason, policySequence })
}

/**
 * What may answer again from the RRset cache. Not what a wildcard made: it needs its proof beside it. Not what a
 * DNAME made: the DNAME makes it again. A DNAME that nobody asked for only when secure (attack A07).
 */
function keepable({ answer, judged }: Proven, name: Name, rrset: Rrset): boolean {
  if (rrset.type === TYPE.RRSIG || isSynthesised(rrset, answer) || isExpanded(rrset)) return false
  return rrset.type !== TYPE.DNAME || !isStrictSubdomainOf(name, rrset.owner) || judged.status === 'secure'
}
