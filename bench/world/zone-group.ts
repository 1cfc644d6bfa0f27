/**
 * Zones that look alike, as many as a bench wants, below one signed top-level domain or each below its own; and what
 * their names must answer.
 */
import { RCODE } from '../../src/wire/iana/rcode.ts'
import type { Expectation } from '../load/query-file.ts'

/** The top-level domain of everything that has none of its own. */
export const TLD = 'bench.'

/** Every address of authorities lies here: apart from those that other programs of the machine use. */
export const NETWORK = '127.53.0'

/** Authorities that are processes of their own, so that what each was asked can be counted apart. */
export type AuthorityKey = 'root' | 'tld' | 'zones' | 'others' | 'victims'

/** Last octets of the addresses of each. Zones take turns, two each. */
export const AUTHORITY_HOSTS: Readonly<Record<AuthorityKey, readonly number[]>> = {
  root: [1],
  tld: [2],
  zones: Array.from({ length: 16 }, (_, i) => 16 + i),
  others: [36, 37],
  victims: [40, 41],
}

/** Some zones `STEM0.bench.`, `STEM1.bench.` and so on, each with as many names with one address. */
export interface ZoneGroup {
  readonly stem: string
  readonly zones: number
  readonly namesPerZone: number
  /** Of `half`, those with even numbers. */
  readonly signed: 'all' | 'half' | 'none'
  readonly authority?: Exclude<AuthorityKey, 'root' | 'tld'>
  /** Of all records of these zones; long when left out. */
  readonly ttlSeconds?: number
  /** Every other name exists too. */
  readonly wildcard?: true
  /** No signature over an address is right. */
  readonly bogus?: true
  /** No NSEC records: nothing in these zones is ever denied, and a million names are signed in half the time. */
  readonly withoutDenial?: true
  /**
   * Addresses of its two servers where a program of the bench is to serve it, which signs by the keys of `keysOfZone`: no
   * more than the delegation is written.
   */
  readonly hosts?: readonly [string, string]
  /** Each zone is the only one below a signed top-level domain: `zone.STEM0.`, `zone.STEM1.` and so on. */
  readonly ownTld?: true
}

/** Long enough that nothing runs out, or is fetched ahead of its end, while something is measured. */
export const TTL_SECONDS = 86_400

export function zoneName(group: ZoneGroup, zone: number): string {
  return group.ownTld ? `zone.${tldOf(group, zone)}` : `${group.stem}${zone}.${TLD}`
}

/** The top-level domain of a zone. */
export function tldOf({ ownTld, stem }: ZoneGroup, zone: number): string {
  return ownTld ? `${stem}${zone}.` : TLD
}

export function isSigned(group: ZoneGroup, zone: number): boolean {
  return group.signed === 'all' || (group.signed === 'half' && zone % 2 === 0)
}

/** Names of a zone below its apex. */
export function labelsOfZone(group: ZoneGroup): string[] {
  if (group.namesPerZone === 1) return ['www']
  return Array.from({ length: group.namesPerZone }, (_, i) => `n${i}`)
}

/** The address of a name, as four octets: another one for each of 2^24 names. */
export function addressOf(group: ZoneGroup, zone: number, label: number): Uint8Array {
  const index = zone * group.namesPerZone + label
  return Uint8Array.of(44, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff)
}

/** What stands for an address that every other name of a zone has. */
export const WILDCARD_ADDRESS: Uint8Array = Uint8Array.of(45, 0, 0, 1)

/** Addresses of the two name servers of a zone. */
export function hostsOfZone(group: ZoneGroup, zone: number): [string, string] {
  if (group.hosts !== undefined) return [...group.hosts]
  const hosts = AUTHORITY_HOSTS[group.authority ?? 'zones']
  const first = (zone * 2) % hosts.length
  return [`${NETWORK}.${hosts[first]}`, `${NETWORK}.${hosts[first + 1]}`]
}

/** Every name of the group with what it must answer: one zone after the other. */
export function expectationsOf(group: ZoneGroup, options: { readonly do: boolean }): Expectation[] {
  const labels = labelsOfZone(group)
  return Array.from({ length: group.zones }, (_, zone) => {
    const secure = isSigned(group, zone)
    return labels.map((label, i) => ({
      name: `${label}.${zoneName(group, zone)}`,
      do: options.do,
      ...expected(secure && options.do, addressOf(group, zone, i)),
    }))
  }).flat()
}

/** @param proven signed, and the client sees it: AD, and the RRSIG beside the record */
function expected(proven: boolean, address: Uint8Array): Omit<Expectation, 'name' | 'do'> {
  return { rcode: RCODE.NOERROR, ad: proven, answers: proven ? 2 : 1, address }
}

/** Names that nobody has asked for before, in turn in each zone of the group: the answer is the wildcard's, if any. */
export function freshExpectations(
  group: ZoneGroup,
  count: number,
  tag: string,
  isDo: boolean,
): Expectation[] {
  return Array.from({ length: count }, (_, i) => {
    const zone = i % group.zones
    const name = `${tag}${i}.${zoneName(group, zone)}`
    const secure = isSigned(group, zone) && isDo
    if (group.bogus) return { name, do: isDo, rcode: RCODE.SERVFAIL, ad: false, answers: 0 }
    if (group.wildcard) return { name, do: isDo, ...expected(secure, WILDCARD_ADDRESS) }
    return { name, do: isDo, rcode: RCODE.NXDOMAIN, ad: secure, answers: 0 }
  })
}
