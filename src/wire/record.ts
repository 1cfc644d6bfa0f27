/** Resource records and RRsets as the engine holds them. */
import { compareOctets, mapKey, octetsEqual } from '../base/octets.ts'
import { type Name, nameKey, namesEqual } from './name.ts'

/** One resource record of a message. RDATA is uncompressed and otherwise untouched, case included. */
export interface ResourceRecord {
  readonly owner: Name
  readonly type: number
  readonly class: number
  /** Seconds, as received; 0 when the top bit was set (RFC 2181 8). */
  readonly ttlSeconds: number
  readonly rdata: Uint8Array
}

/** Records of one owner, type and class (RFC 2181 5), with the RRSIGs that cover them. */
export interface Rrset {
  readonly owner: Name
  readonly type: number
  readonly class: number
  /** Seconds: the least of the records' (RFC 2181 5.2). */
  readonly ttlSeconds: number
  /** What the TTL was when a cache took the set in, where `ttlSeconds` is what remains of it. */
  readonly givenTtlSeconds?: number
  /** RDATA of each record, duplicates removed, in the order received. */
  readonly rdatas: readonly Uint8Array[]
  /** RDATA of each RRSIG whose Type Covered is this type, duplicates removed; empty when unsigned. */
  readonly signatures: readonly Uint8Array[]
}

const TYPE_RRSIG = 46

/** So few are looked through one by one; more have an index, so that a message of thousands of records takes linear time. */
const FEW = 8

/**
 * Groups the records of one section into RRsets, in order of first appearance. An RRSIG joins the RRset that it
 * covers; RRSIGs that cover nothing in the section become RRsets of type RRSIG at the end.
 *
 * @param signaturesMax of one RRset; further ones are passed over
 */
export function groupRrsets(records: readonly ResourceRecord[], signaturesMax: number = Infinity): Rrset[] {
  const sets = new GrowingRrsets()
  for (const record of records) {
    if (record.type === TYPE_RRSIG) continue
    const set = sets.find(record, record.type) ?? sets.begin(record)
    sets.add(set, set.rdatas, record)
  }
  for (const record of records) {
    if (record.type !== TYPE_RRSIG || record.rdata.length < 2) continue
    const covered = (record.rdata[0]! << 8) | record.rdata[1]!
    const set = sets.find(record, covered)
    if (set !== undefined) {
      if (set.signatures.length < signaturesMax) sets.add(set, set.signatures, record)
    } else {
      const apart = sets.find(record, TYPE_RRSIG) ?? sets.begin(record)
      sets.add(apart, apart.rdatas, record)
    }
  }
  return sets.all
}

/** An RRset that is not complete. */
interface GrowingRrset extends Rrset {
  ttlSeconds: number
  readonly rdatas: Uint8Array[]
  readonly signatures: Uint8Array[]
}

class GrowingRrsets {
  readonly all: GrowingRrset[] = []
  /** Of all sets, once they are more than a few. */
  #index: Map<string, GrowingRrset> | undefined
  /** What is in the lists that are longer than a few. */
  #seen: Map<readonly Uint8Array[], Set<string>> | undefined

  /** The set that a record belongs to if it is of this type. */
  find(record: ResourceRecord, type: number): GrowingRrset | undefined {
    if (this.#index !== undefined) return this.#index.get(groupKey(record, type))
    for (const set of this.all) {
      if (set.type === type && set.class === record.class && namesEqual(set.owner, record.owner)) return set
    }
    return undefined
  }

  begin(record: ResourceRecord): GrowingRrset {
    const { owner, type, ttlSeconds } = record
    const set = { owner, type, class: record.class, ttlSeconds, rdatas: [], signatures: [] }
    this.all.push(set)
    if (this.all.length > FEW)
      this.#index ??= new Map(this.all.map((known) => [groupKey(known, known.type), known]))
    this.#index?.set(groupKey(record, type), set)
    return set
  }

  add(set: GrowingRrset, list: Uint8Array[], { rdata, ttlSeconds }: ResourceRecord): void {
    set.ttlSeconds = Math.min(set.ttlSeconds, ttlSeconds)
    if (!this.#isIn(list, rdata)) list.push(rdata)
  }

  #isIn(list: readonly Uint8Array[], rdata: Uint8Array): boolean {
    if (list.length <= FEW) {
      for (const known of list) if (octetsEqual(known, rdata)) return true
      return false
    }
    this.#seen ??= new Map()
    let seen = this.#seen.get(list)
    if (seen === undefined) {
      seen = new Set(list.map(mapKey))
      this.#seen.set(list, seen)
    }
    const key = mapKey(rdata)
    if (seen.has(key)) return true
    seen.add(key)
    return false
  }
}

function groupKey({ owner, class: recordClass }: Pick<Rrset, 'owner' | 'class'>, type: number): string {
  return `${type} ${recordClass} ${nameKey(owner)}`
}

/** RDATAs in canonical order (RFC 4034 6.3); they must be in canonical form already. */
export function sortRdatas(rdatas: readonly Uint8Array[]): Uint8Array[] {
  return [...rdatas].sort(compareOctets)
}
