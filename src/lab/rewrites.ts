/** How answers are falsified: what somebody on the path, or a server with a fault, makes of a right answer. */

import type { ZoneAnswer, ZoneQuestion } from '../authority/answer.ts'
import { concatOctets } from '../base/octets.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, nameFromOctets, namesEqual } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { Rewrite } from './authority.ts'
import { writeNsec } from './denial-chain.ts'
import type { LabKey } from './keys.ts'
import type { ServedZone } from './served-zone.ts'
import { signRrset, type ValiditySpan } from './signer.ts'

/** Takes all NSEC and NSEC3 records out of the authority section. */
export const strippedDenial: Rewrite = (answer) => ({
  ...answer,
  authority: answer.authority.filter(({ type }) => type !== TYPE.NSEC && type !== TYPE.NSEC3),
})

/** Takes the signatures of RRsets of these types out of the answer; of all types when none is given. */
export function strippedSignatures(...types: readonly number[]): Rewrite {
  const strip = (rrset: Rrset): Rrset =>
    types.length === 0 || types.includes(rrset.type) ? { ...rrset, signatures: [] } : rrset
  return (answer) => ({ ...answer, answer: answer.answer.map(strip), authority: answer.authority.map(strip) })
}

/** Makes a signed delegation look unsigned: no DS, no proof, neither in the referral nor when DS is asked for. */
export function strippedDs(child: Name): Rewrite {
  return (answer, question) => {
    if (!isSubdomainOf(question.name, child)) return answer
    const gone = ({ type }: Rrset): boolean => type !== TYPE.DS && type !== TYPE.NSEC && type !== TYPE.NSEC3
    return { ...answer, answer: answer.answer.filter(gone), authority: answer.authority.filter(gone) }
  }
}

/** Answers for `victim`, which exists, with what `wildcard` would give; the proof is that of another name, or none. */
export function replayedWildcard(victim: Name, wildcard: Name, proofName: Name | undefined): Rewrite {
  return (answer, question, zone) => {
    const stolen = zone?.rrset(wildcard, question.type)
    if (stolen === undefined || !namesEqual(question.name, victim)) return answer
    const proof = proofName && zone?.nsecFor(proofName)
    return {
      ...answer,
      answer: [{ ...stolen, owner: victim }],
      authority: proof === undefined ? [] : [proof],
    }
  }
}

/** Sends these RRsets in place of every negative proof for names at or below `below`; the SOA stays. */
export function replacedDenial(
  below: Name,
  make: (zone: ServedZone, question: ZoneQuestion) => Rrset[],
): Rewrite {
  return (answer, question, zone) => {
    if (zone === undefined || !question.dnssec || !isSubdomainOf(question.name, below)) return answer
    const kept = answer.authority.filter(({ type }) => type === TYPE.SOA)
    return kept.length === 0 ? answer : { ...answer, authority: [...kept, ...make(zone, question)] }
  }
}

/** Says of `victim` that it does not exist or lacks the type, with the NSEC records at or before these names; DS is left alone. */
export function denied(victim: Name, rcode: number, proofNames: readonly Name[]): Rewrite {
  return (answer, question, zone) => {
    if (zone === undefined || question.type === TYPE.DS || !namesEqual(question.name, victim)) return answer
    const proofs = proofNames.map((name) => zone.nsecFor(name)).filter((rrset) => rrset !== undefined)
    return negative(answer, zone, rcode, proofs)
  }
}

/** Denies `victim` by the NSEC record of a wildcard, expanded to its name (CVE-2017-15105). */
export function deniedByExpandedNsec(victim: Name, wildcard: Name): Rewrite {
  return (answer, question, zone) => {
    const nsec = zone?.rrset(wildcard, TYPE.NSEC)
    if (zone === undefined || nsec === undefined || !namesEqual(question.name, victim)) return answer
    return negative(answer, zone, RCODE.NOERROR, [{ ...nsec, owner: victim }])
  }
}

/** Denies the DS set of a child by a proof that the child signed (attack A15), and leaves the referral bare. */
export function dsDeniedByChild(child: Name, proof: Rrset): Rewrite {
  const strip = strippedDs(child)
  return (answer, question, zone) => {
    const stripped = strip(answer, question, zone)
    if (zone === undefined || question.type !== TYPE.DS || !namesEqual(question.name, child)) return stripped
    return negative(answer, zone, RCODE.NOERROR, [proof])
  }
}

function negative(answer: ZoneAnswer, zone: ServedZone, rcode: number, proofs: readonly Rrset[]): ZoneAnswer {
  const soa = zone.rrset(zone.apex, TYPE.SOA)
  const authority = soa === undefined ? proofs : [soa, ...proofs]
  return { ...answer, rcode, authoritative: true, answer: [], authority, additional: [] }
}

/** Answers every question with a referral to these servers, whatever the zone holds. */
export function referringTo(owner: Name, servers: readonly Name[]): Rewrite {
  const referral: Rrset = {
    owner,
    type: TYPE.NS,
    class: CLASS.IN,
    ttlSeconds: 3600,
    rdatas: servers,
    signatures: [],
  }
  return () => ({
    rcode: RCODE.NOERROR,
    authoritative: false,
    answer: [],
    authority: [referral],
    additional: [],
  })
}

/** Adds RRsets that nobody asked for. */
export function withExtra(extra: Partial<Pick<ZoneAnswer, 'answer' | 'authority' | 'additional'>>): Rewrite {
  return (answer) => ({
    ...answer,
    answer: [...answer.answer, ...(extra.answer ?? [])],
    authority: [...answer.authority, ...(extra.authority ?? [])],
    additional: [...answer.additional, ...(extra.additional ?? [])],
  })
}

/**
 * Compact denial of existence (RFC 9824): one NSEC, made and signed for the question. A name that does not exist is
 * answered NOERROR with the pseudo-type NXNAME in the bitmap.
 */
export function compactDenial(apex: Name, key: LabKey, span: ValiditySpan): Rewrite {
  return (answer, question, zone) => {
    const soa = zone?.rrset(apex, TYPE.SOA)
    if (zone === undefined || soa === undefined || answer.answer.length > 0 || !answer.authoritative)
      return answer
    const missing = answer.rcode === RCODE.NXDOMAIN
    const types = missing ? [TYPE.NXNAME] : zone.rrsetsAt(question.name).map(({ type }) => type)
    const nsec = lonelyNsec(question.name, [...types, TYPE.NSEC, TYPE.RRSIG], soa.ttlSeconds)
    const signatures = [signRrset(nsec, { key, signer: apex, span })]
    const authority = question.dnssec ? [soa, { ...nsec, signatures }] : [soa]
    return { ...answer, rcode: question.dnssec ? RCODE.NOERROR : answer.rcode, authority }
  }
}

/** An NSEC from `name` to the very next name, `\000.name` (RFC 4471). */
function lonelyNsec(name: Name, types: readonly number[], ttlSeconds: number): Rrset {
  const next = nameFromOctets(concatOctets(Uint8Array.of(1, 0), name)) ?? name
  return {
    owner: name,
    type: TYPE.NSEC,
    class: CLASS.IN,
    ttlSeconds,
    rdatas: [writeNsec(next, types)],
    signatures: [],
  }
}
