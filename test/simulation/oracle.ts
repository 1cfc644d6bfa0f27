/** What is true: which RRsets the lab signed and when they hold, what exists, and which zones a chain of trust leads to. */

import { sourceOfSynthesis } from '../../src/authority/zone.ts'
import { NSEC3_ITERATIONS_MAX } from '../../src/base/limits.ts'
import { mapKey } from '../../src/base/octets.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import type { ServedZone } from '../../src/lab/served-zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, type Name, nameKey, parentOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { canonicalRdata } from '../../src/wire/rdata/rdata.ts'
import { parseRrsig } from '../../src/wire/rdata/rrsig.ts'
import { type Rrset, sortRdatas } from '../../src/wire/record.ts'
import type { Edition, Editions } from './editions.ts'

/**
 * How sure a validator must be of a zone. `all`: of everything in it and of what is not; `existing`: of what exists,
 * since opt-out leaves the rest open; `none`: the zone is not signed, broken, or proves nothing (RFC 9276).
 */
export type Sureness = 'all' | 'existing' | 'none'

/** What a zone is to a validator. */
export interface ZoneClass {
  readonly apex: Name
  readonly sureness: Sureness
  /** A chain of trust leads to it, or would if it were not broken. */
  readonly isSigned: boolean
  /** It makes its denials up when asked (RFC 9824): their records are in no edition. */
  readonly compact: boolean
  /** Its servers lie about some names: who comes by another way may find what is true. */
  readonly lying: boolean
}

/** Most tolerance of a validator at the ends of a signature's validity. */
const SKEW_SECONDS = 86_400

/** See the head of this file. */
export class Oracle {
  readonly #editions: readonly Edition[]
  readonly #classes = new Map<string, ZoneClass>()
  /** Zones of every edition by apex. */
  readonly #zones: readonly ReadonlyMap<string, ServedZone>[]
  /** RRsets of all editions by owner, type and content. */
  readonly #signed = new Map<string, Rrset[]>()

  constructor({ all, zones }: Editions) {
    this.#editions = all
    this.#zones = all.map(({ truth }) => new Map(truth.map((zone) => [nameKey(zone.apex), zone])))
    for (const rrset of all.flatMap(({ rrsets }) => rrsets)) {
      if (rrset.signatures.length === 0) continue
      const key = `${nameKey(rrset.owner)} ${contentKey(rrset)}`
      const same = this.#signed.get(key)
      if (same === undefined) this.#signed.set(key, [rrset])
      else same.push(rrset)
    }
    for (const zone of zones) this.#classes.set(nameKey(nameFrom(zone.name)), classOf(zone))
  }

  /** True when a zone above the name, or its own, has servers that lie. */
  isLiedAbout(name: Name): boolean {
    for (let at = name; ; at = parentOf(at)) {
      if (this.#classes.get(nameKey(at))?.lying === true) return true
      if (isRoot(at)) return false
    }
  }

  /** True when records of this name and type may be proven: an NSEC at a cut is the parent's or the child's. */
  mayBeProven(name: Name, type: number): boolean {
    if (this.classFor(name, type).isSigned) return true
    return type === TYPE.NSEC && this.classFor(name, TYPE.DS).isSigned
  }

  /** The zone that a name belongs to; for DS the one above a cut. */
  classFor(name: Name, type: number): ZoneClass {
    for (let at = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name; ; at = parentOf(at)) {
      const known = this.#classes.get(nameKey(at))
      if (known !== undefined) return known
    }
  }

  #zoneAt(edition: number, name: Name, type: number): ServedZone {
    return this.#zones[edition]!.get(nameKey(this.classFor(name, type).apex))!
  }

  /**
   * True when the lab signed these records at this name, in one of the editions and at a time when the signature holds,
   * or signed the wildcard that the name expands.
   *
   * @param clocks wall-clock times, one of which must lie in the signature's validity; any time when empty
   */
  isSigned(rrset: Rrset, clocks: readonly number[]): boolean {
    const content = contentKey(rrset)
    const isHere = (owner: Name): boolean => {
      const same = this.#signed.get(`${nameKey(owner)} ${content}`) ?? []
      return same.some(({ signatures }) => signatures.some((rdata) => holdsAtOne(rdata, clocks)))
    }
    if (isHere(rrset.owner)) return true
    return this.#editions.some(({ number }) => {
      const zone = this.#zoneAt(number, rrset.owner, rrset.type)
      const wildcard = zone.exists(rrset.owner) ? undefined : sourceOfSynthesis(zone, rrset.owner)
      return wildcard !== undefined && isHere(wildcard)
    })
  }

  /**
   * True when the name has the type or an alias in every edition: nobody can honestly deny it. What a wildcard makes does
   * not count where opt-out leaves room for a delegation.
   */
  alwaysThere(name: Name, type: number): boolean {
    const exactly = this.classFor(name, type).sureness !== 'all'

    return this.#editions.every(({ number }) => {
      const zone = this.#zoneAt(number, name, type)
      if (isElsewhere(zone, name, type)) return false
      const source = exactly && !zone.exists(name) ? undefined : sourceOf(zone, name)
      return (
        source !== undefined && (zone.rrset(source, type) ?? zone.rrset(source, TYPE.CNAME)) !== undefined
      )
    })
  }

  /** True when a denial is true in some edition: the name has no such type or, for `nxdomain`, does not exist. */
  isAbsent(name: Name, type: number, nxdomain: boolean, clocks: readonly number[]): boolean {
    return this.#editions.some(({ number }) => {
      const zone = this.#zoneAt(number, name, type)
      const soa = zone.rrset(zone.apex, TYPE.SOA)!
      if (!soa.signatures.some((rdata) => holdsAtOne(rdata, clocks))) return false
      if (isElsewhere(zone, name, type)) return false
      const source = sourceOf(zone, name)
      if (source === undefined) return true
      if (nxdomain) return false
      return (zone.rrset(source, type) ?? zone.rrset(source, TYPE.CNAME)) === undefined
    })
  }

  /** True when a zone of the lab is named so. */
  isApex(name: Name): boolean {
    return this.#classes.has(nameKey(name))
  }
}

/** The name itself where it exists, else the wildcard that stands in for it. */
function sourceOf(zone: ServedZone, name: Name): Name | undefined {
  return zone.exists(name) ? name : sourceOfSynthesis(zone, name)
}

/** True where the zone's own nodes do not tell: below a DNAME, and at or below a cut that the lab has no zone for. */
function isElsewhere(zone: ServedZone, name: Name, type: number): boolean {
  const cut = zone.cutAbove(name)
  if (cut !== undefined && !(type === TYPE.DS && cut.length === name.length)) return true
  for (let at = name; isStrictSubdomainOf(at, zone.apex); at = parentOf(at)) {
    if (at !== name && zone.rrset(at, TYPE.DNAME) !== undefined) return true
  }
  return false
}

function holdsAtOne(rdata: Uint8Array, clocks: readonly number[]): boolean {
  const rrsig = parseRrsig(rdata)
  if (rrsig === undefined) return false
  const { inception, expiration } = rrsig
  return (
    clocks.length === 0 ||
    clocks.some((seconds) => seconds >= inception - SKEW_SECONDS && seconds <= expiration + SKEW_SECONDS)
  )
}

/** The records as one key, whatever their order and the case of names in them. */
function contentKey({ type, class: rrsetClass, rdatas }: Rrset): string {
  const sorted = sortRdatas(rdatas.map((rdata) => canonicalRdata(type, rdata)))
  return `${type} ${rrsetClass} ${sorted.map((rdata) => `${rdata.length}:${mapKey(rdata)}`).join('')}`
}

function classOf(zone: LabZone): ZoneClass {
  const verdicts = new Set(zone.questions.map(({ verdict }) => verdict))
  const isSigned = verdicts.has('secure') || verdicts.has('bogus')
  const sound = isSigned && !verdicts.has('bogus') && !verdicts.has('failed')
  const denial = zone.signing?.denial
  const nsec3 = denial?.kind === 'nsec3' ? denial : undefined
  const open = nsec3 !== undefined && nsec3.iterations > NSEC3_ITERATIONS_MAX
  const sureness = !sound || open ? 'none' : nsec3?.optOut === true ? 'existing' : 'all'
  return {
    apex: nameFrom(zone.name),
    sureness,
    isSigned,
    compact: zone.name === 'compact.se.',
    lying: zone.rewrites !== undefined,
  }
}
