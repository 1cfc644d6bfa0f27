/** Denials that prove less than they should, or nothing. */
import type { Rewrite } from '../../src/lab/authority.ts'
import { buildInternet } from '../../src/lab/internet.ts'
import { deriveKey, ZSK_FLAGS } from '../../src/lab/keys.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { replacedDenial } from '../../src/lab/rewrites.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import { type KeyUse, signRrset } from '../../src/lab/signer.ts'
import { splitKeys, type ZonePlan, zoneSigningKey } from '../../src/lab/zone.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { Rrset } from '../../src/wire/record.ts'
import { catalogue } from '../support/world.ts'

/** Three zone-signing keys: three RRSIGs over each RRset. */
export function threeSigners(name: string, algorithm: number): KeyUse[] {
  const more = [1, 2].map((i) => zoneSigningKey(deriveKey(`${name} ZSK ${i}`, algorithm, ZSK_FLAGS)))
  return [...splitKeys(name, algorithm), ...more]
}

/** Every proof is that of the apex, which spans little. */
export const apexDenial: Rewrite = (answer, _, served) => {
  const proof = served?.hasNsec3 ? served.nsec3Matching(served.apex) : served?.nsecFor(served.apex)
  const kept = answer.authority.filter(({ type }) => type !== TYPE.NSEC && type !== TYPE.NSEC3)
  return { ...answer, authority: proof === undefined ? kept : [...kept, proof] }
}

/** The denial of a type at `*.w` of a zone, asked for as `a.w`, without the record of the wildcard. */
export function without(
  origin: string,
): (served: ServedZone, question: { readonly name: Uint8Array }) => Rrset[] {
  const [wildcard, above, asked] = ['*.w', 'w', 'a.w'].map((label) => nameFrom(`${label}.${origin}`)) as [
    Name,
    Name,
    Name,
  ]
  return (served) => {
    const left = served.hasNsec3 ? served.nsec3Matching(wildcard) : served.nsecFor(wildcard)
    const all = served.hasNsec3
      ? [served.nsec3Matching(above), served.nsec3Covering(asked), left]
      : [served.nsecFor(asked), left]
    return all.filter((set): set is Rrset => set !== undefined && set !== left)
  }
}

/** Type bit maps of NSEC, each with a type, and what a denial of that type by it is worth (V18). */
export const BITMAPS: readonly (readonly [
  what: string,
  bitmap: readonly number[],
  type: string,
  status: 'secure' | 'bogus',
])[] = [
  ['window 0: A, RRSIG, NSEC', [0, 6, 0x40, 0, 0, 0, 0, 3], 'MX', 'secure'],
  ['window 1 has the type asked for', [0, 1, 0x40, 1, 1, 0x40], 'CAA', 'bogus'],
  ['window 128 has the type asked for', [0, 1, 0x40, 128, 1, 0x20], 'TYPE32770', 'bogus'],
  ['windows in wrong order', [1, 1, 0x80, 0, 1, 0x40], 'CAA', 'bogus'],
  ['a window twice', [0, 1, 0x40, 0, 1, 0x20], 'CAA', 'bogus'],
  ['a window of no octets', [0, 0], 'CAA', 'bogus'],
  ['a window of 33 octets', [0, 33, ...Array<number>(33).fill(0)], 'CAA', 'bogus'],
  ['a window that is cut off', [0, 6, 0x40], 'CAA', 'bogus'],
  ['half a window', [0], 'CAA', 'bogus'],
]

/** Denies every type of a name by an NSEC record with this bit map, signed as it should be. */
export function denyingBy(
  bitmap: readonly number[],
  next: string,
): (plan: ZonePlan) => ReturnType<typeof replacedDenial>[] {
  return (plan) => [
    replacedDenial(plan.apex, (served, { name }) => {
      const soa = served.rrset(plan.apex, TYPE.SOA)!
      const rdata = Uint8Array.from([...nameFrom(next), ...bitmap])
      const nsec: Rrset = { ...soa, owner: name, type: TYPE.NSEC, rdatas: [rdata], signatures: [] }
      const { key } = plan.signing!.keys.find((use) => use.signsZone)!
      const signature = signRrset(nsec, { key, signer: plan.apex, span: plan.signing!.span })
      return [{ ...nsec, signatures: [signature] }]
    }),
  ]
}

/** A signed zone by itself, to take its records elsewhere; its keys hang on its name alone. */
export function servedAlone(zone: LabZone, nowSeconds: number): ServedZone {
  const records = buildInternet({ nowSeconds, zones: catalogue([zone]) }).zones.get(zone.name)!
  return new ServedZone(nameFrom(zone.name), records)
}
