/** NSEC and NSEC3 chains over a list of names, as records whose signatures count as verified. */

import { octetsFromHex } from '../../src/base/octets.ts'
import type { DenialRecord } from '../../src/dnssec/denial.ts'
import { nsec3Hash } from '../../src/dnssec/nsec3-hash.ts'
import { formatBase32hex } from '../../src/wire/base32hex.ts'
import { compareNames, isRoot, type Name } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { rrsetFrom } from './records.ts'

/** Names without the final dot, and their types as in a master file. */
export type NamesAndTypes = Readonly<Record<string, string>>

/** How names are hashed. */
export interface Hashing {
  readonly iterations?: number
  /** Hexadecimal. */
  readonly salt?: string
  readonly optOut?: boolean
}

/** One record. */
export function denial(text: string, wildcard?: Name): DenialRecord {
  return { rrset: rrsetFrom(text), wildcard }
}

/** The NSEC chain of a zone; the names must include the apex. */
export function nsecZone(zone: Name, names: NamesAndTypes): DenialRecord[] {
  const owners = Object.keys(names).sort((a, b) => compareNames(nameFrom(a), nameFrom(b)))
  return owners.map((owner, i) => {
    const next = owners[i + 1] ?? formatName(zone)
    return denial(`${dotted(owner)} 300 NSEC ${dotted(next)} ${names[owner]} RRSIG NSEC`)
  })
}

/** The NSEC3 chain of a zone, in hash order; empty non-terminals are not added. */
export function nsec3Zone(zone: Name, names: NamesAndTypes, hashing: Hashing = {}): DenialRecord[] {
  const { iterations = 0, salt = '', optOut = false } = hashing
  const hashed = Object.entries(names).map(([name, types]) => ({ types, hash: hashText(name, hashing) }))
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1))
  const parameters = `1 ${optOut ? 1 : 0} ${iterations} ${salt === '' ? '-' : salt}`
  const suffix = isRoot(zone) ? '' : formatName(zone)
  return hashed.map(({ types, hash }, i) => {
    const next = hashed[(i + 1) % hashed.length]!.hash
    return denial(`${hash}.${suffix} 300 NSEC3 ${parameters} ${next} ${types}`)
  })
}

/** Some records of such a chain, by the names that they are for. */
export function nsec3At(
  zone: Name,
  names: NamesAndTypes,
  hashing: Hashing,
  ...chosen: string[]
): DenialRecord[] {
  const labels = chosen.map((name) => hashText(name, hashing))
  return nsec3Zone(zone, names, hashing).filter(({ rrset }) =>
    labels.includes(Buffer.from(rrset.owner.subarray(1, 33)).toString('latin1')),
  )
}

function hashText(name: string, { iterations = 0, salt = '' }: Hashing): string {
  // Where there are more iterations than are ever computed, the right hash does not matter.
  return formatBase32hex(nsec3Hash(nameFrom(name), Math.min(iterations, 100), octetsFromHex(salt)!))
}

function dotted(name: string): string {
  return name.endsWith('.') ? name : `${name}.`
}
