/**
 * The records of an answer in the order that its entry keeps them in. DNSSEC records are RRSIG, NSEC and NSEC3 that
 * nobody asked for by name (RFC 3225 3).
 */
import { TYPE } from '../wire/iana/rrtype.ts'
import { commonAncestor, isRoot, type Name, namesEqual } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'

/** One record to write. */
export interface Row {
  readonly rrset: Rrset
  readonly owner: Name
  /** That of the RRset, or RRSIG. */
  readonly type: number
  readonly rdata: Uint8Array
}

/**
 * The records of a section, those that only a client with DO gets apart.
 *
 * @param wanted whether records of a type are there because they were asked for
 */
export function splitSection(
  rrsets: readonly Rrset[],
  qname: Name,
  wanted: (type: number) => boolean,
): { readonly plain: readonly Row[]; readonly dnssec: readonly Row[] } {
  const plain: Row[] = []
  const dnssec: Row[] = []
  for (const rrset of rrsets) {
    const { type } = rrset
    const owner = respell(rrset.owner, qname)
    const home = isDnssecType(type) && !wanted(type) ? dnssec : plain
    for (const rdata of rrset.rdatas) home.push({ rrset, owner, type, rdata })
    const signatureHome = wanted(TYPE.RRSIG) ? plain : dnssec
    for (const rdata of rrset.signatures) signatureHome.push({ rrset, owner, type: TYPE.RRSIG, rdata })
  }
  return { plain, dnssec }
}

/** The owner, with the end that it shares with the question spelt as there. */
function respell(owner: Name, qname: Name): Name {
  if (namesEqual(owner, qname)) return qname
  const shared = commonAncestor(qname, owner)
  if (isRoot(shared)) return owner
  const spelt = owner.slice()
  spelt.set(shared, owner.length - shared.length)
  return spelt as Name
}

/** What the answer section may hold because it was asked for. */
export function asked(qtype: number): (type: number) => boolean {
  return (type) => type === qtype || qtype === TYPE.ANY
}

/** In the other sections nothing was asked for. */
export function notAsked(): boolean {
  return false
}

function isDnssecType(type: number): boolean {
  return type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3
}
