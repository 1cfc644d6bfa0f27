/** Resource records and RRsets as the engine holds them. */
import { compareOctets, mapKey } from '../base/octets.ts'
import { type Name, nameKey } from './name.ts'

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

/**
 * Groups the records of one section into RRsets, in order of first appearance. An RRSIG joins the RRset that it
 * covers; RRSIGs that cover nothing in the section become RRsets of type RRSIG at the end.
 */
export function groupRrsets(records: readonly ResourceRecord[]): Rrset[] {
  const sets = new Map<string, GrowingRrset>()
  for (const record of records) {
    if (record.type === TYPE_RRSIG) continue
    const set = setFor(sets, record, record.type)
    addUnique(set.rdatas, set.seen, record.rdata)
    set.ttlSeconds = Math.min(set.ttlSeconds, record.ttlSeconds)
  }
  for (const record of records) {
    if (record.type !== TYPE_RRSIG || record.rdata.length < 2) continue
    const covered = (record.rdata[0]! << 8) | record.rdata[1]!
    const set = sets.get(groupKey(record, covered))
    const home = set ?? setFor(sets, record, TYPE_RRSIG)
    addUnique(set === undefined ? home.rdatas : home.signatures, home.seen, record.rdata)
    home.ttlSeconds = Math.min(home.ttlSeconds, record.ttlSeconds)
  }
  return Array.from(sets.values(), ungrown)
}

/** Spelt out: all sets look alike then, and are read quickly. */
function ungrown({ owner, type, class: recordClass, ttlSeconds, rdatas, signatures }: GrowingRrset): Rrset {
  return { owner, type, class: recordClass, ttlSeconds, rdatas, signatures }
}

interface GrowingRrset {
  readonly owner: Name
  readonly type: number
  readonly class: number
  ttlSeconds: number
  readonly rdatas: Uint8Array[]
  readonly signatures: Uint8Array[]
  /** What is in the two lists, so that a message of thousands of records is grouped in linear time. */
  readonly seen: Set<string>
}

function groupKey(record: ResourceRecord, type: number): string {
  return `${type} ${record.class} ${nameKey(record.owner)}`
}

function setFor(sets: Map<string, GrowingRrset>, record: ResourceRecord, type: number): GrowingRrset {
  const key = groupKey(record, type)
  let set = sets.get(key)
  if (set === undefined) {
    const { owner, ttlSeconds } = record
    set = { owner, type, class: record.class, ttlSeconds, rdatas: [], signatures: [], seen: new Set() }
    sets.set(key, set)
  }
  return set
}

function addUnique(list: Uint8Array[], seen: Set<string>, octets: Uint8Array): void {
  const key = mapKey(octets)
  if (seen.has(key)) return
  seen.add(key)
  list.push(octets)
}

/** RDATAs in canonical order (RFC 4034 6.3); they must be in canonical form already. */
export function sortRdatas(rdatas: readonly Uint8Array[]): Uint8Array[] {
  return [...rdatas].sort(compareOctets)
}
