/** The questions: every name with every type that it has and some that it has not, names that are not there, every cut. */

import { MANNERS, type Question } from '../support/comparison.ts'
import type { Ask } from '../support/dns-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import type { World } from './world.ts'
import { LONG_DNAME_LABEL, type ZoneRecord } from './zone-content.ts'
import { below, isAtOrBelow, parentZone, type ZonePlan } from './zone-plan.ts'

/** Types asked where they mostly are not. RRSIG and ANY are left out: README.md says why. */
const COMMON_TYPES = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'CNAME',
  'DS',
  'SRV',
  'HTTPS',
  'CAA',
  'NSEC',
  'TYPE65281',
] as const
const APEX_TYPES = ['SOA', 'NS', 'DNSKEY', 'DS', 'NSEC3PARAM', 'NSEC', 'CDS', 'A', 'TLSA', 'DNAME'] as const

/** One in so many questions is asked in each of the other manners too. */
const OTHER_MANNERS_STEP = 12

/**
 * All questions with DO, a share of them in each of the other manners too, shuffled: so a cache is filled in many
 * orders, and a question with CD often comes before the same one without.
 */
export function generateQuestions(world: World): Question[] {
  const unique = new Map<string, Ask>()
  for (const { plan } of world.zones) {
    for (const question of zoneQuestions(plan, world.contents.get(plan.name)!)) {
      unique.set(`${question.name} ${question.type}`, question)
    }
  }
  const all = [...unique.values()]
  const [first, ...others] = Object.keys(MANNERS) as [string, ...string[]]
  const shared = others.flatMap((manner, offset) =>
    all
      .filter((_, i) => i % OTHER_MANNERS_STEP === offset)
      .map((q) => ({ ...q, ...MANNERS[manner], manner })),
  )
  const questions = [...all.map((q) => ({ ...q, ...MANNERS[first], manner: first })), ...shared]
  return new SeededRandom('order').shuffled(questions)
}

function zoneQuestions(plan: ZonePlan, records: readonly ZoneRecord[]): Ask[] {
  const random = new SeededRandom(`questions ${plan.name}`)
  return [
    ...presentNames(plan, records, random),
    ...APEX_TYPES.map((type) => ({ name: plan.name, type })),
    ...cuts(plan),
    ...absentNames(plan, random),
    ...(plan.kind === 'leaf' ? [...wildcardNames(plan, random), ...aliasNames(plan, random)] : []),
  ]
}

/** Every owner and every empty non-terminal, the types there, and in mixed case one that mostly is not. */
function presentNames(plan: ZonePlan, records: readonly ZoneRecord[], random: SeededRandom): Ask[] {
  const typesOf = new Map<string, Set<string>>()
  for (const { owner, type } of records) {
    for (let name = owner; name !== plan.name && isAtOrBelow(name, plan.name); name = parentName(name)) {
      if (!typesOf.has(name)) typesOf.set(name, new Set())
    }
    typesOf.set(owner, (typesOf.get(owner) ?? new Set()).add(type))
  }
  return [...typesOf].flatMap(([name, types]) => [
    ...[...types].map((type) => ({ name, type })),
    { name: random.mixedCase(name), type: random.pick(COMMON_TYPES) },
  ])
}

/** A name without its first label, escapes respected. */
function parentName(name: string): string {
  const rest = name.replace(/^(?:\\.|[^\\.])*\./, '')
  return rest === '' ? '.' : rest
}

/** DS at the cut from above, and one label below and above it. */
function cuts(plan: ZonePlan): Ask[] {
  if (parentZone(plan) === undefined) return []
  return [
    { name: plan.name, type: 'DS' },
    { name: below('www', plan.name), type: 'DS' },
    { name: below('nothing', plan.name), type: 'DS' },
    { name: parentName(plan.name), type: 'DS' },
  ]
}

/** Names that are not there: before, between and after the others, one and several labels below, below a leaf. */
function absentNames(plan: ZonePlan, random: SeededRandom): Ask[] {
  const labels = [
    'zzzz',
    random.label(8),
    random.label(30),
    `${random.label(3)}.${random.label(4)}.${random.label(5)}`,
    'below.www',
    'ns0',
    '\\000',
    '\\255',
    '*',
    '0.*',
  ]
  if (plan.kind === 'leaf')
    labels.push('x.ent', 'x.b.c.ent', 'y.a.b.c.ent', '_udp', 'x._udp', 'x.alias', 'www.types')
  if (plan.kind === 'registry')
    labels.push('www.lame', 'x.wild.nic', 'nic.wild', 'unregistered', 'www.unregistered')
  return labels.map((label) => ({ name: below(label, plan.name), type: random.pick(COMMON_TYPES) }))
}

function wildcardNames(plan: ZonePlan, random: SeededRandom): Ask[] {
  const label = random.label(6)
  const questions: [string, string][] = [
    [`${label}.wild`, 'A'],
    [`${label}.wild`, 'TXT'],
    [`${label}.wild`, 'MX'],
    [`${label}.wild`, 'AAAA'],
    [`${label}.wild`, 'DS'],
    [`${label}.${label}.wild`, 'A'],
    ['x.exact.wild', 'A'],
    ['exact.wild', 'TXT'],
    ['wild', 'A'],
    ['*.wild', 'A'],
    ['*.wild', 'SRV'],
    [`${label}.*.wild`, 'A'],
    ['deep.wild', 'A'],
    [`${label}.deep.wild`, 'AAAA'],
    [`${label}.deep.wild`, 'A'],
    [`${label}.wild-alias`, 'A'],
    [`${label}.wild-alias`, 'CNAME'],
    [`${label}.wild-alias`, 'SRV'],
    [`${label}.wild-away`, 'A'],
    [`${label}.wild-away`, 'LOC'],
    [`${label}.wild-chain`, 'A'],
    [`${label}.wild-chain`, 'AAAA'],
  ]
  return questions.map(([at, type]) => ({ name: below(at, plan.name), type }))
}

/** CNAMEs and DNAMEs followed to data, to no data, to nothing, in circles and beyond 255 octets. */
function aliasNames(plan: ZonePlan, random: SeededRandom): Ask[] {
  const label = random.label(7)
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(20)}`
  const questions: [string, string][] = [
    ...['alias', 'chain-1', 'chain-4', 'away', 'away-far', 'away-wild', 'away-nothing', 'away-ent'].flatMap(
      (at): [string, string][] => [
        [at, 'A'],
        [at, random.pick(COMMON_TYPES)],
      ],
    ),
    ['away-top', 'AAAA'],
    ['dangling', 'A'],
    ['dangling', 'CNAME'],
    ['loop-a', 'A'],
    ['loop-b', 'CNAME'],
    ['dname', 'A'],
    ['www.dname', 'A'],
    ['www.dname', 'CNAME'],
    ['mail.dname', 'MX'],
    [`${label}.dname`, 'A'],
    [`${label}.wild.dname`, 'A'],
    ['alias.dname', 'A'],
    ['away.dname', 'A'],
    [`${label}.dname-near`, 'A'],
    ['exact.dname-near', 'A'],
    ['deep.dname-near', 'TXT'],
    ['www.dname-far', 'A'],
    ['to-dname', 'A'],
    ['to-dname', 'TXT'],
    [`${label}.${LONG_DNAME_LABEL}`, 'A'],
    [`${long}.${LONG_DNAME_LABEL}`, 'A'],
  ]
  return questions.map(([at, type]) => ({ name: below(at, plan.name), type }))
}
