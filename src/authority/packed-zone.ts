/**
 * A zone in one piece of memory, read where it lies: threads share it, and nothing of it is on the heap. It is for zones
 * that deny by NSEC, as the root does.
 */
import { RrsetReader, rrsetOctets, writeRrset } from '../cache/rrset-code.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { readU16, readU32, writeU32 } from '../wire/integers.ts'
import {
  compareNames,
  copyName,
  isStrictSubdomainOf,
  isSubdomainOf,
  labelCount,
  lastLabels,
  type Name,
  nameLengthAt,
  namesEqual,
} from '../wire/name.ts'
import { orderKey } from '../wire/name-order.ts'
import type { Rrset } from '../wire/record.ts'
import { lastUpTo, type Zone } from './zone.ts'

/** Number of RRsets and of NSEC RRsets; then the offset of each RRset, then those of the NSEC RRsets, then the RRsets. */
const HEAD_OCTETS = 8
const OFFSET_OCTETS = 4
/** RFC 2181 8: TTLs stay as the zone has them. */
const ZONE_TTL_SECONDS_MAX = 0x7fff_ffff

/**
 * Packs a zone.
 *
 * @param rrsets with their signatures; no two of one owner and type, and no NSEC3
 */
export function packZone(rrsets: readonly Rrset[]): Uint8Array {
  const sorted = rrsets
    .map((rrset) => ({ rrset, key: orderKey(rrset.owner) }))
    .sort((a, b) => (a.key === b.key ? a.rrset.type - b.rrset.type : a.key < b.key ? -1 : 1))
    .map(({ rrset }) => rrset)
  const chain = sorted.filter(({ type }) => type === TYPE.NSEC)
  const tables = HEAD_OCTETS + OFFSET_OCTETS * (sorted.length + chain.length)
  const octets = sorted.reduce((sum, rrset) => sum + rrsetOctets(rrset), tables)
  const packed = new Uint8Array(new SharedArrayBuffer(octets))
  writeU32(packed, 0, sorted.length)
  writeU32(packed, 4, chain.length)
  let at = tables
  let links = 0
  for (const [index, rrset] of sorted.entries()) {
    writeU32(packed, HEAD_OCTETS + OFFSET_OCTETS * index, at)
    if (rrset.type === TYPE.NSEC) {
      writeU32(packed, HEAD_OCTETS + OFFSET_OCTETS * (sorted.length + links), at)
      links++
    }
    at = writeRrset(packed, at, rrset, rrset.ttlSeconds)
  }
  return packed
}

/** See the head of this file. What it gives are copies. */
export class PackedZone implements Zone {
  readonly apex: Name
  readonly hasNsec3 = false
  readonly #octets: Uint8Array
  readonly #sets: number
  readonly #links: number

  /** @param packed by `packZone` */
  constructor(apex: Name, packed: Uint8Array) {
    this.apex = apex
    this.#octets = packed
    this.#sets = readU32(packed, 0)
    this.#links = readU32(packed, 4)
  }

  cutAbove(name: Name): Name | undefined {
    for (let count = labelCount(this.apex) + 1; count <= labelCount(name); count++) {
      const at = lastLabels(name, count)
      if (isStrictSubdomainOf(at, this.apex) && this.#find(at, TYPE.NS) !== undefined) return at
    }
    return undefined
  }

  exists(name: Name): boolean {
    // A name is followed by those below it, and nothing stands between.
    const first = this.#firstFrom(name, 0)
    return first < this.#sets && isSubdomainOf(this.#owner(this.#offset(first)), name)
  }

  rrset(name: Name, type: number): Rrset | undefined {
    const at = this.#find(name, type)
    return at === undefined ? undefined : this.#read(at)
  }

  rrsetsAt(name: Name): Rrset[] {
    const found: Rrset[] = []
    for (let index = this.#firstFrom(name, 0); index < this.#sets; index++) {
      const at = this.#offset(index)
      if (!namesEqual(this.#owner(at), name)) break
      found.push(this.#read(at))
    }
    return found
  }

  nsecFor(name: Name): Rrset | undefined {
    if (this.#links === 0) return undefined
    const offset = (link: number): number => this.#offset(this.#sets + link)
    return this.#read(offset(lastUpTo(this.#links, (link) => compareNames(this.#owner(offset(link)), name))))
  }

  nsec3Matching(): undefined {
    return undefined
  }

  nsec3Covering(): undefined {
    return undefined
  }

  /** Where the RRset of a name and type is. */
  #find(name: Name, type: number): number | undefined {
    const index = this.#firstFrom(name, type)
    if (index === this.#sets) return undefined
    const at = this.#offset(index)
    const owner = this.#owner(at)
    return namesEqual(owner, name) && readU16(this.#octets, at + owner.length) === type ? at : undefined
  }

  /** The first RRset that does not come before a name and type. */
  #firstFrom(name: Name, type: number): number {
    let low = 0
    let high = this.#sets
    while (low < high) {
      const middle = (low + high) >>> 1
      const at = this.#offset(middle)
      const owner = this.#owner(at)
      const order = compareNames(owner, name) || readU16(this.#octets, at + owner.length) - type
      if (order < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #offset(index: number): number {
    return readU32(this.#octets, HEAD_OCTETS + OFFSET_OCTETS * index)
  }

  #owner(at: number): Name {
    return this.#octets.subarray(at, at + nameLengthAt(this.#octets, at, this.#octets.length)) as Name
  }

  #read(at: number): Rrset {
    const set = new RrsetReader(this.#octets, at).next(0, ZONE_TTL_SECONDS_MAX)
    const copy = (octets: Uint8Array): Uint8Array => new Uint8Array(octets)
    return {
      ...set,
      owner: copyName(set.owner),
      rdatas: set.rdatas.map(copy),
      signatures: set.signatures.map(copy),
    }
  }
}
