/** Digests over whole zones (ZONEMD, RFC 8976). */
import { createHash } from 'node:crypto'
import { compareOctets, octetsEqual } from '../base/octets.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { readU16, writeU16, writeU32 } from '../wire/integers.ts'
import { foldName, isSubdomainOf, type Name, namesEqual } from '../wire/name.ts'
import { orderKey } from '../wire/name-order.ts'
import { canonicalRdata } from '../wire/rdata/rdata.ts'
import { parseZonemd, type Zonemd } from '../wire/rdata/zonemd.ts'
import type { ResourceRecord } from '../wire/record.ts'

/** RFC 8976 5.2: all records at once, in canonical order. */
const SCHEME_SIMPLE = 1

interface ZoneHash {
  readonly name: 'sha384' | 'sha512'
  readonly octets: number
}

/** RFC 8976 5.3. */
const HASHES: ReadonlyMap<number, ZoneHash> = new Map([
  [1, { name: 'sha384', octets: 48 }],
  [2, { name: 'sha512', octets: 64 }],
])

/** A record in canonical form (RFC 4034 6.2), but for its TTL, which is the zone's. */
interface CanonicalRecord {
  readonly record: ResourceRecord
  readonly key: string
  readonly rdata: Uint8Array
}

/** The records of a zone, each once, in the order of RFC 8976 3.3.1: names, then types, then RDATA. */
export function inCanonicalOrder(records: readonly ResourceRecord[]): ResourceRecord[] {
  return canonical(records).map(({ record }) => record)
}

function canonical(records: readonly ResourceRecord[]): CanonicalRecord[] {
  const sorted = records.map((record) => ({
    record,
    key: orderKey(record.owner),
    rdata: canonicalRdata(record.type, record.rdata, record.class),
  }))
  sorted.sort(compareRecords)
  return sorted.filter((one, index) => index === 0 || compareRecords(sorted[index - 1]!, one) !== 0)
}

function compareRecords(a: CanonicalRecord, b: CanonicalRecord): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  return a.record.type - b.record.type || compareOctets(a.rdata, b.rdata)
}

/**
 * Whether one of the digests that a zone carries is that of its records (RFC 8976 4). Nothing is said of signatures.
 *
 * @param serial the zone's
 * @returns undefined when one is, else what is wrong
 */
export function zoneDigestFault(
  apex: Name,
  serial: number,
  records: readonly ResourceRecord[],
): string | undefined {
  const stated = records
    .filter(({ owner, type }) => type === TYPE.ZONEMD && namesEqual(owner, apex))
    .map(({ rdata }) => parseZonemd(rdata))
    .filter((zonemd) => zonemd !== undefined)
  if (stated.length === 0) return 'it has no ZONEMD record'
  const current = stated.filter((zonemd) => zonemd.serial === serial)
  if (current.length === 0) return `its ZONEMD record is that of serial ${stated[0]!.serial}`
  const known = current.filter((zonemd) => isKnown(zonemd) && isAlone(zonemd, current))
  if (known.length === 0) return 'its ZONEMD records are of schemes and hashes that are not known here'
  const digested = digestedRecords(apex, records)
  const matches = known.some(({ hash, digest }) => octetsEqual(digestOf(digested, HASHES.get(hash)!), digest))
  return matches ? undefined : 'its records are not those that its ZONEMD record was made of'
}

/**
 * The digest of a zone's records by the SIMPLE scheme.
 *
 * @param hash 1 for SHA-384, 2 for SHA-512
 */
export function zoneDigest(apex: Name, records: readonly ResourceRecord[], hash: 1 | 2): Uint8Array {
  return digestOf(digestedRecords(apex, records), HASHES.get(hash)!)
}

function digestedRecords(apex: Name, records: readonly ResourceRecord[]): CanonicalRecord[] {
  return canonical(records.filter((record) => isDigested(record, apex)))
}

function isKnown({ scheme, hash, digest }: Zonemd): boolean {
  return scheme === SCHEME_SIMPLE && HASHES.get(hash)?.octets === digest.length
}

/** RFC 8976 4, step 4a: of two for the same scheme and hash neither counts. */
function isAlone({ scheme, hash }: Zonemd, all: readonly Zonemd[]): boolean {
  return all.filter((other) => other.scheme === scheme && other.hash === hash).length === 1
}

/** RFC 8976 3.3.1: not the digests themselves, nor their signatures, nor what lies outside the zone. */
function isDigested({ owner, type, rdata }: ResourceRecord, apex: Name): boolean {
  if (!isSubdomainOf(owner, apex)) return false
  if (!namesEqual(owner, apex)) return true
  const covered = type === TYPE.RRSIG && rdata.length >= 2 ? readU16(rdata, 0) : type
  return covered !== TYPE.ZONEMD
}

/** Type, class, TTL and RDLENGTH. */
const FIXED_OCTETS = 10

function digestOf(records: readonly CanonicalRecord[], { name }: ZoneHash): Uint8Array {
  const hash = createHash(name)
  const fixed = new Uint8Array(FIXED_OCTETS)
  for (const { record, rdata } of records) {
    writeU16(fixed, 0, record.type)
    writeU16(fixed, 2, record.class)
    writeU32(fixed, 4, record.ttlSeconds)
    writeU16(fixed, 8, rdata.length)
    hash.update(foldName(record.owner)).update(fixed).update(rdata)
  }
  return hash.digest()
}
