/** Trust anchors (RFC 4033 2): the keys that are believed without proof. */
import { mapKey, octetsEqual } from '../base/octets.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, labelCount, type Name, nameKey, namesEqual } from '../wire/name.ts'
import { keyTagOf, parseDnskey } from '../wire/rdata/dnskey.ts'
import { parseDs } from '../wire/rdata/ds.ts'
import type { ResourceRecord } from '../wire/record.ts'

/** One anchor: RDATA of a DS or of a DNSKEY record; exactly one of the two is there. */
export interface TrustAnchor {
  readonly zone: Name
  readonly ds?: Uint8Array
  readonly dnskey?: Uint8Array
}

/** The anchors in force. Immutable: a change makes a new set. */
export class TrustAnchors {
  readonly list: readonly TrustAnchor[]
  readonly #byZone: ReadonlyMap<string, readonly TrustAnchor[]>
  /** The zones, the deepest first: one or a few, so that a walk through them is shorter than one up a name. */
  readonly #deepestFirst: readonly Name[]

  constructor(list: readonly TrustAnchor[]) {
    const byZone = new Map<string, TrustAnchor[]>()
    const kept: TrustAnchor[] = []
    for (const anchor of list) {
      const key = nameKey(anchor.zone)
      const zone = byZone.get(key) ?? []
      if (zone.some((other) => sameAnchor(other, anchor))) continue
      byZone.set(key, zone)
      zone.push(anchor)
      kept.push(anchor)
    }
    this.list = kept
    this.#byZone = byZone
    this.#deepestFirst = this.zones.sort((a, b) => labelCount(b) - labelCount(a))
  }

  /** The anchors of exactly this zone; empty when there are none. */
  of(zone: Name): readonly TrustAnchor[] {
    return this.#byZone.get(nameKey(zone)) ?? []
  }

  /** The zones with anchors, each once. */
  get zones(): Name[] {
    return [...this.#byZone.values()].map(([anchor]) => anchor!.zone)
  }

  /** The deepest zone with an anchor at or above the name, or undefined. A view of `name`. */
  closest(name: Name): Name | undefined {
    for (const zone of this.#deepestFirst)
      if (isSubdomainOf(name, zone)) return name.subarray(name.length - zone.length) as Name
    return undefined
  }
}

/** True when both hold the same anchors of the same zones in the same order. */
export function sameAnchors(a: readonly TrustAnchor[], b: readonly TrustAnchor[]): boolean {
  return (
    a.length === b.length &&
    a.every((anchor, i) => namesEqual(anchor.zone, b[i]!.zone) && sameAnchor(anchor, b[i]!))
  )
}

function sameAnchor(a: TrustAnchor, b: TrustAnchor): boolean {
  if (a.ds !== undefined && b.ds !== undefined) return octetsEqual(a.ds, b.ds)
  return a.dnskey !== undefined && b.dnskey !== undefined && octetsEqual(a.dnskey, b.dnskey)
}

/** The key tag that the anchor names. */
export function anchorKeyTag(anchor: TrustAnchor): number {
  if (anchor.ds !== undefined) return parseDs(anchor.ds)?.keyTag ?? 0
  return anchor.dnskey === undefined ? 0 : keyTagOf(anchor.dnskey)
}

/** The anchors among records of a file: DS and DNSKEY that are well formed, each once; other records are left out. */
export function anchorsFromRecords(records: readonly ResourceRecord[]): TrustAnchor[] {
  const anchors = new Map<string, TrustAnchor>()
  for (const { owner: zone, type, rdata } of records) {
    const key = `${type} ${nameKey(zone)} ${mapKey(rdata)}`
    if (type === TYPE.DS && parseDs(rdata) !== undefined) anchors.set(key, { zone, ds: rdata })
    if (type === TYPE.DNSKEY && parseDnskey(rdata) !== undefined) anchors.set(key, { zone, dnskey: rdata })
  }
  return [...anchors.values()]
}
