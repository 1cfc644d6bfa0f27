/** Signatures, keys, DS sets: V07, V08, V16, V17, V19, V21 to V24, V27 to V30, V32, V34, C17. */
import { seededRandom } from '../../../src/base/random.ts'
import { impostorKeys } from '../../../src/lab/broken-zones.ts'
import {
  asRevoked,
  deriveCollidingKeys,
  deriveKey,
  KSK_FLAGS,
  republishKey,
  ZSK_FLAGS,
} from '../../../src/lab/keys.ts'
import { dsBy, type LabZone, type Signing } from '../../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../../src/lab/registry-zones.ts'
import { type KeyUse, makeDs } from '../../../src/lab/signer.ts'
import {
  addedRecords,
  alteredSignatures,
  combinedKey,
  type Defect,
  keySigningKey,
  splitKeys,
  spoilt,
  zoneSigningKey,
} from '../../../src/lab/zone.ts'
import { DIGEST } from '../../../src/wire/iana/digest-type.ts'
import { ALGORITHM } from '../../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import type { Name } from '../../../src/wire/name.ts'
import { SIGNED, WWW, withTtl, zone } from '../../support/world.ts'
import { RESPELT, reordering, signerInCapitals, twice, wrongBeside } from '../spellings.ts'
import {
  answersOf,
  BOGUS,
  domainOf,
  type Expected,
  type Holds,
  INSECURE,
  lastOctet,
  NO_NAME,
  numbers,
  SECURE,
  type TrialMaker,
  verdicts,
} from './trial.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }
const { ECDSAP256SHA256, RSASHA1, RSASHA1_NSEC3_SHA1, RSASHA256 } = ALGORITHM
const ECC_GOST = 12
const UNKNOWN = 200
const HOUR_DAYS = 1 / 24

/** A zone for each case, asked for its `www`; the outcome of each. */
function zonesJudged(
  row: string,
  cases: readonly (readonly [change: Partial<LabZone>, outcome: string])[],
): TrialMaker {
  return () => {
    const d = domainOf(row)
    const zones = cases.map(([change], i) => zone(`z${i}.${d}.`, change))
    const questions = cases.map(([, outcome], i): Expected => [`www.z${i}.${d}`, 'A', outcome])
    return verdicts(row, [zone(`${d}.`, { content: '' }), ...zones], questions)
  }
}

/** Other keys for a zone. */
function withKeys(keys: NonNullable<Signing['keys']>): Partial<LabZone> {
  return { signing: { ...SIGNED, keys } }
}

const ORDERS = 10

const orders: TrialMaker = () => {
  const d = domainOf('V07')
  const zones = numbers(ORDERS).flatMap((i) => {
    const random = seededRandom(i + 1)
    const servers = [{ name: 'ns', behaviour: reordering(() => random) }]
    return [
      zone(`n${i}.${d}.`, { content: `${WWW}www A 192.0.2.81\n*.w CNAME www\n`, servers }),
      zone(`h${i}.${d}.`, { signing: NSEC3, servers }),
    ]
  })
  const questions = numbers(ORDERS).flatMap((i): Expected[] => [
    [`none.n${i}.${d}`, 'A', NO_NAME],
    [`www.n${i}.${d}`, 'MX', SECURE],
    [`a.w.n${i}.${d}`, 'A', SECURE],
    [`none.h${i}.${d}`, 'A', NO_NAME],
  ])
  return verdicts('V07', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const spellings: TrialMaker = () => {
  const d = domainOf('V08')
  const content = `${WWW}alias CNAME www\n@ MX 10 www\nsub NS ns.sub\nns.sub A 127.0.0.1\n`
  const zones = RESPELT.map(([, rewrite], i) =>
    zone(`z${i}.${d}.`, { content, defects: [signerInCapitals], rewrites: () => [rewrite] }),
  )
  const questions = RESPELT.flatMap(([, , status], i): Expected[] => [
    [`WwW.z${i}.${d}`, 'A', SECURE],
    [`alias.Z${i}.${d}`, 'A', SECURE],
    [`z${i}.${d}`, 'MX', SECURE],
    [`z${i}.${d}`, 'SOA', SECURE],
    [`z${i}.${d}`, 'TXT', status === 'secure' ? SECURE : BOGUS],
  ])
  return verdicts('V08', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const doubles: TrialMaker = () => {
  const d = domainOf('V16')
  const content = `${WWW}www A 192.0.2.81\nalias CNAME www\n`
  const once: Holds = (reply) => answersOf(reply, 'A').length === 2
  return verdicts(
    'V16',
    [zone(`${d}.`, { content, rewrites: () => [twice] })],
    [
      [`www.${d}`, 'A', SECURE, once],
      [`alias.${d}`, 'A', SECURE, once],
      [d, 'DNSKEY', SECURE, (reply) => answersOf(reply, 'DNSKEY').length === 2],
    ],
  )
}

const goodAndWrong: TrialMaker = () => {
  const d = domainOf('V17')
  const content = `${WWW}www AAAA 2001:db8::1\n`
  const zones = [true, false].map((first, i) =>
    zone(`z${i}.${d}.`, { content, defects: [wrongBeside(first)] }),
  )
  const questions = [0, 1].flatMap((i): Expected[] => [
    [`www.z${i}.${d}`, 'A', SECURE],
    [`www.z${i}.${d}`, 'AAAA', SECURE],
    [`www.z${i}.${d}`, 'MX', SECURE],
  ])
  return verdicts('V17', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const remainingTtl: TrialMaker = () => {
  const d = domainOf('V22')
  const day = 86_400
  const cases = [
    ['www 60 A 192.0.2.80\n', [-1, 20], 60],
    ['www 86400 A 192.0.2.80\n', [-1, 600 / day], 600],
  ] as const
  const zones = cases.map(([content, days], i) =>
    zone(`z${i}.${d}.`, { content, signing: { ...SIGNED, days }, defects: [withTtl({ type: TYPE.A }, day)] }),
  )
  const questions = cases.map(([, , most], i): Expected => {
    return [
      `www.z${i}.${d}`,
      'A',
      SECURE,
      (reply) => answersOf(reply, 'A').every(({ ttlSeconds }) => ttlSeconds <= most),
    ]
  })
  return verdicts('V22', [zone(`${d}.`, { content: '' }), ...zones], questions)
}

const twins: NonNullable<Signing['keys']> = (name, algorithm) => {
  const [first, second] = deriveCollidingKeys(`${name} ZSK`, algorithm, ZSK_FLAGS)
  const ksk = keySigningKey(deriveKey(`${name} KSK`, algorithm, KSK_FLAGS))
  return [ksk, { ...zoneSigningKey(first), signsZone: false }, zoneSigningKey(second)]
}

function revoking(which: (use: KeyUse) => boolean): Partial<LabZone> {
  return withKeys((name, algorithm) =>
    splitKeys(name, algorithm).map((use) => (which(use) ? { ...use, key: asRevoked(use.key) } : use)),
  )
}

const besideRevoked = withKeys((name, algorithm) => [
  ...splitKeys(name, algorithm),
  keySigningKey(asRevoked(deriveKey(`${name} old`, algorithm, KSK_FLAGS))),
])

function dsSet(...types: number[]): Partial<LabZone> {
  return { ds: (apex, keys) => types.flatMap((type) => dsBy(type)(apex, keys)) }
}

function oneWrong(wrong: number, right: number): Partial<LabZone> {
  return { ds: (apex, keys) => [...dsBy(wrong)(apex, keys).map(spoilt), ...dsBy(right)(apex, keys)] }
}

function unknownDs(apex: Name): Uint8Array {
  return makeDs(apex, deriveKey('unknown', UNKNOWN, KSK_FLAGS), DIGEST.SHA256)
}

const BY_RSA = { algorithm: RSASHA256 }
const standby: NonNullable<Signing['keys']> = (name, algorithm) => [
  ...splitKeys(name, algorithm),
  { ...zoneSigningKey(deriveKey(`${name} standby`, ECDSAP256SHA256, ZSK_FLAGS)), signsZone: false },
]

function published(flags: number, protocol = 3): Partial<LabZone> {
  return withKeys((name, algorithm) =>
    combinedKey(name, algorithm).map((use) => ({ ...use, key: republishKey(use.key, flags, protocol) })),
  )
}

/** Octets of a P-256 signature, r and s of 32 each, made wrong. */
const WRONG_FORMS: readonly ((octets: Uint8Array) => Uint8Array)[] = [
  (octets) => Buffer.concat([Buffer.alloc(32), octets.subarray(32)]),
  (octets) => Buffer.concat([octets.subarray(0, 32), Buffer.alloc(32)]),
  (octets) => Buffer.alloc(octets.length, 0xff),
  (octets) => Buffer.concat([octets.subarray(32), octets.subarray(0, 32)]),
  ...[0, 1, 31, 32, 63, 65, 128].map(
    (length) => (octets: Uint8Array) => Buffer.concat([octets, octets]).subarray(0, length),
  ),
]

/** RRSIG RDATA: 18 octets, the signer, and the signature. */
function reformed(alter: (octets: Uint8Array) => Uint8Array): Defect {
  return alteredSignatures({ type: TYPE.A }, (rdata) => {
    const start = rdata.length - 64
    return Buffer.concat([rdata.subarray(0, start), alter(rdata.subarray(start))])
  })
}

const labels: TrialMaker = () => {
  const d = domainOf('V34')
  const content = '* A 192.0.2.1\na.*.b A 192.0.2.2\n\\*c A 192.0.2.3\n*.d A 192.0.2.4\n'
  const more = alteredSignatures({ type: TYPE.A }, (rdata) => rdata.with(3, rdata[3]! + 1))
  const zones = [
    zone(`${d}.`, { content: '' }),
    zone(`z.${d}.`, { content }),
    zone(`y.${d}.`, { content, defects: [more] }),
  ]
  const found = (
    [
      ['*', 1],
      ['x', 1],
      ['*.x', 1],
      ['x.y', 1],
      ['a.*.b', 2],
      ['*c', 3],
      ['*.d', 4],
    ] as const
  ).map(([name, octet]): Expected => [`${name}.z.${d}`, 'A', SECURE, (reply) => lastOctet(reply) === octet])
  return verdicts('V34', zones, [
    ...found,
    [`a.*.d.z.${d}`, 'A', NO_NAME],
    [`*.y.${d}`, 'A', BOGUS],
    [`a.*.b.y.${d}`, 'A', BOGUS],
  ])
}

const slippedIn: TrialMaker = (place) => {
  const d = domainOf('C17')
  const foreign = deriveKey('foreign', SIGNED.algorithm, ZSK_FLAGS)
  const added = addedRecords((plan) => [
    { owner: plan.apex, type: TYPE.DNSKEY, class: 1, ttlSeconds: 3600, rdata: foreign.dnskey },
  ])
  const slipped = { key: foreign, published: false, signsKeys: false, signsZone: true }
  const inSet = { ...slipped, published: true }
  const kinds: readonly (readonly [(honest: KeyUse[]) => KeyUse[], Defect[], string])[] = [
    [(honest) => [...honest, slipped], [added], BOGUS],
    [(honest) => [...honest, { ...slipped, signsKeys: true }], [added], BOGUS],
    [(honest) => [...honest, slipped], [], BOGUS],
    [
      (honest) => [...honest.map((use) => ({ ...use, signsKeys: false })), { ...inSet, signsKeys: true }],
      [],
      BOGUS,
    ],
    [(honest) => [...honest, inSet], [], SECURE],
  ]
  const cases = kinds.map(([make, defects, outcome], i): [Partial<LabZone>, string] => {
    const honest = splitKeys(`z${i}.${d}.`, SIGNED.algorithm).map((use) => ({ ...use, signsZone: false }))
    const { key } = honest.find((use) => use.signsKeys)!
    const ds = (owner: Name): Uint8Array[] => [makeDs(owner, key, DIGEST.SHA256)]
    return [{ ...withKeys(() => make(honest)), ds, defects }, outcome]
  })
  return zonesJudged('C17', cases)(place)
}

export const SIGNATURE_TRIALS: readonly TrialMaker[] = [
  ...[orders, spellings, doubles, goodAndWrong, remainingTtl, labels, slippedIn],
  zonesJudged('V19', [
    [{ signing: { ...SIGNED, days: [2 * HOUR_DAYS, 7 * HOUR_DAYS] } }, BOGUS],
    [{ signing: { ...SIGNED, days: [-7 * HOUR_DAYS, -2 * HOUR_DAYS] } }, BOGUS],
  ]),
  zonesJudged('V21', [[{ signing: { ...SIGNED, days: [10, -10] } }, BOGUS]]),
  zonesJudged('V23', [
    [withKeys(twins), SECURE],
    [withKeys(impostorKeys), BOGUS],
  ]),
  zonesJudged('V24', [
    [revoking((use) => use.signsKeys), BOGUS],
    [revoking((use) => use.signsZone), BOGUS],
    [besideRevoked, SECURE],
  ]),
  zonesJudged('V27', [
    [dsSet(DIGEST.SHA1, DIGEST.SHA256), SECURE],
    [dsSet(DIGEST.SHA1), SECURE],
    [dsSet(DIGEST.SHA384), SECURE],
    [oneWrong(DIGEST.SHA256, DIGEST.SHA1), BOGUS],
    [oneWrong(DIGEST.SHA1, DIGEST.SHA256), SECURE],
  ]),
  zonesJudged('V28', [
    [{ signing: BY_RSA, ds: (apex, keys) => [unknownDs(apex), ...dsBy(DIGEST.SHA256)(apex, keys)] }, SECURE],
    [{ signing: BY_RSA, ds: (apex) => [unknownDs(apex)] }, INSECURE],
    [
      { signing: BY_RSA, ds: (apex, keys) => [...dsBy(99)(apex, keys), ...dsBy(DIGEST.SHA256)(apex, keys)] },
      SECURE,
    ],
    [{ signing: BY_RSA, ds: dsBy(99) }, INSECURE],
    [{ signing: { ...BY_RSA, keys: standby } }, SECURE],
  ]),
  zonesJudged('V29', [
    [{ signing: { algorithm: RSASHA1 } }, SECURE],
    [{ signing: { algorithm: RSASHA1_NSEC3_SHA1 } }, SECURE],
    [{ signing: { algorithm: ECC_GOST } }, INSECURE],
  ]),
  zonesJudged('V30', [
    [published(0x0001), BOGUS],
    [published(KSK_FLAGS, 2), BOGUS],
    [published(ZSK_FLAGS), SECURE],
    [published(KSK_FLAGS), SECURE],
  ]),
  zonesJudged(
    'V32',
    WRONG_FORMS.map((alter) => [{ defects: [reformed(alter)] }, BOGUS] as const),
  ),
]
