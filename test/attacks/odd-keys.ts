/** Zones with keys, DS sets and signatures as they should not be, or seldom are: C17, V23, V24, V27, V28, V30, V32. */
import {
  asRevoked,
  deriveCollidingKeys,
  deriveKey,
  KSK_FLAGS,
  republishKey,
  ZSK_FLAGS,
} from '../../src/lab/keys.ts'
import { dsBy, type LabZone, type Signing } from '../../src/lab/lab-zone.ts'
import { type KeyUse, makeDs } from '../../src/lab/signer.ts'
import {
  addedRecords,
  combinedKey,
  keySigningKey,
  splitKeys,
  spoilt,
  zoneSigningKey,
} from '../../src/lab/zone.ts'
import { DIGEST } from '../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../src/wire/iana/dnssec-algorithm.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { SIGNED } from '../support/world.ts'

const { ECDSAP256SHA256, RSASHA256 } = ALGORITHM
/** GOST, which nobody computes any more. */
export const ECC_GOST = 12
/** Numbers that nobody has assigned. */
const UNKNOWN_ALGORITHM = 200
const UNKNOWN_DIGEST = 99

/** How a zone differs from one in order, what its data is worth then, and the Extended DNS Error that says why. */
export type OddZone = readonly [
  what: string,
  change: Partial<LabZone>,
  status: 'secure' | 'insecure' | 'bogus',
  ede?: number,
]

type Keys = NonNullable<Signing['keys']>
type DsSet = NonNullable<LabZone['ds']>

function withKeys(keys: Keys): Partial<LabZone> {
  return { signing: { ...SIGNED, keys } }
}

// --- keys ---------------------------------------------------------------------------------------------------------

/** Two zone-signing keys of one tag, the second of which signs (V23). */
export const twins: Keys = (name, algorithm) => {
  const [first, second] = deriveCollidingKeys(`${name} ZSK`, algorithm, ZSK_FLAGS)
  const ksk = keySigningKey(deriveKey(`${name} KSK`, algorithm, KSK_FLAGS))
  return [ksk, { ...zoneSigningKey(first), signsZone: false }, zoneSigningKey(second)]
}

/** The zone's keys with some of them revoked. */
export function revoking(which: (use: KeyUse) => boolean): Keys {
  return (name, algorithm) =>
    splitKeys(name, algorithm).map((use) => (which(use) ? { ...use, key: asRevoked(use.key) } : use))
}

const besideSuccessor: Keys = (name, algorithm) => [
  ...splitKeys(name, algorithm),
  keySigningKey(asRevoked(deriveKey(`${name} old`, algorithm, KSK_FLAGS))),
]

/** V24. */
export const REVOKED: readonly OddZone[] = [
  ['key-signing key', withKeys(revoking((use) => use.signsKeys)), 'bogus', EDE.DNSKEY_MISSING],
  ['zone-signing key', withKeys(revoking((use) => use.signsZone)), 'bogus', EDE.DNSKEY_MISSING],
  ['beside its successor', withKeys(besideSuccessor), 'secure'],
]

/** One key for all, published so. */
function published(flags: number, protocol = 3): Partial<LabZone> {
  return withKeys((name, algorithm) =>
    combinedKey(name, algorithm).map((use) => ({ ...use, key: republishKey(use.key, flags, protocol) })),
  )
}

/** The zone-signing key published so, beside a key-signing key in order. */
function zoneSigner(flags: number, protocol = 3): Partial<LabZone> {
  return withKeys((name, algorithm) =>
    splitKeys(name, algorithm).map((use) =>
      use.signsZone ? { ...use, key: republishKey(use.key, flags, protocol) } : use,
    ),
  )
}

/** V30. */
export const FLAGS_AND_PROTOCOLS: readonly OddZone[] = [
  ['no Zone Key flag', published(0x0001), 'bogus', EDE.NO_ZONE_KEY_BIT_SET],
  ['protocol 2', published(KSK_FLAGS, 2), 'bogus', EDE.NO_ZONE_KEY_BIT_SET],
  ['a zone-signing key without the Zone Key flag', zoneSigner(0), 'bogus', EDE.NO_ZONE_KEY_BIT_SET],
  ['a zone-signing key of protocol 2', zoneSigner(ZSK_FLAGS, 2), 'bogus', EDE.NO_ZONE_KEY_BIT_SET],
  ['no SEP flag', published(ZSK_FLAGS), 'secure'],
  ['one key for all', published(KSK_FLAGS), 'secure'],
]

/**
 * A key that is not the zone's, in its DNSKEY set or beside it (C17).
 *
 * @param origin of the zone, with the final dot
 */
export function slippedIn(origin: string): OddZone[] {
  const foreign = deriveKey('foreign', SIGNED.algorithm, ZSK_FLAGS)
  const honest = splitKeys(origin, SIGNED.algorithm).map((use) => ({ ...use, signsZone: false }))
  const vouchedFor = honest.find((use) => use.signsKeys)!.key
  const afterwards = addedRecords((plan) => [
    { owner: plan.apex, type: TYPE.DNSKEY, class: 1, ttlSeconds: 3600, rdata: foreign.dnskey },
  ])
  const slipped = { key: foreign, published: false, signsKeys: false, signsZone: true }
  const inSet = { ...slipped, published: true }
  const unsigned = honest.map((use) => ({ ...use, signsKeys: false }))
  const signer = { ...slipped, signsKeys: true }
  const kinds: readonly (readonly [string, readonly KeyUse[], LabZone['defects'], OddZone[2]])[] = [
    ['beside the old signature', [...honest, slipped], [afterwards], 'bogus'],
    ['and the set is signed by it too', [...honest, signer], [afterwards], 'bogus'],
    ['not in the set at all', [...honest, slipped], [], 'bogus'],
    ['it alone signs the set', [...unsigned, { ...inSet, signsKeys: true }], [], 'bogus'],
    ['in a set that the right key signed', [...honest, inSet], [], 'secure'],
  ]
  const ds = (owner: Name): Uint8Array[] => [makeDs(owner, vouchedFor, DIGEST.SHA256)]
  return kinds.map(([what, keys, defects, status]) => [
    what,
    { ...withKeys(() => [...keys]), ds, defects: defects! },
    status,
  ])
}

// --- DS sets ------------------------------------------------------------------------------------------------------

function dsOf(...digests: number[]): DsSet {
  return (apex, keys) => digests.flatMap((digest) => dsBy(digest)(apex, keys))
}

function oneWrong(wrong: number, right: number): DsSet {
  return (apex, keys) => [...dsOf(wrong)(apex, keys).map(spoilt), ...dsOf(right)(apex, keys)]
}

/** V27. */
export const DIGESTS: readonly OddZone[] = [
  ['SHA-1 and SHA-256', { ds: dsOf(DIGEST.SHA1, DIGEST.SHA256) }, 'secure'],
  ['SHA-1', { ds: dsOf(DIGEST.SHA1) }, 'secure'],
  ['SHA-384', { ds: dsOf(DIGEST.SHA384) }, 'secure'],
  ['SHA-256 wrong, SHA-1 right', { ds: oneWrong(DIGEST.SHA256, DIGEST.SHA1) }, 'bogus', EDE.DNSKEY_MISSING],
  ['SHA-1 wrong, SHA-256 right', { ds: oneWrong(DIGEST.SHA1, DIGEST.SHA256) }, 'secure'],
]

const unknownDs: DsSet = (apex) => [
  makeDs(apex, deriveKey('unknown', UNKNOWN_ALGORITHM, KSK_FLAGS), DIGEST.SHA256),
]
const besideUnknown: DsSet = (apex, keys) => [...unknownDs(apex, keys), ...dsOf(DIGEST.SHA256)(apex, keys)]
const standby: Keys = (name, algorithm) => [
  ...splitKeys(name, algorithm),
  { ...zoneSigningKey(deriveKey(`${name} standby`, ECDSAP256SHA256, ZSK_FLAGS)), signsZone: false },
]
const signing = { algorithm: RSASHA256 }

/** V28. */
export const UNKNOWN_NUMBERS: readonly OddZone[] = [
  ['DS {8, 200}', { signing, ds: besideUnknown }, 'secure'],
  ['DS {200}', { signing, ds: unknownDs }, 'insecure', EDE.UNSUPPORTED_DNSKEY_ALGORITHM],
  ['digests {2, 99}', { signing, ds: dsOf(UNKNOWN_DIGEST, DIGEST.SHA256) }, 'secure'],
  ['digests {99}', { signing, ds: dsOf(UNKNOWN_DIGEST) }, 'insecure', EDE.UNSUPPORTED_DS_DIGEST_TYPE],
  ['a key of 13 that signs nothing', { signing: { ...signing, keys: standby } }, 'secure'],
]

// --- signatures ---------------------------------------------------------------------------------------------------

/**
 * What is made of an ECDSA signature so that it is none (V32).
 *
 * @param half octets of r, and of s
 */
export function wrongForms(half: number): [what: string, alter: (octets: Uint8Array) => Uint8Array][] {
  const zeros = Buffer.alloc(half)
  const lengths = [0, 1, half - 1, half, 2 * half - 1, 2 * half + 1, 4 * half]
  return [
    ['r = 0', (octets) => Buffer.concat([zeros, octets.subarray(half)])],
    ['s = 0', (octets) => Buffer.concat([octets.subarray(0, half), zeros])],
    ['r and s beyond the order', (octets) => Buffer.alloc(octets.length, 0xff)],
    ['r and s exchanged', (octets) => Buffer.concat([octets.subarray(half), octets.subarray(0, half)])],
    [
      'as DER',
      (octets) =>
        Buffer.concat([
          Uint8Array.of(0x30, 2 * half + 4, 2, half),
          octets.subarray(0, half),
          Uint8Array.of(2, half),
          octets.subarray(half),
        ]),
    ],
    ...lengths.map((length): [string, (octets: Uint8Array) => Uint8Array] => [
      `${length} octets`,
      (octets) => Buffer.concat([octets, octets]).subarray(0, length),
    ]),
  ]
}
