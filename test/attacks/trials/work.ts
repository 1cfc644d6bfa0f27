/** Work that is made for a validator: C01, C02, C04, C05, C10. The numbers are processor milliseconds of a cold question. */
import { keysLike } from '../../../src/lab/colliding-keys.ts'
import type { LabZone } from '../../../src/lab/lab-zone.ts'
import { PLAIN_NSEC3 } from '../../../src/lab/registry-zones.ts'
import { replacedDenial } from '../../../src/lab/rewrites.ts'
import { ALGORITHM } from '../../../src/wire/iana/dnssec-algorithm.ts'
import { nameFrom } from '../../../src/wire/name-text.ts'
import { plainZone, SIGNED, zone } from '../../support/world.ts'
import { brokenKeys, DEEP, hashedZone, keyTraps, trapZone } from '../traps.ts'
import { domainOf, numbers, type Trial, type TrialMaker } from './trial.ts'

/** Copies of each zone: each question is cold, and the time of one is too short to be read. */
const COPIES = 2

/** A trial that asks each of these once, when the domain of the row is known. */
function work(
  row: string,
  zones: readonly LabZone[],
  questions: readonly (readonly [name: string, type: string])[],
): Trial {
  const d = domainOf(row)
  return {
    row,
    unit: 'ms of processor time',
    when: 'alone',
    zones: [zone(`${d}.`, { content: '' }), ...zones],
    run: async (client) => {
      await client.ask(d, 'SOA')
      const before = client.processorMs()
      for (const [name, type] of questions) await client.ask(name, type)
      await client.settle()
      return Math.round((client.processorMs() - before) / questions.length)
    },
  }
}

const TRAPS = [
  { algorithm: ALGORITHM.ECDSAP256SHA256, keys: 500, signatures: 500, ds: 180 },
  { algorithm: ALGORITHM.ECDSAP384SHA384, keys: 350, signatures: 400, ds: 150 },
] as const

const keyTrap: TrialMaker = () => {
  const d = domainOf('C01')
  const zones = TRAPS.flatMap(({ algorithm, ...count }) => {
    const { signer, traps } = keyTraps(algorithm, count)
    return traps.map((trap, i) => trapZone({ algorithm, signer, ...trap }, `t${i}a${algorithm}.${d}`))
  })
  return work(
    'C01',
    zones,
    zones.map(({ name }) => [`www.${name.slice(0, -1)}`, 'A']),
  )
}

const unusableKeys: TrialMaker = () => {
  const d = domainOf('C02')
  const zones = brokenKeys().map(([, key, dnskey], i) => {
    const { algorithm } = key
    const decoys = keysLike(key, dnskey, algorithm === ALGORITHM.RSASHA256 ? 350 : 500)
    return trapZone({ algorithm, decoys, signatures: 200, signer: decoys[0]! }, `t${i}.${d}`)
  })
  return work(
    'C02',
    zones,
    zones.map(({ name }) => [`www.${name.slice(0, -1)}`, 'A']),
  )
}

const hashing: TrialMaker = () => {
  const d = domainOf('C04')
  const origins = numbers(COPIES).map((i) => `z${i}.${d}`)
  const questions = origins.flatMap((origin) => [
    [`${DEEP}${origin}`, 'A'] as const,
    [`none.${DEEP}b.${origin}`, 'A'] as const,
    [`${'x.'.repeat(20)}w.${origin}`, 'A'] as const,
    [`www.sub.${origin}`, 'A'] as const,
  ])
  return work(
    'C04',
    origins.flatMap((origin) => hashedZone(50, 0, origin)),
    questions,
  )
}

const padded: TrialMaker = () => {
  const d = domainOf('C05')
  const content = numbers(200)
    .map((i) => `h${i} A 192.0.2.1\n`)
    .join('')
  const zones = numbers(COPIES).flatMap((i) =>
    [SIGNED, { ...SIGNED, denial: PLAIN_NSEC3 }].map((signing, kind) => {
      const origin = `z${i}${kind}.${d}`
      const denial = replacedDenial(nameFrom(origin), (served) =>
        numbers(200).map((h) => {
          const name = nameFrom(`h${h}.${origin}`)
          return (served.hasNsec3 ? served.nsec3Matching(name) : served.nsecFor(name))!
        }),
      )
      return zone(`${origin}.`, { content, signing, rewrites: () => [denial] })
    }),
  )
  return work(
    'C05',
    zones,
    zones.map(({ name }) => [`none.${name.slice(0, -1)}`, 'A']),
  )
}

const giants: TrialMaker = () => {
  const d = domainOf('C10')
  const lines = (count: number, line: (i: number) => string): string =>
    numbers(count)
      .map((i) => `${line(i)}\n`)
      .join('')
  const kinds = [
    ['A', lines(3900, (i) => `a A 10.0.${i >> 8}.${i & 255}`)],
    ['TXT', lines(3500, (i) => `a TXT ${i}`)],
    ['MX', lines(2000, (i) => `a MX 1 n${i}`)],
  ] as const
  const zones = kinds.flatMap(([type, content]) => [
    { type, zone: zone(`s${type}.${d}.`.toLowerCase(), { content }) },
    { type, zone: plainZone(`p${type}.${d}.`.toLowerCase(), { content }) },
  ])
  return work(
    'C10',
    zones.map((each) => each.zone),
    zones.map(({ type, zone: { name } }) => [`a.${name.slice(0, -1)}`, type]),
  )
}

export const WORK_TRIALS: readonly TrialMaker[] = [keyTrap, unusableKeys, hashing, padded, giants]
