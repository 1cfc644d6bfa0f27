/**
 * Answers made from what zones have proven before (RFC 8198): NXDOMAIN, NODATA, and what a known wildcard stands for.
 * The records found are handed to the same proofs as those of a reply, so nothing is made here that a reply of the
 * zone could not have proven. Opt-out spans deny no names (RFC 8198 5.2).
 */
import type { Link, ZoneDenial } from '../cache/denial-ranges.ts'
import { Denial, type DenialRecord, proveNoDs, proveWildcardAnswer } from '../dnssec/denial.ts'
import { closestEncloserOf } from '../dnssec/nsec-denial.ts'
import { NameHashes } from '../dnssec/nsec3-chain.ts'
import type { ValidationParameters } from '../dnssec/parameters.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  isRoot,
  isSubdomainOf,
  labelCount,
  lastLabels,
  type Name,
  namesEqual,
  parentOf,
  wildcardOf,
} from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseNsec } from '../wire/rdata/nsec.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import type { Context, Job, Judgement, Proven } from './context.ts'
import { validationParameters } from './proof-work.ts'
import { cappedTo } from './ttl-limits.ts'

/** @param of the zone, or the wildcard, whose records prove the answer */
function synthesised(of: Name): Judgement {
  return { status: 'secure', reason: 'synthesised', detail: `made from cached proofs of ${formatName(of)}` }
}

/** What the ranges of a zone say of a name. */
type Hint =
  /** There is a record at the name itself. */
  | { readonly kind: 'match'; readonly at: Rrset }
  /** The name lies in a range: there is nothing below `encloser` that is closer to it. */
  | {
      readonly kind: 'gap'
      readonly encloser: Name
      /** The record that holds the next closer name. */
      readonly cover: Rrset
      /** What else the proof needs: of the closest encloser (NSEC3), of the wildcard below it. */
      readonly others: readonly Rrset[]
    }

/** The answer to a name and type out of what was proven of others, or undefined where somebody has to be asked. */
export function synthesise(context: Context, job: Job, name: Name, type: number): Proven | undefined {
  // Who only observes gets what the zone's servers say, whatever its proofs say.
  if (context.policy.mode === 'observe') return undefined
  const denial = denialFor(context, name, type)
  if (denial === undefined || UNSUITABLE.has(type)) return undefined
  const parameters = validationParameters(context, job)
  const found = denial.hasNsec ? synthesiseBy(context, denial, name, type, parameters, nsecHint) : undefined
  if (found !== undefined) return found
  const hashes = hashesOf(job, denial)
  if (hashes === undefined) return undefined
  const byHash = (zone: ZoneDenial): Hint | undefined => nsec3Hint(context, zone, name, type, hashes)
  return synthesiseBy(context, denial, name, type, { ...parameters, nameHashes: hashes }, byHash)
}

/** Questions that nothing here can answer: signatures are signed by nobody, and ANY may mean any of them. */
const UNSUITABLE: ReadonlySet<number> = new Set([TYPE.ANY, TYPE.RRSIG])

/**
 * True when known opt-out spans of the parent leave room for `child` as an unsigned delegation, and nothing more is
 * known of it: then its zone is insecure (RFC 5155 8.9), and its DS set need not be asked for.
 */
export function liesInOptOut(context: Context, job: Job, child: Name): { ttlSeconds: number } | undefined {
  const denial = denialFor(context, child, TYPE.DS)
  const hashes = denial && hashesOf(job, denial)
  if (denial === undefined || hashes === undefined) return undefined
  const hint = nsec3Hint(context, denial, child, TYPE.DS, hashes)
  if (hint?.kind !== 'gap') return undefined
  const sets = [hint.cover, ...hint.others]
  const parameters = { ...validationParameters(context, job), nameHashes: hashes }
  if (proveNoDs(child, denial.zone, recordsOf(sets), parameters).kind !== 'opt-out') return undefined
  return { ttlSeconds: leastTtl(sets) }
}

/** The zone whose ranges may speak of a name and type; none where the operator has decided otherwise. */
function denialFor(context: Context, name: Name, type: number): ZoneDenial | undefined {
  const { policy, settings, denials, routes } = context
  if (!settings.aggressiveDenial || policy.mode === 'off' || policy.negativeTrustAnchor(name))
    return undefined
  // A DS set is the parent's side of the cut (RFC 4035 3.1.4.1).
  const holder = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name
  const denial = denials.closest(holder, policy.sequence)
  // Where a stub or forward zone begins, the zones above have nothing to say.
  const route = denial && routes.of(name, type)
  return route !== undefined && !isSubdomainOf(denial!.zone, route.name) ? undefined : denial
}

/** Hashes by the parameters of the zone, unless they take too much work to be computed (RFC 9276 3.2). */
function hashesOf(job: Job, denial: ZoneDenial): NameHashes | undefined {
  const parameters = denial.nsec3Parameters
  if (parameters === undefined || parameters.iterations > job.budget.limits.nsec3Iterations) return undefined
  return new NameHashes(denial.zone, parameters.iterations, parameters.salt, job.budget.proof.spare)
}

function synthesiseBy(
  context: Context,
  denial: ZoneDenial,
  name: Name,
  type: number,
  parameters: ValidationParameters,
  hintOf: (denial: ZoneDenial, name: Name) => Hint | undefined,
): Proven | undefined {
  const hint = hintOf(denial, name)
  if (hint === undefined) return undefined
  const sets = hint.kind === 'match' ? [hint.at] : eachOnce([hint.cover, ...hint.others])
  const proofs = recordsOf(sets)
  const { zone, soa } = denial
  if (soa !== undefined) {
    const known = new Denial(zone, proofs, parameters)
    if (hint.kind === 'gap' && isDenied(name, known)) return negative(context, RCODE.NXDOMAIN, soa, sets)
    if (known.noData(name, type).status === 'secure') return negative(context, RCODE.NOERROR, soa, sets)
  }
  if (hint.kind === 'match') return undefined
  const source = knownWildcard(context, zone, hint.encloser, type)
  if (source === undefined) return undefined
  const cover = recordsOf([hint.cover])
  const proof = proveWildcardAnswer(name, hint.encloser, zone, cover, parameters)
  return proof.status === 'secure' ? expanded(context, source, name, type, hint.cover) : undefined
}

/** No name, and no wildcard for it. A name denied by its own record (RFC 9824) is left to its zone. */
function isDenied(name: Name, known: Denial): boolean {
  const proof = known.nameError(name)
  return proof.status === 'secure' && proof.nxname !== true
}

// --- finding the records ------------------------------------------------------------------------------------------

function nsecHint(denial: ZoneDenial, name: Name): Hint | undefined {
  const link = denial.nsec(name)
  if (link === undefined) return undefined
  if (link.matches) return { kind: 'match', at: link.rrset }
  const nsec = parseNsec(link.rrset.rdatas[0]!)
  if (nsec === undefined) return undefined
  const encloser = closestEncloserOf(name, { owner: link.rrset.owner, next: nsec.next })
  // An empty non-terminal: the record alone says so.
  if (encloser.length === name.length) return { kind: 'gap', encloser, cover: link.rrset, others: [] }
  const wildcard = wildcardOf(encloser)
  const atWildcard = wildcard && denial.nsec(wildcard)
  return { kind: 'gap', encloser, cover: link.rrset, others: rrsetsOf(atWildcard) }
}

/**
 * Goes down from the apex, label by label, while names are known to exist, until one is known not to (RFC 5155 8.3).
 * A name of which nothing is known ends the search, so a long name costs no more hashes than a short one.
 */
function nsec3Hint(
  context: Context,
  denial: ZoneDenial,
  name: Name,
  type: number,
  hashes: NameHashes,
): Hint | undefined {
  const { zone } = denial
  let encloser: Name | undefined
  let atEncloser: Link | undefined
  for (let count = labelCount(zone); count <= labelCount(name); count++) {
    const candidate = lastLabels(name, count)
    const hash = hashes.of(candidate)
    if (hash === undefined) return undefined
    const link = denial.nsec3(hash)
    if (link !== undefined && !link.matches) {
      if (encloser === undefined) return undefined
      const wildcard = wildcardOf(encloser)
      const wildcardHash = wildcard && hashes.of(wildcard)
      const atWildcard = wildcardHash && denial.nsec3(wildcardHash)
      const others = [...rrsetsOf(atEncloser), ...rrsetsOf(atWildcard)]
      return { kind: 'gap', encloser, cover: link.rrset, others }
    }
    if (link !== undefined && count === labelCount(name)) return { kind: 'match', at: link.rrset }
    // Where there is a wildcard, there is what it hangs from.
    if (link === undefined && knownWildcard(context, zone, candidate, type) === undefined) return undefined
    encloser = candidate
    atEncloser = link
  }
  return undefined
}

/** The RRset of the wildcard below a name that would answer a question of this type, if it is proven and the zone's own. */
function knownWildcard(context: Context, zone: Name, encloser: Name, type: number): Rrset | undefined {
  if (NOT_FROM_WILDCARDS.has(type)) return undefined
  const wildcard = wildcardOf(encloser)
  if (wildcard === undefined) return undefined
  const entry = context.rrsets.get(wildcard, type) ?? context.rrsets.get(wildcard, TYPE.CNAME)
  if (entry?.status !== 'secure' || entry.policySequence !== context.policy.sequence) return undefined
  const signer = rrsigSigner(entry.rrset.signatures[0]!)
  return signer !== undefined && namesEqual(signer, zone) ? entry.rrset : undefined
}

/** What belongs to zone cuts, and to the chain itself, is not made from wildcards (RFC 4592 4). */
const NOT_FROM_WILDCARDS: ReadonlySet<number> = new Set([TYPE.DS, TYPE.NS, TYPE.SOA, TYPE.NSEC, TYPE.DNAME])

// --- writing the answer -------------------------------------------------------------------------------------------

function negative(context: Context, rcode: number, soa: Rrset, sets: readonly Rrset[]): Proven {
  context.counters.synthesised(rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata')
  const ttlSeconds = leastTtl([soa, ...sets])
  const authority = [soa, ...sets].map((set) => cappedTo(set, ttlSeconds))
  return {
    kind: 'negative',
    rcode,
    answer: [],
    authority,
    judged: synthesised(soa.owner),
    ttlSeconds,
    server: '',
  }
}

/** RFC 8198 5.3: the wildcard's RRset under the name asked for, beside the proof that nothing is closer. */
function expanded(
  context: Context,
  source: Rrset,
  name: Name,
  type: number,
  proof: Rrset,
): Proven | undefined {
  const ttlSeconds = leastTtl([source, proof])
  const answer = [{ ...cappedTo(source, ttlSeconds), owner: name }]
  const authority = [cappedTo(proof, ttlSeconds)]
  const rest = {
    rcode: RCODE.NOERROR,
    answer,
    authority,
    judged: synthesised(source.owner),
    ttlSeconds,
    server: '',
  }
  const isAlias = source.type === TYPE.CNAME && type !== TYPE.CNAME
  const target = isAlias ? targetName(source.rdatas[0]!) : undefined
  if (isAlias && target === undefined) return undefined
  context.counters.synthesised('wildcard')
  return isAlias ? { ...rest, kind: 'alias', target } : { ...rest, kind: 'records' }
}

function leastTtl(sets: readonly Rrset[]): number {
  return Math.min(...sets.map((set) => set.ttlSeconds))
}

function recordsOf(sets: readonly Rrset[]): DenialRecord[] {
  // What a wildcard made was never kept.
  return sets.map((rrset) => ({ rrset, wildcard: undefined }))
}

function rrsetsOf(link: Link | undefined): Rrset[] {
  return link === undefined ? [] : [link.rrset]
}

/** One record may prove both: that there is no name and that there is no wildcard. */
function eachOnce(sets: readonly Rrset[]): Rrset[] {
  return sets.filter((set, i) => sets.findIndex(({ owner }) => namesEqual(owner, set.owner)) === i)
}
