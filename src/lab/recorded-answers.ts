/** What one recorded server, or the servers of one zone together, have to say. */

import type { ZoneAnswer } from '../authority/answer.ts'
import type { Address } from '../base/address.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name, nameKey } from '../wire/name.ts'
import { groupRrsets, type Rrset } from '../wire/record.ts'
import { failure } from './authority.ts'
import type { Recording } from './recordings.ts'

/** Something to answer with: a packet as it was, or records out of packets. */
export type Found =
  | { readonly kind: 'packet'; readonly octets: Uint8Array }
  | { readonly kind: 'records'; readonly answer: ZoneAnswer }

/** Where the lab has the server of a recorded address, or of a zone whose servers were recorded by zone. */
export type Relocate = (address: Address, cut: Name) => Address | undefined

interface Referral {
  readonly cut: Name
  readonly answer: ZoneAnswer
}

/** Recordings by question. */
export class RecordedAnswers {
  readonly #packets = new Map<string, Recording[]>()
  readonly #signed = new Map<string, Rrset>()
  readonly #referrals: Referral[] = []

  constructor(recordings: Iterable<Recording>, relocate: Relocate) {
    for (const recording of recordings) {
      const { question, message } = recording
      for (const rrset of groupRrsets([...message.answer, ...message.authority])) {
        if (rrset.signatures.length > 0) this.#signed.set(keyOf(rrset.owner, rrset.type), rrset)
      }
      if (isReferral(recording)) this.#referrals.push(referralOf(recording, relocate))
      else this.#packetsFor(keyOf(question.name, question.type)).push(recording)
    }
    this.#referrals.sort((a, b) => b.cut.length - a.cut.length)
  }

  #packetsFor(key: string): Recording[] {
    const packets = this.#packets.get(key) ?? []
    this.#packets.set(key, packets)
    return packets
  }

  /**
   * The packet for this question, asked with DO or not as now; else signed records of that name and type out of another
   * packet; else the packet asked in the other way; else a referral that covers the name.
   */
  find(name: Name, type: number, dnssec: boolean): Found | undefined {
    const key = keyOf(name, type)
    const packets = this.#packets.get(key) ?? []
    const same = packets.find(({ message }) => (message.edns?.do === true) === dnssec)
    if (same !== undefined) return { kind: 'packet', octets: same.octets }
    const signed = this.#signed.get(key)
    if (signed !== undefined && (dnssec || packets.length === 0))
      return { kind: 'records', answer: positive(signed) }
    if (packets[0] !== undefined) return { kind: 'packet', octets: packets[0].octets }
    const referral = this.#referrals.find(({ cut }) => isSubdomainOf(name, cut))
    return referral && { kind: 'records', answer: referral.answer }
  }
}

/** A reply that only says whom to ask. */
export function isReferral({ message }: Recording): boolean {
  if (message.aa || message.ra || message.answer.length > 0) return false
  return message.authority.some(({ type }) => type === TYPE.NS)
}

/** An authoritative answer of one RRset. */
export function positive(rrset: Rrset): ZoneAnswer {
  return { ...failure(RCODE.NOERROR), authoritative: true, answer: [rrset] }
}

/** Addresses that the lab does not have are left out: no resolver should look for them outside. */
function referralOf({ message }: Recording, relocate: Relocate): Referral {
  const authority = groupRrsets(message.authority)
  const cut = authority.find(({ type }) => type === TYPE.NS)!.owner
  const additional = groupRrsets(message.additional).map((rrset): Rrset => {
    const rdatas = rrset.type === TYPE.A ? rrset.rdatas.map((rdata) => relocate(rdata, cut)) : []
    return { ...rrset, rdatas: rdatas.filter((rdata) => rdata !== undefined), signatures: [] }
  })
  return { cut, answer: { ...failure(RCODE.NOERROR), authority, additional } }
}

function keyOf(name: Name, type: number): string {
  return `${type} ${nameKey(name)}`
}
