/**
 * Reads a reply (RFC 1034 5.3.3 step 4): what it means for the question asked, and which of its records may be kept.
 * Only what was asked, in the bailiwick of the zone whose server answered, gets past this file (attack A07).
 */
import {
  ALIASES_MAX,
  DENIAL_RRSETS_KEPT_MAX,
  NS_PER_DELEGATION_MAX,
  SIGNATURES_PER_RRSET_MAX,
} from '../base/limits.ts'
import { isDelegation } from '../dnssec/evidence.ts'
import { CLASS } from '../wire/iana/class.ts'
import { formatRcode, RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { readU16 } from '../wire/integers.ts'
import type { Message, Question } from '../wire/message.ts'
import {
  isRoot,
  isStrictSubdomainOf,
  isSubdomainOf,
  type Name,
  nameKey,
  namesEqual,
  replaceSuffix,
} from '../wire/name.ts'
import { parseNsec } from '../wire/rdata/nsec.ts'
import { targetName } from '../wire/rdata/target.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'

/** A reply that sends the question to the next server. */
export interface Lame {
  readonly kind: 'lame'
  /** For the trace. */
  readonly reason: string
  /** The server does not serve the zone at all, so it need not be asked again soon. */
  readonly lasting: boolean
  /** The server may serve the zone but could not do what was asked of it. */
  readonly failed?: boolean
}

/**
 * Why another server may know better:
 *
 * - `second-hand`: the server does not call itself an authority, and either offers recursion, so that it has the data
 *   from somebody, or has nothing at all; signed data proves itself and is not doubted
 * - `empty`: there is no data, says the authority, and shows no SOA for it (RFC 2308 2.2, NODATA type 3)
 */
export type Doubt = 'second-hand' | 'empty'

/** What a reply means. */
export type Classified =
  | {
      readonly kind: 'records' | 'alias'
      readonly answer: readonly Rrset[]
      readonly authority: readonly Rrset[]
      readonly target: Name | undefined
      /** RRsets further down the chain of aliases, for the cache. */
      readonly further: readonly Rrset[]
      /** The server's own CNAME is not the one that the DNAME makes. */
      readonly contradicted?: boolean | undefined
      readonly misshapen?: boolean | undefined
      readonly doubt?: Doubt | undefined
    }
  | {
      readonly kind: 'negative'
      readonly rcode: number
      readonly authority: readonly Rrset[]
      /** Records of the answer were left out because no record of their type can look so. */
      readonly misshapen?: boolean | undefined
      readonly doubt?: Doubt | undefined
    }
  | {
      readonly kind: 'referral'
      readonly zone: Name
      readonly ns: Rrset
      readonly glue: readonly Rrset[]
      /** Addresses of the servers from outside the zone that was asked: never kept. */
      readonly foreign: readonly Rrset[]
      readonly ds: Rrset | undefined
      /** NSEC or NSEC3: why there is no DS. */
      readonly proofs: readonly Rrset[]
      readonly doubt?: undefined
    }
  | Lame

/** What a reply of use means. */
export type Meaning = Exclude<Classified, Lame>

/**
 * @param zone the zone whose server was asked
 * @param question as sent to it, minimised or not
 */
export function classify(message: Message, question: Question, zone: Name): Classified {
  const meaning = meaningOf(message, question, zone)
  if (meaning.kind === 'lame' || meaning.kind === 'referral') return meaning
  const sets = meaning.kind === 'negative' ? meaning.authority : meaning.answer
  const isEmpty = meaning.kind === 'negative' && meaning.rcode === RCODE.NOERROR && sets.length === 0
  const isSigned = sets.some((set) => set.signatures.length > 0)
  if (!message.aa && !isSigned && (message.ra || isEmpty)) return { ...meaning, doubt: 'second-hand' }
  return isEmpty ? { ...meaning, doubt: 'empty' } : meaning
}

/** Says so where the reader of messages left records of the answer out (`parseMessage`). */
export function noteMisshapen(message: Message, meaning: Classified): Classified {
  if (message.answer.length === message.answerCount) return meaning
  return meaning.kind === 'lame' || meaning.kind === 'referral' ? meaning : { ...meaning, misshapen: true }
}

function meaningOf(message: Message, question: Question, zone: Name): Classified {
  if (
    message.rcode !== RCODE.NOERROR &&
    message.rcode !== RCODE.NXDOMAIN &&
    message.rcode !== RCODE.YXDOMAIN
  ) {
    const lasting = message.rcode === RCODE.REFUSED || message.rcode === RCODE.NOTAUTH
    return { kind: 'lame', reason: formatRcode(message.rcode), lasting, failed: !lasting }
  }
  const own = inBailiwick(withSignatures(message, message.answer), zone)
  const beside = inBailiwick(withSignatures(message, message.authority), zone)
  const answers = rrsetsOf(own.filter((record) => !reachesOut(record, zone)))
  const authorities = rrsetsOf(beside)
  const positive = classifyAnswer(question, answers, authorities)
  if (message.rcode === RCODE.YXDOMAIN && positive?.kind !== 'alias')
    return { kind: 'lame', reason: 'YXDOMAIN without a DNAME', lasting: false }
  if (positive !== undefined) return positive
  const soa = authorities.find((set) => set.type === TYPE.SOA && isSubdomainOf(question.name, set.owner))
  if (
    soa !== undefined &&
    question.type === TYPE.DS &&
    namesEqual(soa.owner, question.name) &&
    !isRoot(soa.owner)
  ) {
    return { kind: 'lame', reason: 'the child answered a question for the parent', lasting: false }
  }
  if (soa === undefined && hasForeignSoa(message, zone)) {
    return { kind: 'lame', reason: 'denied in the name of another zone', lasting: true }
  }
  if (message.rcode === RCODE.NXDOMAIN) return negative(message, authorities, soa)
  if (soa === undefined) {
    const referral = classifyReferral(message, question, zone, authorities)
    if (referral !== undefined) return referral
  }
  // Who proves something has the zone, AA or not.
  const proves = soa !== undefined || denialSets(authorities).some((set) => !isParentSide(set, zone))
  if (!proves && isStrayReferral(message, zone))
    return { kind: 'lame', reason: 'stray referral', lasting: true }
  return negative(message, authorities, soa)
}

/**
 * A section with the signatures over its records, wherever in the message these are. Servers short of room put them
 * elsewhere, and a signature says itself what it is worth.
 */
function withSignatures(message: Message, section: readonly ResourceRecord[]): readonly ResourceRecord[] {
  if (section.length === 0) return section
  const { answer, authority, additional } = message
  const strays: ResourceRecord[] = []
  for (const other of [answer, authority, additional]) {
    if (other === section) continue
    for (const record of other) if (record.type === TYPE.RRSIG) strays.push(record)
  }
  if (strays.length === 0) return section
  const held = new Set(section.map(({ owner, type }) => `${type} ${nameKey(owner)}`))
  return [
    ...section,
    ...strays.filter(({ owner, rdata }) => held.has(`${typeCovered(rdata)} ${nameKey(owner)}`)),
  ]
}

function typeCovered(rrsig: Uint8Array): number | undefined {
  return rrsig.length < 2 ? undefined : readU16(rrsig, 0)
}

function inBailiwick(records: readonly ResourceRecord[], zone: Name): ResourceRecord[] {
  return records.filter((record) => record.class === CLASS.IN && isSubdomainOf(record.owner, zone))
}

/** An NSEC record whose range ends in another zone speaks of names that are not the server's (attack A14): no answer. */
function reachesOut({ type, rdata }: ResourceRecord, zone: Name): boolean {
  const next = type === TYPE.NSEC ? parseNsec(rdata)?.next : undefined
  return next !== undefined && !isSubdomainOf(next, zone)
}

/** A server that has the zone above, or thinks it has, but not the one that it was asked for. */
function hasForeignSoa(message: Message, zone: Name): boolean {
  return message.authority.some((record) => record.type === TYPE.SOA && !isSubdomainOf(record.owner, zone))
}

/** The NSEC record of the delegation to the zone: it is the parent's, so who shows it has the parent, not the zone. */
function isParentSide({ type, owner, rdatas }: Rrset, zone: Name): boolean {
  const nsec = type === TYPE.NSEC && namesEqual(owner, zone) ? parseNsec(rdatas[0]!) : undefined
  return nsec !== undefined && isDelegation(nsec.types)
}

/** True for a referral that leads up, sideways or back. An authority may show its own NS set (RFC 2308 2.2). */
function isStrayReferral({ aa, authority }: Message, zone: Name): boolean {
  return authority.some(({ type, owner }) => type === TYPE.NS && !(aa && namesEqual(owner, zone)))
}

/** What the answer section says, or undefined when it has nothing for the question. */
export function classifyAnswer(
  { name, type }: Question,
  answers: readonly Rrset[],
  authorities: readonly Rrset[],
): Classified | undefined {
  const here = answers.filter((set) => namesEqual(set.owner, name))
  const dname = dnameAbove(name, answers)
  const asksForIt = type === TYPE.CNAME || type === TYPE.ANY
  if (dname !== undefined && asksForIt) return synthesisedCname(name, dname, authorities)
  const exact = setsOfType(here, type)
  const proofs = denialSets(authorities)
  if (exact.length > 0) {
    return { kind: 'records', answer: exact, authority: proofs, target: undefined, further: [] }
  }
  const alias = findAlias(name, here, answers)
  if (alias === undefined) return undefined
  return { kind: 'alias', ...alias, authority: proofs, further: furtherSets(alias, type, answers) }
}

/** For ANY all there is, but signatures over what is not there only when there is nothing else. */
function setsOfType(sets: readonly Rrset[], type: number): readonly Rrset[] {
  if (type !== TYPE.ANY) return sets.filter((set) => set.type === type)
  const data = sets.filter((set) => set.type !== TYPE.RRSIG)
  return data.length > 0 ? data : sets
}

interface Alias {
  readonly answer: readonly Rrset[]
  readonly target: Name | undefined
  readonly contradicted?: boolean
}

function dnameAbove(name: Name, answers: readonly Rrset[]): Rrset | undefined {
  return answers.find((set) => set.type === TYPE.DNAME && isStrictSubdomainOf(name, set.owner))
}

/** The CNAME that a DNAME makes is itself the answer to a question for CNAME (RFC 6672 3.2 step 3C). */
function synthesisedCname(name: Name, dname: Rrset, authorities: readonly Rrset[]): Classified | undefined {
  const made = aliasByDname(name, dname)
  if (made === undefined) return undefined
  const kind = made.target === undefined ? 'alias' : 'records'
  return { kind, answer: made.answer, authority: denialSets(authorities), target: undefined, further: [] }
}

/** A DNAME above the name wins over a CNAME at it: the CNAME is then synthesised (RFC 6672 3.1). */
function findAlias(name: Name, here: readonly Rrset[], answers: readonly Rrset[]): Alias | undefined {
  const dname = dnameAbove(name, answers)
  const cname = here.find((set) => set.type === TYPE.CNAME)
  const target = cname && targetName(cname.rdatas[0]!)
  if (dname !== undefined) {
    const made = aliasByDname(name, dname)
    const differs = target !== undefined && (made?.target === undefined || !namesEqual(made.target, target))
    return made && differs ? { ...made, contradicted: true } : made
  }
  return cname === undefined || target === undefined ? undefined : { answer: [cname], target }
}

/**
 * The alias that a DNAME makes of a name below its owner: the DNAME and the CNAME as RFC 6672 3.1 synthesises it.
 * The server's own CNAME is never used.
 *
 * @returns target undefined when the substitution is too long (RFC 6672 2.2: YXDOMAIN)
 */
export function aliasByDname(name: Name, dname: Rrset): Alias | undefined {
  const replacement = targetName(dname.rdatas[0]!)
  if (replacement === undefined || dname.rdatas.length !== 1) return undefined
  const target = replaceSuffix(name, dname.owner, replacement)
  if (target === undefined) return { answer: [dname], target }
  // RFC 6672 3.1: TTL and class are those of the DNAME.
  const cname: Rrset = { ...dname, owner: name, type: TYPE.CNAME, rdatas: [target], signatures: [] }
  return { answer: [dname, cname], target }
}

/** What the answer holds at the later names of the chain, as far as it leads without a gap. */
function furtherSets(alias: Alias, type: number, answers: readonly Rrset[]): Rrset[] {
  const further: Rrset[] = []
  const isSigned = alias.answer.some((set) => set.signatures.length > 0)
  for (let name = alias.target; name !== undefined && further.length < ALIASES_MAX; ) {
    const at = name
    // What a DNAME makes is made again from it, never kept alone.
    if (dnameAbove(at, answers) !== undefined) break
    const here = answers.filter((set) => namesEqual(set.owner, at))
    const wanted = here.find((set) => set.type === type)
    const cname = here.find((set) => set.type === TYPE.CNAME)
    const next = wanted ?? cname
    // Beside what is signed, what is not proves nothing and only stands in the way of the right answer.
    if (next === undefined || (isSigned && next.signatures.length === 0)) break
    further.push(next)
    name = next === cname ? targetName(cname.rdatas[0]!) : undefined
  }
  return further
}

/** A denial: its SOA and its proofs. */
export function negative(
  message: Message,
  authorities: readonly Rrset[],
  soa: Rrset | undefined,
): Extract<Classified, { kind: 'negative' }> {
  const authority = soa === undefined ? denialSets(authorities) : [soa, ...denialSets(authorities)]
  return { kind: 'negative', rcode: message.rcode, authority }
}

function denialSets(sets: readonly Rrset[]): Rrset[] {
  return sets
    .filter((set) => set.type === TYPE.NSEC || set.type === TYPE.NSEC3)
    .slice(0, DENIAL_RRSETS_KEPT_MAX)
}

function classifyReferral(
  message: Message,
  { name, type }: Question,
  zone: Name,
  authorities: readonly Rrset[],
): Classified | undefined {
  const ns = authorities.find(
    (set) => set.type === TYPE.NS && isStrictSubdomainOf(set.owner, zone) && isSubdomainOf(name, set.owner),
  )
  if (ns === undefined) return undefined
  const proofs = denialSets(authorities)
  const ds = authorities.find((set) => set.type === TYPE.DS && namesEqual(set.owner, ns.owner))
  if (type === TYPE.DS && namesEqual(ns.owner, name)) {
    // A parent's server that answers a DS question with the referral has said all about the DS (RFC 4035 3.1.4.1).
    return ds === undefined
      ? { kind: 'negative', rcode: RCODE.NOERROR, authority: proofs }
      : { kind: 'records', answer: [ds], authority: [], target: undefined, further: [] }
  }
  const kept = { ...ns, rdatas: ns.rdatas.slice(0, NS_PER_DELEGATION_MAX) }
  const addresses = addressesOf(message, kept)
  const glue = addresses.filter((set) => isSubdomainOf(set.owner, zone))
  const foreign = addresses.filter((set) => !isSubdomainOf(set.owner, zone))
  return { kind: 'referral', zone: ns.owner, ns: kept, glue, foreign, ds, proofs }
}

/** Addresses of the referral's own name servers. */
function addressesOf(message: Message, ns: Rrset): Rrset[] {
  const names = new Set<string>()
  for (const rdata of ns.rdatas) {
    const target = targetName(rdata)
    if (target !== undefined) names.add(nameKey(target))
  }
  const records = message.additional.filter(
    (record) =>
      record.class === CLASS.IN &&
      (record.type === TYPE.A || record.type === TYPE.AAAA) &&
      names.has(nameKey(record.owner)),
  )
  return rrsetsOf(records)
}

/** The RRsets of a section of a reply, with no more signatures than are worth a look. */
export function rrsetsOf(records: readonly ResourceRecord[]): Rrset[] {
  return groupRrsets(records, SIGNATURES_PER_RRSET_MAX)
}
