/** How an authority finds its answer: RFC 1034 4.3.2, with RFC 4035 3.1, RFC 4592 and RFC 6672. No octets of messages here. */
import { AUTHORITY_ALIASES_FOLLOWED_MAX } from '../base/limits.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  isStrictSubdomainOf,
  isSubdomainOf,
  type Name,
  namesEqual,
  parentOf,
  replaceSuffix,
} from '../wire/name.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import { targetName } from '../wire/rdata/target.ts'
import type { Rrset } from '../wire/record.ts'
import { proofOfNameError, proofOfNoData, proofOfWildcard, proofOfWildcardNoData } from './proofs.ts'
import { sourceOfSynthesis, type Zone } from './zone.ts'

/** A reply before it becomes octets. */
export interface ZoneAnswer {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
  readonly additional: readonly Rrset[]
}

/** Whether the name and the type are asked for, and whether proofs are wanted (DO). */
export interface ZoneQuestion {
  readonly name: Name
  readonly type: number
  readonly dnssec: boolean
}

/** An answer in the making. */
interface Draft {
  rcode: number
  authoritative: boolean
  readonly answer: Rrset[]
  readonly authority: Rrset[]
  readonly additional: Rrset[]
}

/** Answers a question from a set of zones. A name outside all of them is REFUSED. */
export function answerFrom(zones: readonly Zone[], question: ZoneQuestion): ZoneAnswer {
  const draft: Draft = {
    rcode: RCODE.NOERROR,
    authoritative: true,
    answer: [],
    authority: [],
    additional: [],
  }
  let name: Name | undefined = question.name
  for (let step = 0; step < AUTHORITY_ALIASES_FOLLOWED_MAX && name !== undefined; step++) {
    const zone = zoneFor(zones, name, question.type)
    if (zone !== undefined) name = answerInZone(zone, name, question, draft, step === 0)
    else if (step > 0) break
    else return { ...draft, rcode: RCODE.REFUSED, authoritative: false }
  }
  return draft
}

/** The deepest zone that holds the name; for DS the one above the cut (RFC 4035 3.1.4.1). */
export function zoneFor<T extends Zone>(zones: readonly T[], name: Name, type: number): T | undefined {
  const holding = zones.filter((zone) => isSubdomainOf(name, zone.apex))
  holding.sort((a, b) => b.apex.length - a.apex.length)
  const [deepest, above] = holding
  if (deepest === undefined || above === undefined || type !== TYPE.DS) return deepest
  return namesEqual(deepest.apex, name) ? above : deepest
}

/** Adds what one zone knows of one name. Returns the name at which an alias leads on. */
function answerInZone(
  zone: Zone,
  name: Name,
  question: ZoneQuestion,
  draft: Draft,
  first: boolean,
): Name | undefined {
  const cut = zone.cutAbove(name)
  if (cut !== undefined && !(question.type === TYPE.DS && namesEqual(cut, name))) {
    // After an alias the resolver asks by itself; a referral in the same message would only be noise.
    if (first) addReferral(zone, cut, question, draft)
    return undefined
  }
  const dname = dnameAbove(zone, name)
  if (dname !== undefined) return addDname(name, dname, draft)
  if (zone.exists(name)) return addFromNode(zone, name, name, question, draft)
  const wildcard = sourceOfSynthesis(zone, name)
  if (wildcard !== undefined) return addFromNode(zone, name, wildcard, question, draft)
  draft.rcode = RCODE.NXDOMAIN
  addNegative(zone, question.dnssec ? proofOfNameError(zone, name) : [], draft)
  return undefined
}

function addReferral(zone: Zone, cut: Name, question: ZoneQuestion, draft: Draft): void {
  draft.authoritative = false
  const servers = zone.rrset(cut, TYPE.NS)!
  draft.authority.push(servers)
  if (question.dnssec) {
    const ds = zone.rrset(cut, TYPE.DS)
    draft.authority.push(...(ds === undefined ? proofOfNoData(zone, cut) : [ds]))
  }
  addAddresses(zone, servers, draft)
}

function addAddresses(zone: Zone, servers: Rrset, draft: Draft): void {
  for (const rdata of servers.rdatas) {
    const server = targetName(rdata)
    if (server === undefined) continue
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const addresses = zone.rrset(server, type)
      if (addresses !== undefined) draft.additional.push(addresses)
    }
  }
}

function dnameAbove(zone: Zone, name: Name): Rrset | undefined {
  let found: Rrset | undefined
  let at = name
  while (isStrictSubdomainOf(at, zone.apex)) {
    at = parentOf(at)
    found = zone.rrset(at, TYPE.DNAME) ?? found
  }
  return found
}

/** RFC 6672 3.2: the DNAME and a CNAME made from it, which nobody signs. */
function addDname(name: Name, dname: Rrset, draft: Draft): Name | undefined {
  draft.answer.push(dname)
  const replacement = targetName(dname.rdatas[0]!)
  const target = replacement && replaceSuffix(name, dname.owner, replacement)
  if (target === undefined) {
    draft.rcode = RCODE.YXDOMAIN
    return undefined
  }
  const { ttlSeconds } = dname
  draft.answer.push({
    owner: name,
    type: TYPE.CNAME,
    class: CLASS.IN,
    ttlSeconds,
    rdatas: [target],
    signatures: [],
  })
  return target
}

/** Answers for `name` with what `source` owns: the name itself, or the wildcard that it is made from. */
function addFromNode(
  zone: Zone,
  name: Name,
  source: Name,
  question: ZoneQuestion,
  draft: Draft,
): Name | undefined {
  const expanded = source !== name
  const found = rrsetsFor(zone, source, question.type)
  if (found.length === 0) {
    const proof = expanded ? proofOfWildcardNoData(zone, name, source) : proofOfNoData(zone, name)
    addNegative(zone, question.dnssec ? proof : [], draft)
    return undefined
  }
  for (const rrset of found) draft.answer.push(expanded ? { ...rrset, owner: name } : rrset)
  if (expanded && question.dnssec) addOnce(draft.authority, proofOfWildcard(zone, name))
  const servers = found.find(({ type }) => type === TYPE.NS)
  if (servers !== undefined) addAddresses(zone, servers, draft)
  const [only] = found
  if (only!.type !== TYPE.CNAME || question.type === TYPE.CNAME || question.type === TYPE.ANY)
    return undefined
  return targetName(only!.rdatas[0]!)
}

function rrsetsFor(zone: Zone, owner: Name, type: number): readonly Rrset[] {
  if (type === TYPE.ANY) return zone.rrsetsAt(owner)
  if (type === TYPE.RRSIG) return signaturesAt(zone, owner)
  const rrset = zone.rrset(owner, type) ?? zone.rrset(owner, TYPE.CNAME)
  return rrset === undefined ? [] : [rrset]
}

function signaturesAt(zone: Zone, owner: Name): Rrset[] {
  const signed = zone.rrsetsAt(owner).filter((rrset) => rrset.signatures.length > 0)
  if (signed.length === 0) return []
  const ttlSeconds = Math.min(...signed.map((rrset) => rrset.ttlSeconds))
  const rdatas = signed.flatMap((rrset) => rrset.signatures)
  return [{ owner, type: TYPE.RRSIG, class: CLASS.IN, ttlSeconds, rdatas, signatures: [] }]
}

/** SOA and proof. The SOA's TTL is the negative TTL (RFC 2308 3). */
function addNegative(zone: Zone, proof: readonly Rrset[], draft: Draft): void {
  const soa = zone.rrset(zone.apex, TYPE.SOA)
  if (soa !== undefined) {
    const minimumSeconds = parseSoa(soa.rdatas[0]!)?.minimumSeconds ?? soa.ttlSeconds
    draft.authority.push({ ...soa, ttlSeconds: Math.min(soa.ttlSeconds, minimumSeconds) })
  }
  addOnce(draft.authority, proof)
}

function addOnce(section: Rrset[], rrsets: readonly Rrset[]): void {
  for (const rrset of rrsets) {
    const isThere = section.some(({ owner, type }) => type === rrset.type && namesEqual(owner, rrset.owner))
    if (!isThere) section.push(rrset)
  }
}
