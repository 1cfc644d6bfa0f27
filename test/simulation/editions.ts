/**
 * The lab's Internet as it is at different times: before a key roll, in the middle of it, after it, and signed anew when
 * the old signatures run out. Signing is slow, so a process makes them once for all its seeds.
 */
import { mapKey } from '../../src/base/octets.ts'
import { anchorsFromRecords, type TrustAnchor } from '../../src/dnssec/trust-anchors.ts'
import type { Authority, LabReply } from '../../src/lab/authority.ts'
import { LAB_ZONES } from '../../src/lab/catalogue.ts'
import { buildInternet, type LabInternet } from '../../src/lab/internet.ts'
import type { LabKey } from '../../src/lab/keys.ts'
import type { LabZone, Signing } from '../../src/lab/lab-zone.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { ServedZone } from '../../src/lab/served-zone.ts'
import type { KeyUse } from '../../src/lab/signer.ts'
import { splitKeys } from '../../src/lab/zone.ts'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { groupRrsets, type Rrset } from '../../src/wire/record.ts'

/** When the first three editions are signed: for ten days before and twenty after. */
export const SIGNED_SECONDS: number = Date.parse('2026-11-21T12:00:00Z') / 1000
const DAY_SECONDS = 86_400
/** When the signatures of the first three editions end. */
export const ENDING_SECONDS: number = SIGNED_SECONDS + 20 * DAY_SECONDS

/** One state of the Internet. */
export interface Edition {
  readonly number: number
  readonly authorities: ReadonlyMap<string, Authority>
  /** What was signed, before anything was broken on purpose, deepest zone last. */
  readonly truth: readonly ServedZone[]
  /** All of its RRsets, signed. */
  readonly rrsets: readonly Rrset[]
}

/** All of it. */
export interface Editions {
  readonly all: readonly Edition[]
  readonly zones: readonly LabZone[]
  readonly anchors: readonly TrustAnchor[]
  readonly rootHints: ResolverSettings['rootHints']
  /** Addresses of all servers, in order. */
  readonly addresses: readonly string[]
}

/** Editions by what happened. */
export const EDITION = { first: 0, rolling: 1, rolled: 2, resigned: 3 } as const

/** Zones that change: content in every edition, keys by a roll with both keys in the middle (RFC 6781 4.1.2). */
const CHANGING: readonly string[] = [
  'nu.',
  'nsec.se.',
  'child.nsec.se.',
  'nsec3.org.',
  'alias.se.',
  'opt-out.se.',
  'hoster.net.',
  'unsigned.se.',
]

/** Names of a changing zone that are not in every edition, or not the same. */
export const CHANGING_NAMES: readonly string[] = CHANGING.flatMap((zone) => [
  `moving.${zone}`,
  ...Object.values(EDITION).map((number) => `only${number}.${zone}`),
])

/** Builds them. Takes seconds. */
export function buildEditions(): Editions {
  const plans = [
    { seconds: SIGNED_SECONDS, zones: zonesOf(EDITION.first, ['']) },
    { seconds: SIGNED_SECONDS, zones: zonesOf(EDITION.rolling, ['', ' next']) },
    { seconds: SIGNED_SECONDS, zones: zonesOf(EDITION.rolled, [' next']) },
    { seconds: ENDING_SECONDS, zones: zonesOf(EDITION.resigned, ['']) },
  ]
  const internets = plans.map(({ seconds, zones }) => buildInternet({ nowSeconds: seconds, zones }))
  const all = plans.map(({ seconds, zones }, number): Edition => {
    // What is done to the root after it was signed is no fault: it gets its digest (RFC 8976).
    const sound = zones.map((zone) => (zone.name === '.' ? zone : withoutDefects(zone)))
    const truth = buildInternet({ nowSeconds: seconds, zones: sound }).zones
    // Zone by zone: the NSEC records of a cut are two.
    const rrsets = [...truth.values()].flatMap((records) => groupRrsets(records))
    return { number, authorities: remembering(internets[number]!), truth: servedZones(truth), rrsets }
  })
  const [{ trustAnchors, rootHints, authorities }] = internets as [LabInternet, ...LabInternet[]]
  return {
    all,
    zones: LAB_ZONES,
    anchors: anchorsFromRecords(trustAnchors),
    rootHints: hintsOf(rootHints),
    addresses: [...authorities.keys()],
  }
}

function withoutDefects({ defects, ...zone }: LabZone): LabZone {
  return zone
}

function zonesOf(number: number, labels: readonly string[]): LabZone[] {
  return LAB_ZONES.map((zone) => {
    if (!CHANGING.includes(zone.name)) return withKeys(zone, [''])
    const own = `moving A 192.0.2.${100 + number}\nonly${number} A 192.0.2.${110 + number}\n`
    return withKeys({ ...zone, content: `${zone.content ?? ''}\n${own}` }, labels)
  })
}

/** @param labels what tells the generations of keys apart; all of them sign */
function withKeys(zone: LabZone, labels: readonly string[]): LabZone {
  const { name, signing } = zone
  if (signing === undefined) return zone
  if (signing.keys !== undefined && labels.some((label) => label !== '')) throw new RangeError(name)
  const keys = (): KeyUse[] => labels.flatMap((label) => keysOnce(zone, signing, label))
  return { ...zone, signing: { ...signing, keys } }
}

const KEYS = new Map<string, KeyUse[]>()

/** Each key is derived once, and signs the same data once, however many editions have it. */
function keysOnce(zone: LabZone, signing: Signing, label: string): KeyUse[] {
  const id = `${zone.name}${label}`
  let keys = KEYS.get(id)
  if (keys === undefined) {
    const own = signing.keys?.(zone.name, signing.algorithm) ?? splitKeys(id, signing.algorithm)
    keys = own.map((use) => ({ ...use, key: signingOnce(use.key) }))
    KEYS.set(id, keys)
  }
  return keys
}

function signingOnce(key: LabKey): LabKey {
  const made = new Map<string, Uint8Array>()
  const sign = (data: Uint8Array): Uint8Array => {
    const id = mapKey(data)
    const signature = made.get(id) ?? key.sign(data)
    made.set(id, signature)
    return signature
  }
  return { ...key, sign }
}

function servedZones(zones: LabInternet['zones']): ServedZone[] {
  const served = [...zones].map(([name, records]) => new ServedZone(nameFrom(name), records))
  return served.sort((a, b) => a.apex.length - b.apex.length)
}

/** Replies kept: an authority gives the same to the same question, and hashing names for NSEC3 takes its time. */
const REPLIES_MAX = 50_000

function remembering({ authorities }: LabInternet): Map<string, Authority> {
  const known = new Map<string, readonly LabReply[]>()
  const wrapped = [...authorities].map(([address, authority]): [string, Authority] => [
    address,
    (query, transport) => {
      const key = `${address} ${transport} ${mapKey(query.subarray(2))}`
      let replies = known.get(key)
      if (replies === undefined) {
        if (known.size >= REPLIES_MAX) known.clear()
        replies = authority(query, transport)
        known.set(key, replies)
      }
      return replies.map(({ message, delayMs }) => ({ message: withId(message, query), delayMs }))
    },
  ])
  return new Map(wrapped)
}

function withId(message: Uint8Array, query: Uint8Array): Uint8Array {
  const copy = message.slice()
  copy.set(query.subarray(0, 2))
  return copy
}
