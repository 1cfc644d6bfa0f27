/**
 * What zones have proven not to exist, range by range: verified NSEC and NSEC3 records in the order of their chains,
 * so that they answer for every name that they cover (RFC 8198). Nothing is decided here: `resolver/synthesis.ts`
 * hands the records found to the same proofs as those of a reply.
 */
import { LRUCache } from 'lru-cache'
import {
  DENIAL_OCTETS_MAX,
  DENIAL_RANGES_KEPT_OF_FULL,
  DENIAL_RANGES_PER_ZONE_MAX,
  DENIAL_RECORD_OCTETS_MAX,
  DENIAL_ZONES_MAX,
} from '../base/limits.ts'
import { mapKey, octetsEqual } from '../base/octets.ts'
import { type DenialRecord, type Nsec3Record, readDenialRecord } from '../dnssec/evidence.ts'
import { foldName, isSubdomainOf, type Name } from '../wire/name.ts'
import { orderKey } from '../wire/name-order.ts'
import type { Rrset } from '../wire/record.ts'
import { remainingSeconds } from './fields.ts'
import { OrderedRanges, type Range, rangeCovers, rangeOctets } from './ordered-ranges.ts'
import { RrsetReader, rrsetOctets, writeRrset } from './rrset-code.ts'

/** Verified records of one zone: each TTL is how long the record may be kept. */
export interface VerifiedDenial {
  readonly zone: Name
  readonly records: readonly DenialRecord[]
  readonly soa: Rrset | undefined
}

/** A record of a chain, found by a name or a hash. */
export interface Link {
  /** Its TTL is what remains. */
  readonly rrset: Rrset
  /** The link stands at what was looked for; otherwise its range holds that. */
  readonly matches: boolean
}

/** How large the table is, and whose time it goes by. */
export interface DenialRangesOptions {
  /** The clock's monotonic milliseconds. */
  readonly nowMs: () => number
  readonly zonesMax?: number
  readonly rangesPerZoneMax?: number
  /** Octets of heap in all. */
  readonly octetsMax?: number
}

/** The zones. */
export class DenialRanges {
  readonly #zones: LRUCache<string, ZoneDenial>
  readonly #nowMs: () => number
  readonly #rangesPerZoneMax: number
  readonly #octetsMax: number
  #octetsUsed = 0

  constructor({ nowMs, zonesMax, rangesPerZoneMax, octetsMax }: DenialRangesOptions) {
    this.#nowMs = nowMs
    this.#rangesPerZoneMax = rangesPerZoneMax ?? DENIAL_RANGES_PER_ZONE_MAX
    this.#octetsMax = octetsMax ?? DENIAL_OCTETS_MAX
    const dispose = (zone: ZoneDenial): void => {
      this.#octetsUsed -= zone.octetsUsed
    }
    this.#zones = new LRUCache({ max: zonesMax ?? DENIAL_ZONES_MAX, dispose })
  }

  /** Octets of heap in use, about. */
  get octetsUsed(): number {
    return this.#octetsUsed
  }

  /** Zones of which something is known. */
  get size(): number {
    return this.#zones.size
  }

  /** Keeps what was verified under the policy of this number. What was kept of the zone under an older one goes. */
  add({ zone, records, soa }: VerifiedDenial, policySequence: number): void {
    const key = mapKey(foldName(zone))
    let known = this.#zones.get(key)
    if (known !== undefined && known.policySequence > policySequence) return
    if (known === undefined || known.policySequence < policySequence) {
      known = new ZoneDenial(new Uint8Array(zone) as Name, policySequence, this.#nowMs)
      this.#zones.set(key, known)
      this.#octetsUsed += known.octetsUsed
    }
    const before = known.octetsUsed
    for (const record of records) known.add(record, this.#rangesPerZoneMax)
    if (soa !== undefined) known.soa = soa
    this.#octetsUsed += known.octetsUsed - before
    while (this.#octetsUsed > this.#octetsMax && this.#zones.size > 0) this.#zones.pop()
  }

  /** What is known of the deepest zone at or above the name that anything is known of, under this policy. */
  closest(name: Name, policySequence: number): ZoneDenial | undefined {
    const whole = mapKey(foldName(name))
    for (let at = 0; at < whole.length; at += whole.charCodeAt(at) + 1) {
      const found = this.#zones.get(at === 0 ? whole : whole.slice(at))
      if (found === undefined) continue
      if (found.policySequence === policySequence) return found
      if (found.policySequence < policySequence) this.#zones.delete(whole.slice(at))
    }
    return undefined
  }

  /** Forgets the zones at a name and below it and the one that it lies in, or everything. */
  flush(name?: Name): void {
    if (name === undefined) this.#zones.clear()
    else {
      for (const [key, { zone }] of [...this.#zones.entries()]) {
        if (isSubdomainOf(zone, name) || isSubdomainOf(name, zone)) this.#zones.delete(key)
      }
    }
  }
}

/** Heap of a zone without ranges. */
const ZONE_OCTETS = 1_024

/** A set of NSEC3 parameters and the ranges that go by it. */
interface HashedRanges {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly ranges: OrderedRanges
}

/** What is known of one zone. */
export class ZoneDenial {
  readonly zone: Name
  readonly policySequence: number
  readonly #nowMs: () => number
  readonly #nsec = new OrderedRanges()
  #nsec3: HashedRanges | undefined
  #soa: Range | undefined

  constructor(zone: Name, policySequence: number, nowMs: () => number) {
    this.zone = zone
    this.policySequence = policySequence
    this.#nowMs = nowMs
  }

  /** Octets of heap in use, about. */
  get octetsUsed(): number {
    const soa = this.#soa === undefined ? 0 : rangeOctets(this.#soa)
    return ZONE_OCTETS + soa + this.#nsec.octetsUsed + (this.#nsec3?.ranges.octetsUsed ?? 0)
  }

  get hasNsec(): boolean {
    return this.#nsec.size > 0
  }

  /** How the names of the chain are hashed; undefined when no NSEC3 record is known. */
  get nsec3Parameters(): { readonly iterations: number; readonly salt: Uint8Array } | undefined {
    return this.#nsec3
  }

  /** The zone's SOA RRset. Its TTL is what remains. One that is much longer than any that is honest is not kept. */
  get soa(): Rrset | undefined {
    return this.#read(this.#soa)
  }

  set soa(rrset: Rrset | undefined) {
    const isKept = rrset !== undefined && rrsetOctets(rrset) <= DENIAL_RECORD_OCTETS_MAX
    this.#soa = isKept ? this.#range('', '', rrset) : undefined
  }

  /** Adds a record, unless it is one that may deny nothing. */
  add(record: DenialRecord, rangesMax: number): void {
    const { rrset } = record
    const { length } = rrset.rdatas
    if (length !== 1 || rrset.ttlSeconds <= 0 || rrsetOctets(rrset) > DENIAL_RECORD_OCTETS_MAX) return
    const read = readDenialRecord(record, this.zone)
    if (typeof read === 'string') return
    const ranges = 'hash' in read ? this.#chainOf(read) : this.#nsec
    const [from, to] =
      'hash' in read
        ? [mapKey(read.hash), mapKey(read.nextHash)]
        : [orderKey(read.owner), orderKey(read.next)]
    ranges.add(this.#range(from, to, rrset))
    if (ranges.size > rangesMax)
      ranges.prune(this.#nowMs(), Math.floor(rangesMax * DENIAL_RANGES_KEPT_OF_FULL))
  }

  /** The NSEC3 ranges with the parameters of this record. Others are those of a chain that is no more. */
  #chainOf({ iterations, salt }: Nsec3Record): OrderedRanges {
    const known = this.#nsec3
    if (known !== undefined && known.iterations === iterations && octetsEqual(known.salt, salt))
      return known.ranges
    this.#nsec3 = { iterations, salt: new Uint8Array(salt), ranges: new OrderedRanges() }
    return this.#nsec3.ranges
  }

  /** The NSEC record at a name, or the one whose range holds the name. */
  nsec(name: Name): Link | undefined {
    return this.#link(this.#nsec, orderKey(name))
  }

  /** The NSEC3 record at a hash, or the one whose range holds it. */
  nsec3(hash: Uint8Array): Link | undefined {
    return this.#nsec3 && this.#link(this.#nsec3.ranges, mapKey(hash))
  }

  #link(ranges: OrderedRanges, key: string): Link | undefined {
    const range = ranges.atOrBefore(key)
    if (range === undefined) return undefined
    const matches = range.from === key
    if (!matches && !rangeCovers(range, key)) return undefined
    const rrset = this.#read(range)
    if (rrset === undefined) return undefined
    range.usedMs = this.#nowMs()
    return { rrset, matches }
  }

  #range(from: string, to: string, rrset: Rrset): Range {
    const octets = new Uint8Array(rrsetOctets(rrset))
    writeRrset(octets, 0, rrset, rrset.ttlSeconds)
    const nowMs = this.#nowMs()
    const expiresMs = nowMs + rrset.ttlSeconds * 1000
    return { from, to, octets: mapKey(octets), storedMs: nowMs, expiresMs, usedMs: nowMs }
  }

  #read(range: Range | undefined): Rrset | undefined {
    const nowMs = this.#nowMs()
    if (range === undefined || nowMs >= range.expiresMs) return undefined
    const octets = new Uint8Array(range.octets.length)
    for (let i = 0; i < octets.length; i++) octets[i] = range.octets.charCodeAt(i)
    const lifetime = Math.ceil((range.expiresMs - range.storedMs) / 1000)
    const ageSeconds = lifetime - remainingSeconds(lifetime, range.storedMs, nowMs)
    return new RrsetReader(octets, 0).next(ageSeconds)
  }
}
