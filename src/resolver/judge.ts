/**
 * Judges data (RFC 4035 5): every RRset under the keys of the zone that signed it, every denial by its proofs.
 * The four verdicts are those of RFC 4033 5; `insecure` is said only by proof.
 */
import { TARGET_PROOFS_MAX } from '../base/limits.ts'
import type { VerifiedDenial } from '../cache/denial-ranges.ts'
import { Denial, type DenialRecord, proveWildcardAnswer } from '../dnssec/denial.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { rrsetSteps } from '../dnssec/rrset-signature.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, isSubdomainOf, type Name, namesEqual, parentOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import {
  type Context,
  type Data,
  type Job,
  type Judgement,
  type Proven,
  proven,
  type Soon,
  type ZoneTrust,
} from './context.ts'
import { isSynthesised, unexpanded } from './expansion.ts'
import { inSlices, traceLink, validationParameters } from './proof-work.ts'
import { anchorBelow, judgeDnskeySet, judgeMissingKeys, trustFor } from './trust.ts'
import { cappedTo, negativeTtlSeconds } from './ttl-limits.ts'

/** A verdict, with the time it may be kept and what a wildcard needs proved. */
interface SetJudgement extends Judgement {
  readonly ttlSeconds: number
  /** The closest encloser, when the RRset was expanded from the wildcard below it. */
  readonly wildcard: Name | undefined
  /** The zone whose keys decided. */
  readonly zone: ZoneTrust
  /** What proved that the wildcard applies. */
  readonly proofs?: VerifiedDenial
}

const SECURE: Judgement = { status: 'secure', reason: 'secure', detail: '' }

/** Judges all of an answer to `name` and `type`; its verdict is the worst of its parts. */
export function judge(context: Context, job: Job, name: Name, type: number, data: Data): Soon<Proven> {
  if (context.policy.mode === 'off') return notJudged(context, data)
  // The denial of an ancestor denies the name too (RFC 8020 2), and only the former can be checked.
  if (data.kind === 'negative') return judgeDenial(context, job, name, type, data)
  return judgeAnswer(context, job, name, type, data)
}

async function judgeDenial(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  data: Data,
): Promise<Proven> {
  const { denied = name } = data
  const judged = await judgeNegative(context, job, denied, type, data)
  if (judged.judged.status === 'secure' || !isAboveAnchor(context, denied, name)) return judged
  return withVerdict(data, unprovenAbove(denied, name), judged.ttlSeconds)
}

async function judgeAnswer(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  data: Data,
): Promise<Proven> {
  let worst: Judgement = SECURE
  let ttlSeconds = Number.POSITIVE_INFINITY
  let proofs: VerifiedDenial | undefined
  let zone: ZoneTrust | undefined
  const answer: Rrset[] = []
  const wildcards: Rrset[] = []
  for (const rrset of data.answer) {
    const verdict = await judgeAnswerSet(context, job, name, type, data, rrset)
    worst = worseOf(worst, verdict)
    ttlSeconds = Math.min(ttlSeconds, verdict.ttlSeconds)
    const judged = cappedTo(rrset, verdict.ttlSeconds)
    answer.push(judged)
    proofs ??= verdict.proofs
    zone ??= verdict.zone
    const wildcard = verdict.wildcard && unexpanded(judged, verdict.wildcard)
    if (wildcard !== undefined) wildcards.push(wildcard)
  }
  if (worst.status === 'secure' && data.contradicted === true) {
    const detail = `${formatName(name)} CNAME is not what the DNAME of ${formatName(answer[0]!.owner)} makes`
    worst = { status: 'bogus', reason: 'cname-wrong', detail }
  }
  if (worst.status === 'secure' && data.kind === 'alias' && proofs === undefined && zone !== undefined)
    proofs = await proofsAboutTarget(context, job, data.authority, zone, ttlSeconds)
  // AD speaks for the authority section too (RFC 4035 3.2.3), so what was not verified stays out of it.
  const authority = worst.status === 'secure' ? provers(proofs) : data.authority
  const parts = { answer, authority, proofs, wildcards: proofs && wildcards }
  return proven(data, verdictOf(worst), ttlSeconds, parts)
}

/**
 * What a server says about the end of an alias, where the alias needs no proof itself: taken for what it is worth, which is
 * often the next answer or the absence of a DS. What does not verify, or ends before the alias, is left out.
 */
async function proofsAboutTarget(
  context: Context,
  job: Job,
  authority: readonly Rrset[],
  zone: ZoneTrust,
  aliasSeconds: number,
): Promise<VerifiedDenial | undefined> {
  if (authority.length === 0 || authority.length > TARGET_PROOFS_MAX) return undefined
  const proofs = await judgeProofs(context, job, authority, zone)
  const { fault, records } = proofs
  const lifetime = Math.min(proofs.ttlSeconds, context.settings.ttlSeconds.negativeMax)
  if (
    fault !== undefined ||
    records.length === 0 ||
    lifetime < Math.min(aliasSeconds, context.settings.ttlSeconds.negativeMax)
  )
    return undefined
  return verified(zone, proofs, lifetime)
}

function provers(proofs: Pick<VerifiedDenial, 'records' | 'soa'> | undefined): Rrset[] {
  if (proofs === undefined) return []
  const records = proofs.records.map(({ rrset }) => rrset)
  return proofs.soa === undefined ? records : [proofs.soa, ...records]
}

function withVerdict(data: Data, judged: Judgement, ttlSeconds: number): Proven {
  return proven(data, verdictOf(judged), ttlSeconds)
}

const NOT_JUDGED: Judgement = { status: 'indeterminate', reason: 'not-judged', detail: '' }

/** Data as it came, with a verdict that somebody else reached, or none. */
export function notJudged(context: Context, data: Data, judged: Judgement = NOT_JUDGED): Proven {
  return withVerdict(data, judged, data.ttlSeconds ?? lifetimeOf(context, data))
}

/** The verdict alone, out of whatever carries one. */
function verdictOf({ status, reason, detail, transient, inChain, link }: Judgement): Judgement {
  return { status, reason, detail, transient, inChain, link }
}

/** What the lack of trust in a zone means for its data. */
function fromAbove(zone: Judgement): Judgement {
  const { status, reason, detail, transient, link } = zone
  return { status, reason, detail, transient, inChain: true, link }
}

/** Seconds that unjudged data may be kept. */
function lifetimeOf(context: Context, data: Data): number {
  if (data.kind === 'negative') return denialTtlSeconds(context, data)
  return Math.min(...data.answer.map((set) => set.ttlSeconds))
}

/** A denial out of the cache, judged again, lives no longer than it would have. */
function denialTtlSeconds({ settings }: Context, { authority, ttlSeconds }: Data): number {
  return Math.min(ttlSeconds ?? Number.POSITIVE_INFINITY, negativeTtlSeconds(authority, settings.ttlSeconds))
}

const SEVERITY = { secure: 0, insecure: 1, indeterminate: 2, bogus: 3 } as const

/** The less trusted of two verdicts; the first where they are level. */
export function worseOf(a: Judgement, b: Judgement): Judgement {
  return SEVERITY[b.status] > SEVERITY[a.status] ? b : a
}

async function judgeAnswerSet(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  data: Data,
  rrset: Rrset,
): Promise<SetJudgement> {
  if (isSynthesised(rrset, data.answer)) {
    // We made it from the DNAME ourselves (RFC 6672 5.3.1): it is as good as that.
    return unsignedLike(SECURE, rrset)
  }
  if (rrset.type === TYPE.RRSIG) {
    // RFC 4035 2.2: signatures are not signed themselves.
    return unsignedLike({ status: 'indeterminate', reason: 'not-judged', detail: '' }, rrset)
  }
  const verdict = await judgeRrset(context, job, type, rrset)
  if (verdict.status !== 'secure' && rrset.type === TYPE.DNAME && isAboveAnchor(context, rrset.owner, name))
    return { ...verdict, ...unprovenAbove(rrset.owner, name) }
  if (verdict.status !== 'secure' || verdict.wildcard === undefined) return verdict
  return judgeExpansion(context, job, data, rrset, verdict, verdict.wildcard)
}

/** True for what lies above a trust anchor of the name: it says something of the name only where it is proven itself. */
function isAboveAnchor(context: Context, owner: Name, name: Name): boolean {
  return anchorBelow(context, name, owner) !== undefined && !context.policy.negativeTrustAnchor(name)
}

function unprovenAbove(owner: Name, name: Name): Judgement {
  const detail = `${formatName(owner)} is not proven, and there is a trust anchor for ${formatName(name)}`
  return { status: 'bogus', reason: 'signature-missing', detail }
}

function unsignedLike(judgement: Judgement, rrset: Rrset): SetJudgement {
  const zone: ZoneTrust = { status: 'indeterminate', zone: rrset.owner, reason: judgement.reason, detail: '' }
  return { ...judgement, ttlSeconds: rrset.ttlSeconds, wildcard: undefined, zone }
}

/** An answer from a wildcard needs the proof that no closer name exists (RFC 4035 5.3.4, RFC 5155 8.8). */
async function judgeExpansion(
  context: Context,
  job: Job,
  data: Data,
  rrset: Rrset,
  verdict: SetJudgement,
  closestEncloser: Name,
): Promise<SetJudgement> {
  const proofs = await judgeProofs(context, job, data.authority, verdict.zone)
  if (proofs.fault !== undefined) return { ...verdict, ...proofs.fault }
  const parameters = validationParameters(context, job)
  const proof = proveWildcardAnswer(
    rrset.owner,
    closestEncloser,
    verdict.zone.zone,
    proofs.records,
    parameters,
  )
  const ttlSeconds = Math.min(verdict.ttlSeconds, proofs.ttlSeconds)
  if (proof.status === 'secure') {
    // RFC 9077 bounds proofs by the SOA, which such an answer does not bring.
    const lifetime = Math.min(proofs.ttlSeconds, context.settings.ttlSeconds.negativeMax)
    return { ...verdict, ttlSeconds, proofs: verified(verdict.zone, proofs, lifetime) }
  }
  const { status, reason, detail } = proof
  return { ...verdict, status, reason, detail, ttlSeconds }
}

/** Judges one RRset by its signatures and the keys of the zone that made them. */
async function judgeRrset(context: Context, job: Job, type: number, rrset: Rrset): Promise<SetJudgement> {
  const signer = signerOf(rrset)
  if (rrset.type === TYPE.DNSKEY && (signer === undefined || namesEqual(signer, rrset.owner))) {
    return await judgeApexKeys(context, job, rrset)
  }
  // What answers a DS question comes from above a cut, an alias too: there is no cut at an alias (RFC 2181 10.1).
  // A DNAME above the name may stand at a cut, and is the child's then (RFC 6672 2.3).
  const held = type === TYPE.DS && rrset.type !== TYPE.DNAME ? type : rrset.type
  const zone = await trustFor(context, job, rrset.owner, held, signer)
  if (zone.status !== 'secure') return setVerdict(fromAbove(zone), rrset, zone)
  if (signer === undefined) {
    const subject = `${formatName(rrset.owner)} ${formatType(rrset.type)}`
    const detail = `no RRSIG over ${subject}, and ${formatName(zone.zone)} is signed`
    const missing = { status: 'bogus', reason: 'signature-missing', detail } as const
    traceLink(job, zone.zone, rrset, missing)
    return setVerdict(missing, rrset, zone)
  }
  const { keys } = zone
  const verdict = await inSlices(context, job, (p) => rrsetSteps(rrset, keys, p))
  traceLink(job, zone.zone, rrset, verdict)
  if (verdict.status === 'bogus') return setVerdict(verdict, rrset, zone)
  const { ttlSeconds, wildcard } = verdict
  return { status: 'secure', reason: 'secure', detail: '', ttlSeconds, wildcard, zone }
}

function setVerdict(judgement: Judgement, rrset: Rrset, zone: ZoneTrust): SetJudgement {
  const { status, reason, detail, transient, inChain, link } = judgement
  const { ttlSeconds } = rrset
  return { status, reason, detail, transient, inChain, link, ttlSeconds, wildcard: undefined, zone }
}

/** The DNSKEY set at an apex is judged by the parent's DS set, or by the anchors. */
async function judgeApexKeys(context: Context, job: Job, rrset: Rrset): Promise<SetJudgement> {
  const { trust, ttlSeconds } = await judgeDnskeySet(context, job, rrset)
  if (trust.status === 'secure') return { ...SECURE, ttlSeconds, wildcard: undefined, zone: trust }
  return { ...setVerdict(trust, rrset, trust), ttlSeconds }
}

/** The signer of the set's RRSIGs: the deepest one that may sign for the owner (RFC 4035 5.3.1). */
function signerOf(rrset: Rrset): Name | undefined {
  let deepest: Name | undefined
  let own: Name | undefined
  for (const rdata of rrset.signatures) {
    const signer = rrsigSigner(rdata)
    if (signer === undefined || !isSubdomainOf(rrset.owner, signer)) continue
    if (!isStrictSubdomainOf(rrset.owner, signer)) {
      if (rrset.type === TYPE.DS) continue
      // No zone begins at an alias, so another signer is the right one if there is any (RFC 2181 10.1).
      if (rrset.type === TYPE.CNAME) {
        own = signer
        continue
      }
    }
    if (deepest === undefined || signer.length > deepest.length) deepest = signer
  }
  return deepest ?? own
}

interface Proofs {
  readonly records: readonly DenialRecord[]
  readonly soa: Rrset | undefined
  readonly ttlSeconds: number
  readonly fault: Judgement | undefined
}

/** Verifies the NSEC and NSEC3 RRsets (and SOA) of a denial under one zone's keys. */
async function judgeProofs(
  context: Context,
  job: Job,
  authority: readonly Rrset[],
  zone: ZoneTrust,
): Promise<Proofs> {
  const records: DenialRecord[] = []
  let ttlSeconds = Number.POSITIVE_INFINITY
  let soa: Rrset | undefined
  let fault: Judgement | undefined
  if (zone.status !== 'secure') return { records, soa, ttlSeconds, fault }
  const own = authority.filter((rrset) => concerns(rrset, zone.zone))
  // One of them is the SOA, as a rule.
  const most = job.budget.limits.proof.denialRrsets + 1
  if (own.length > most) job.budget.proof.note('denial-rrsets', zone.zone)
  for (const rrset of own.slice(0, most)) {
    const { keys } = zone
    const verdict = await inSlices(context, job, (p) => rrsetSteps(rrset, keys, p))
    traceLink(job, zone.zone, rrset, verdict)
    if (verdict.status === 'bogus') {
      fault ??= { status: 'bogus', reason: verdict.reason, detail: verdict.detail }
      continue
    }
    ttlSeconds = Math.min(ttlSeconds, verdict.ttlSeconds)
    if (rrset.type !== TYPE.SOA) records.push({ rrset, wildcard: verdict.wildcard })
    else if (namesEqual(rrset.owner, zone.zone)) soa = rrset
  }
  return { records, soa, ttlSeconds, fault }
}

/** What was verified, for others to be proven by it too (RFC 8198); all of it lives as long as the answer. */
function verified({ zone }: ZoneTrust, { records, soa }: Proofs, ttlSeconds: number): VerifiedDenial {
  const kept = records.map(({ rrset, wildcard }) => ({ rrset: cappedTo(rrset, ttlSeconds), wildcard }))
  return { zone, records: kept, soa: soa && cappedTo(soa, ttlSeconds) }
}

/** False for what another zone signed: a server of several zones may add what belongs to the end of an alias. */
function concerns(rrset: Rrset, zone: Name): boolean {
  const signers = rrset.signatures.map((rdata) => rrsigSigner(rdata))
  return signers.length === 0 || signers.some((signer) => signer === undefined || namesEqual(signer, zone))
}

async function judgeNegative(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  data: Data,
): Promise<Proven> {
  const ttlSeconds = denialTtlSeconds(context, data)
  const proofSets = data.authority.filter((set) => set.type !== TYPE.SOA)
  const signer = signerOfDenial(name, type, data.authority)
  if (type === TYPE.DNSKEY && (signer === undefined || namesEqual(signer, name))) {
    // Such a denial cannot be judged by the keys that it denies.
    const keys = await judgeMissingKeys(context, job, name)
    if (keys !== undefined) return withVerdict(data, keys, ttlSeconds)
  }
  const zone = await trustFor(context, job, name, type, signer)
  if (zone.status !== 'secure') return withVerdict(data, fromAbove(zone), ttlSeconds)
  if (proofSets.length === 0) {
    const stripped = data.authority.length > 0 && signer === undefined
    const reason: Reason = stripped ? 'signature-missing' : 'denial-missing'
    const detail = `${formatName(zone.zone)} is signed but proves nothing about ${formatName(name)} ${formatType(type)}`
    return withVerdict(data, { status: 'bogus', reason, detail }, ttlSeconds)
  }
  const proofs = await judgeProofs(context, job, data.authority, zone)
  const lifetime = Math.min(ttlSeconds, proofs.ttlSeconds)
  if (proofs.fault !== undefined) return withVerdict(data, proofs.fault, lifetime)
  const denial = proveDenial(context, job, name, type, data.rcode, zone.zone, proofs.records)
  // The header is not signed: where it says that there is no such name, and the zone that there is, the zone is right.
  if (denial.existing === true && data.denied === undefined) {
    // Who only observes gets the answer as it came; it is not what was proven.
    if (context.policy.mode === 'observe') return withVerdict(data, NOT_JUDGED, lifetime)
    return proven(data, SECURE, lifetime, { rcode: RCODE.NOERROR, authority: provers(proofs) })
  }
  const authority = denial.status === 'secure' ? provers(proofs) : data.authority
  const kept = verified(zone, proofs, lifetime)
  return proven(data, verdictOf(denial), lifetime, { authority, proofs: kept })
}

/** The verdict on a denial. */
interface DenialJudgement extends Judgement {
  /** An NXDOMAIN whose records prove that the name exists and lacks the type. */
  readonly existing?: boolean
}

function proveDenial(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  rcode: number,
  zone: Name,
  records: readonly DenialRecord[],
): DenialJudgement {
  const denial = new Denial(zone, records, validationParameters(context, job))
  if (type === TYPE.DS && rcode === RCODE.NOERROR && !isRoot(name)) {
    const proof = denial.noDs(name)
    if (proof.kind === 'bogus') return { status: 'bogus', reason: proof.reason, detail: proof.detail }
    if (proof.kind === 'opt-out' || proof.kind === 'nsec3-iterations') {
      return { status: 'insecure', reason: proof.kind, detail: proof.detail }
    }
    // Of a name that does not exist, NOERROR is true only where a wildcard makes it.
    if (proof.kind !== 'name-error') return SECURE
  }
  const proof = rcode === RCODE.NXDOMAIN ? denial.nameError(name) : denial.noData(name, type)
  if (proof.status === 'bogus' && rcode === RCODE.NXDOMAIN) {
    const noData = denial.noData(name, type)
    // RFC 9824 3.4: NXDOMAIN restored by the server over a compact NODATA proof that carries NXNAME.
    if (noData.status === 'secure' && noData.nxname === true) return SECURE
    if (noData.status === 'secure')
      return { status: 'bogus', reason: proof.reason, detail: proof.detail, existing: true }
  }
  if (proof.status === 'secure') return SECURE
  // What was too much work for one proof is not begun again for each name above.
  if (proof.status === 'bogus' && proof.reason !== 'too-much-work' && belowUnsignedCut(name, denial)) {
    return { status: 'insecure', reason: 'unsigned-delegation', detail: '' }
  }
  return { status: proof.status, reason: proof.reason, detail: proof.detail }
}

/**
 * True when the records prove that the name is at or below a delegation without DS. The parent then denies nothing
 * about the name, it says that the name is in an unsigned zone.
 */
function belowUnsignedCut(name: Name, denial: Denial): boolean {
  for (let above = name; isStrictSubdomainOf(above, denial.zone); above = parentOf(above)) {
    if (denial.noDs(above).kind === 'insecure-delegation') return true
  }
  return false
}

/** The zone that signed a denial: as `signerOf`, over all its records. NSEC3 owners lie one label below their zone. */
function signerOfDenial(name: Name, type: number, authority: readonly Rrset[]): Name | undefined {
  let deepest: Name | undefined
  for (const set of authority) {
    const signer = signerOf(set)
    if (signer === undefined || !isSubdomainOf(name, signer)) continue
    if (type === TYPE.DS && !isRoot(name) && namesEqual(name, signer)) continue
    if (deepest === undefined || signer.length > deepest.length) deepest = signer
  }
  return deepest
}
