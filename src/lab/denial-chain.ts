/** Making the chains that deny: NSEC (RFC 4034 4) and NSEC3 (RFC 5155 7.1), empty non-terminals and opt-out included. */
import { createHash } from 'node:crypto'
import { compareOctets, concatOctets } from '../base/octets.ts'
import { formatBase32hex } from '../wire/base32hex.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  compareNames,
  foldName,
  isStrictSubdomainOf,
  labelsOf,
  type Name,
  nameFromLabels,
  nameKey,
  parentOf,
} from '../wire/name.ts'
import { writeTypeBitmap } from '../wire/rdata/type-bitmap.ts'
import type { ResourceRecord, Rrset } from '../wire/record.ts'
import type { ZoneCuts } from './zone-cuts.ts'

const HASH_SHA1 = 1
const FLAG_OPT_OUT = 1

/** The parameters of NSEC3. */
export interface Nsec3Denial {
  readonly kind: 'nsec3'
  /** Additional iterations. */
  readonly iterations: number
  readonly salt: Uint8Array
  /** Unsigned delegations are left out of the chain (RFC 5155 6). */
  readonly optOut: boolean
}

/** How a zone denies. `none` makes a zone that cannot. */
export type Denial = { readonly kind: 'nsec' } | Nsec3Denial | { readonly kind: 'none' }

/** A name of the zone with what its bitmap must tell. */
interface ChainName {
  readonly owner: Name
  readonly types: number[]
}

/**
 * The denial records of a zone, unsigned.
 *
 * @param content the zone's RRsets, DNSKEY included
 * @param ttlSeconds the lesser of the SOA's TTL and its MINIMUM field (RFC 9077 3)
 */
export function makeDenialChain(
  apex: Name,
  content: readonly Rrset[],
  cuts: ZoneCuts,
  denial: Denial,
  ttlSeconds: number,
): ResourceRecord[] {
  if (denial.kind === 'none') return []
  const names = [...namesOf(content, cuts).values()]
  const record = (owner: Name, type: number, rdata: Uint8Array): ResourceRecord => {
    return { owner, type, class: CLASS.IN, ttlSeconds, rdata }
  }
  if (denial.kind === 'nsec')
    return nsecChain(apex, names).map(([owner, rdata]) => record(owner, TYPE.NSEC, rdata))
  const chain = nsec3Chain(apex, names, cuts, denial).map(([owner, rdata]) =>
    record(owner, TYPE.NSEC3, rdata),
  )
  // The Flags field of NSEC3PARAM is zero even with opt-out (RFC 5155 4.1.2).
  return [...chain, { ...record(apex, TYPE.NSEC3PARAM, writeParameters(denial, 0)), ttlSeconds: 0 }]
}

/** Every name that the zone answers for or delegates, with its types; what lies below a cut is left out. */
function namesOf(content: readonly Rrset[], cuts: ZoneCuts): Map<string, ChainName> {
  const names = new Map<string, ChainName>()
  for (const { owner, type } of content) {
    const cut = cuts.cutAbove(owner)
    if (cut !== undefined && (cut.length !== owner.length || (type !== TYPE.NS && type !== TYPE.DS))) continue
    const key = nameKey(owner)
    const name = names.get(key)
    if (name === undefined) names.set(key, { owner: foldName(owner), types: [type] })
    else name.types.push(type)
  }
  return names
}

function nsecChain(apex: Name, names: ChainName[]): [Name, Uint8Array][] {
  const ordered = names.sort((a, b) => compareNames(a.owner, b.owner))
  return ordered.map(({ owner, types }, i) => {
    const next = ordered[i + 1]?.owner ?? foldName(apex)
    return [owner, writeNsec(next, [...types, TYPE.NSEC, TYPE.RRSIG])]
  })
}

/** RDATA of an NSEC record. The next name keeps its case (RFC 6840 5.1). */
export function writeNsec(next: Name, types: readonly number[]): Uint8Array {
  return concatOctets(next, writeTypeBitmap(types))
}

function nsec3Chain(
  apex: Name,
  names: ChainName[],
  cuts: ZoneCuts,
  denial: Nsec3Denial,
): [Name, Uint8Array][] {
  const hashed = new Map<string, { readonly hash: Uint8Array; readonly types: number[] }>()
  for (const { owner, types } of names) {
    const unsignedCut = cuts.isCut(owner) && !types.includes(TYPE.DS)
    if (unsignedCut && denial.optOut) continue
    // An unsigned delegation has nothing that is signed at its name, so no RRSIG bit.
    hashed.set(nameKey(owner), {
      hash: hashName(owner, denial),
      types: unsignedCut ? types : [...types, TYPE.RRSIG],
    })
  }
  for (const { owner } of names) {
    if (!hashed.has(nameKey(owner))) continue
    for (let above = parentOf(owner); isStrictSubdomainOf(above, apex); above = parentOf(above)) {
      if (!hashed.has(nameKey(above)))
        hashed.set(nameKey(above), { hash: hashName(above, denial), types: [] })
    }
  }
  hashed.get(nameKey(apex))?.types.push(TYPE.NSEC3PARAM)
  const ordered = [...hashed.values()].sort((a, b) => compareOctets(a.hash, b.hash))
  return ordered.map(({ hash, types }, i) => {
    const next = ordered[(i + 1) % ordered.length]!.hash
    return [hashedOwner(apex, hash), writeNsec3(denial, next, types)]
  })
}

/** RDATA of an NSEC3 record. */
export function writeNsec3(denial: Nsec3Denial, nextHash: Uint8Array, types: readonly number[]): Uint8Array {
  const parameters = writeParameters(denial, denial.optOut ? FLAG_OPT_OUT : 0)
  return concatOctets(parameters, Uint8Array.of(nextHash.length), nextHash, writeTypeBitmap(types))
}

function writeParameters({ iterations, salt }: Nsec3Denial, flags: number): Uint8Array {
  return concatOctets(Uint8Array.of(HASH_SHA1, flags, iterations >> 8, iterations & 0xff, salt.length), salt)
}

/** The owner name of the NSEC3 record of a hash. */
export function hashedOwner(apex: Name, hash: Uint8Array): Name {
  const owner = nameFromLabels([Buffer.from(formatBase32hex(hash), 'latin1'), ...labelsOf(apex)])
  if (owner === undefined) throw new RangeError('the zone name leaves no room for a hash')
  return foldName(owner)
}

/** RFC 5155 5. Written apart from the validator's, which the lab is there to test. */
export function hashName(name: Name, parameters: Pick<Nsec3Denial, 'iterations' | 'salt'>): Uint8Array {
  let hash: Uint8Array = foldName(name)
  for (let i = 0; i <= parameters.iterations; i++) {
    hash = createHash('sha1').update(hash).update(parameters.salt).digest()
  }
  return new Uint8Array(hash)
}
