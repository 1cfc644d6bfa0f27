/** Signatures, keys, DS sets: V07, V08, V16, V17, V19, V21 to V24, V27 to V30, V32, V34, C17. */
import { seededRandom } from '../../../src/base/random.ts'
import { impostorKeys } from '../../../src/lab/broken-zones.ts'
import type { LabZone } from '../../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../../src/lab/registry-zones.ts'
import { alteredSignatures, type Defect } from '../../../src/lab/zone.ts'
import { ALGORITHM } from '../../../src/wire/iana/dnssec-algorithm.ts'
import { TYPE } from '../../../src/wire/iana/rrtype.ts'
import { SIGNED, WWW, withTtl, zone } from '../../support/world.ts'
import {
  DIGESTS,
  ECC_GOST,
  FLAGS_AND_PROTOCOLS,
  type OddZone,
  REVOKED,
  slippedIn,
  twins,
  UNKNOWN_NUMBERS,
  wrongForms,
} from '../odd-keys.ts'
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
  OUTCOMES,
  SECURE,
  type TrialMaker,
  verdicts,
} from './trial.ts'

const NSEC3 = { ...SIGNED, denial: PLAIN_NSEC3 }
const { RSASHA1, RSASHA1_NSEC3_SHA1 } = ALGORITHM
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

/** Of P-256: r and s. */
const SIGNATURE_OCTETS = 64

/** RRSIG RDATA: 18 octets, the signer, and the signature. */
function reformed(alter: (octets: Uint8Array) => Uint8Array): Defect {
  return alteredSignatures({ type: TYPE.A }, (rdata) => {
    const start = rdata.length - SIGNATURE_OCTETS
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

/** The same for zones that other tests have as well. */
function oddZonesJudged(row: string, zones: readonly OddZone[]): TrialMaker {
  return zonesJudged(
    row,
    zones.map(([, change, status]) => [change, OUTCOMES[status]]),
  )
}

const foreignKeys: TrialMaker = (place) => {
  const d = domainOf('C17')
  // Its keys hang on the name of a zone.
  const cases = slippedIn('').map((_, i) => slippedIn(`z${i}.${d}.`)[i]!)
  return oddZonesJudged('C17', cases)(place)
}

export const SIGNATURE_TRIALS: readonly TrialMaker[] = [
  ...[orders, spellings, doubles, goodAndWrong, remainingTtl, labels, foreignKeys],
  zonesJudged('V19', [
    [{ signing: { ...SIGNED, days: [2 * HOUR_DAYS, 7 * HOUR_DAYS] } }, BOGUS],
    [{ signing: { ...SIGNED, days: [-7 * HOUR_DAYS, -2 * HOUR_DAYS] } }, BOGUS],
  ]),
  zonesJudged('V21', [[{ signing: { ...SIGNED, days: [10, -10] } }, BOGUS]]),
  zonesJudged('V23', [
    [{ signing: { ...SIGNED, keys: twins } }, SECURE],
    [{ signing: { ...SIGNED, keys: impostorKeys } }, BOGUS],
  ]),
  oddZonesJudged('V24', REVOKED),
  oddZonesJudged('V27', DIGESTS),
  oddZonesJudged('V28', UNKNOWN_NUMBERS),
  zonesJudged('V29', [
    [{ signing: { algorithm: RSASHA1 } }, SECURE],
    [{ signing: { algorithm: RSASHA1_NSEC3_SHA1 } }, SECURE],
    [{ signing: { algorithm: ECC_GOST } }, INSECURE],
  ]),
  oddZonesJudged('V30', FLAGS_AND_PROTOCOLS),
  zonesJudged(
    'V32',
    wrongForms(SIGNATURE_OCTETS / 2).map(([, alter]) => [{ defects: [reformed(alter)] }, BOGUS] as const),
  ),
]
