/** A zone as an authority holds it: an index over its records, whoever signed them. */
import { lastUpTo, type Zone } from '../authority/zone.ts'
import { compareOctets, octetsEqual } from '../base/octets.ts'
import { parseBase32hex } from '../wire/base32hex.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  compareNames,
  isStrictSubdomainOf,
  isSubdomainOf,
  type Name,
  nameKey,
  parentOf,
} from '../wire/name.ts'
import { type Nsec3Param, parseNsec3, parseNsec3param } from '../wire/rdata/nsec3.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import { hashName } from './denial-chain.ts'
import { ZoneCuts } from './zone-cuts.ts'

interface NsecLink {
  readonly owner: Name
  readonly rrset: Rrset
}

interface Nsec3Link {
  readonly hash: Uint8Array
  readonly rrset: Rrset
}

/** One zone, ready to be asked. Its records are taken as they are: the index repairs nothing. */
export class ServedZone implements Zone {
  readonly apex: Name
  readonly #cuts: ZoneCuts
  /** By folded name; a name without RRsets of its own is an empty non-terminal (RFC 4592 2.2.2). */
  readonly #nodes = new Map<string, Map<number, Rrset>>()
  readonly #nsec: NsecLink[] = []
  readonly #nsec3: Nsec3Link[] = []
  readonly #nsec3param: Nsec3Param | undefined

  constructor(apex: Name, records: readonly ResourceRecord[]) {
    this.apex = apex
    const rrsets = groupRrsets(records)
    this.#cuts = new ZoneCuts(apex, rrsets)
    for (const rrset of rrsets) this.#add(rrset)
    this.#nsec.sort((a, b) => compareNames(a.owner, b.owner))
    this.#nsec3.sort((a, b) => compareOctets(a.hash, b.hash))
    this.#nsec3param = this.#parameters()
  }

  #add(rrset: Rrset): void {
    const { owner, type } = rrset
    if (!isSubdomainOf(owner, this.apex)) return
    if (type === TYPE.NSEC3) {
      const hash = parseBase32hex(Buffer.from(owner.subarray(1, 1 + owner[0]!)).toString('latin1'))
      if (hash !== undefined) this.#nsec3.push({ hash, rrset })
      return
    }
    if (type === TYPE.NSEC) this.#nsec.push({ owner, rrset })
    for (let name = owner; ; name = parentOf(name)) {
      const key = nameKey(name)
      if (!this.#nodes.has(key)) this.#nodes.set(key, new Map())
      if (!isStrictSubdomainOf(name, this.apex)) break
    }
    this.#nodes.get(nameKey(owner))?.set(type, rrset)
  }

  #parameters(): Nsec3Param | undefined {
    const stated = this.rrset(this.apex, TYPE.NSEC3PARAM)?.rdatas[0]
    if (stated !== undefined) return parseNsec3param(stated)
    const first = this.#nsec3[0]?.rrset.rdatas[0]
    return first && parseNsec3(first)
  }

  cutAbove(name: Name): Name | undefined {
    return this.#cuts.cutAbove(name)
  }

  /** True when the name owns something or something below it does. */
  exists(name: Name): boolean {
    return this.#nodes.has(nameKey(name))
  }

  /** The RRset of a name and type, with its signatures. */
  rrset(name: Name, type: number): Rrset | undefined {
    return this.#nodes.get(nameKey(name))?.get(type)
  }

  /** All RRsets of a name, NSEC3 aside. */
  rrsetsAt(name: Name): Rrset[] {
    return [...(this.#nodes.get(nameKey(name))?.values() ?? [])]
  }

  /** True when the zone denies by NSEC3. */
  get hasNsec3(): boolean {
    return this.#nsec3.length > 0
  }

  /** The NSEC RRset whose owner is `name` or, going back in canonical order, comes next before it. */
  nsecFor(name: Name): Rrset | undefined {
    return linkUpTo(this.#nsec, (link) => compareNames(link.owner, name))?.rrset
  }

  /** The NSEC3 RRset whose owner is the hash of `name`. */
  nsec3Matching(name: Name): Rrset | undefined {
    const hash = this.#hash(name)
    const link = hash && linkUpTo(this.#nsec3, (candidate) => compareOctets(candidate.hash, hash))
    return link && octetsEqual(link.hash, hash) ? link.rrset : undefined
  }

  /** The NSEC3 RRset whose span, its owner included, holds the hash of `name`. */
  nsec3Covering(name: Name): Rrset | undefined {
    const hash = this.#hash(name)
    return hash && linkUpTo(this.#nsec3, (link) => compareOctets(link.hash, hash))?.rrset
  }

  #hash(name: Name): Uint8Array | undefined {
    return this.#nsec3param && hashName(name, this.#nsec3param)
  }
}

function linkUpTo<T>(chain: readonly T[], compareToTarget: (link: T) => number): T | undefined {
  return chain[lastUpTo(chain.length, (index) => compareToTarget(chain[index]!))]
}
