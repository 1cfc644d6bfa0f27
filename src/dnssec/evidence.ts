/** What the NSEC and NSEC3 records of a denial can be used for; what cannot be used is left out, with a word why. */
import { octetsEqual } from '../base/octets.ts'
import { parseBase32hex } from '../wire/base32hex.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { compareNames, isSubdomainOf, type Name, namesEqual, parentOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseNsec } from '../wire/rdata/nsec.ts'
import { parseNsec3 } from '../wire/rdata/nsec3.ts'
import { bitmapHas, type TypeBitmap } from '../wire/rdata/type-bitmap.ts'
import type { Rrset } from '../wire/record.ts'
import { type HashedRecord, NameHashes, Nsec3Chain } from './nsec3-chain.ts'
import { SHA1_OCTETS } from './nsec3-hash.ts'
import type { ValidationParameters } from './parameters.ts'

/** An NSEC or NSEC3 RRset whose signature was verified. */
export interface DenialRecord {
  readonly rrset: Rrset
  /** As in `SecureRrset`: an RRset expanded from a wildcard denies nothing (CVE-2017-15105). */
  readonly wildcard: Name | undefined
}

/** An NSEC record of the zone. */
export interface NsecRecord {
  readonly owner: Name
  readonly next: Name
  /** The next name is the apex: the span reaches to the end of the zone. */
  readonly isLast: boolean
  readonly types: TypeBitmap
}

/** The usable records. */
export interface Evidence {
  readonly zone: Name
  readonly nsecs: readonly NsecRecord[]
  /** NSEC3 records of one set of parameters; undefined when there are none. */
  readonly nsec3: Nsec3Chain | undefined
  /** There are NSEC3 records, and all take more iterations than are computed (RFC 9276 3.2). */
  readonly tooManyIterations: boolean
  /** Why the first unusable record is unusable. */
  readonly refused: string | undefined
}

/** Only SHA-1 is defined (RFC 5155 11). */
const HASH_SHA1 = 1
const FLAG_OPT_OUT = 1

/** An NSEC3 record of the zone. */
export interface Nsec3Record extends HashedRecord {
  readonly iterations: number
  readonly salt: Uint8Array
}

/** Sorts the records of a denial, within the limit. */
export function readEvidence(zone: Name, proofs: readonly DenialRecord[], p: ValidationParameters): Evidence {
  const nsecs: NsecRecord[] = []
  const nsec3s: Nsec3Record[] = []
  let refused: string | undefined
  const { denialRrsets } = p.budget.limits
  if (proofs.length > denialRrsets) p.budget.note('denial-rrsets', zone)
  for (const proof of proofs.slice(0, denialRrsets)) {
    const { type } = proof.rrset
    if (type !== TYPE.NSEC && type !== TYPE.NSEC3) continue
    const record = readDenialRecord(proof, zone)
    if (typeof record === 'string') {
      refused ??= `the ${type === TYPE.NSEC ? 'NSEC' : 'NSEC3'} at ${formatName(proof.rrset.owner)} ${record}`
    } else if ('hash' in record) nsec3s.push(record)
    else nsecs.push(record)
  }
  // RFC 5155 7.2: the records of a response share one chain. A transition may show two; the first computable one counts.
  const computable = nsec3s.filter((record) => record.iterations <= p.nsec3IterationsMax)
  const first = computable[0]
  const chain = computable.filter((record) => first !== undefined && isSameChain(record, first))
  return {
    zone,
    nsecs,
    nsec3: first && new Nsec3Chain(zone, chain, hashesFor(zone, first, p)),
    tooManyIterations: nsec3s.length > 0 && first === undefined,
    refused,
  }
}

/** The hashes that the caller has already, where they are of this chain. */
function hashesFor(
  zone: Name,
  record: Nsec3Record,
  { budget, nameHashes }: ValidationParameters,
): NameHashes {
  if (nameHashes !== undefined && isSameChain(record, nameHashes)) return nameHashes
  return new NameHashes(zone, record.iterations, record.salt, budget)
}

type Hashing = Pick<Nsec3Record, 'iterations' | 'salt'>

function isSameChain(a: Hashing, b: Hashing): boolean {
  return a.iterations === b.iterations && octetsEqual(a.salt, b.salt)
}

/** An NSEC or NSEC3 record as it may be used for `zone`, or why it cannot be used. */
export function readDenialRecord(
  { rrset, wildcard }: DenialRecord,
  zone: Name,
): NsecRecord | Nsec3Record | string {
  if (wildcard !== undefined) return 'was expanded from a wildcard'
  const rdata = rrset.rdatas[0]
  if (rdata === undefined || rrset.rdatas.length > 1) return 'is not one record'
  return rrset.type === TYPE.NSEC ? readNsec(rrset.owner, rdata, zone) : readNsec3(rrset.owner, rdata, zone)
}

/** Both ends must lie in the zone, or a span could deny names of others (attack A14). */
function readNsec(owner: Name, rdata: Uint8Array, zone: Name): NsecRecord | string {
  const nsec = parseNsec(rdata)
  if (nsec === undefined) return 'is malformed'
  const { next, types } = nsec
  if (!isSubdomainOf(owner, zone) || !isSubdomainOf(next, zone)) return 'reaches out of its zone'
  const isLast = namesEqual(next, zone)
  if (!isLast && compareNames(owner, next) >= 0) return 'runs backwards'
  return { owner, next, isLast, types }
}

/** RFC 5155 8.1, 8.2: unknown hash algorithms and flags are passed over. */
function readNsec3(owner: Name, rdata: Uint8Array, zone: Name): Nsec3Record | string {
  const nsec3 = parseNsec3(rdata)
  if (nsec3 === undefined) return 'is malformed'
  const { hashAlgorithm, flags, iterations, salt, nextHash, optOut, types } = nsec3
  if (hashAlgorithm !== HASH_SHA1) return 'has an unknown hash algorithm'
  if ((flags & ~FLAG_OPT_OUT) !== 0) return 'has unknown flags'
  if (owner.length === 1 || !namesEqual(parentOf(owner), zone)) return 'is not right below its zone'
  const label = Buffer.from(owner.buffer, owner.byteOffset + 1, owner[0]!).toString('latin1')
  const hash = parseBase32hex(label)
  if (hash?.length !== SHA1_OCTETS || nextHash.length !== SHA1_OCTETS) return 'has a hash of the wrong length'
  return { hash, nextHash, optOut, types, iterations, salt }
}

/** True when the bits are those of a delegation as its parent has it: name servers, but no zone's apex. */
export function isDelegation(types: TypeBitmap): boolean {
  return bitmapHas(types, TYPE.NS) && !bitmapHas(types, TYPE.SOA)
}

/** True when the record says nothing of the names below its owner: they are another zone's, or a DNAME's (RFC 6840 4.1). */
export function isSilentBelow(types: TypeBitmap): boolean {
  return isDelegation(types) || bitmapHas(types, TYPE.DNAME)
}

/** True when the name is denied by the NXNAME bit at its own record (RFC 9824 3.1). */
export function hasNxname(types: TypeBitmap): boolean {
  return bitmapHas(types, TYPE.NXNAME)
}
