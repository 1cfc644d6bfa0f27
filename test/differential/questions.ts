/** The cases: a name, a type and a manner each, drawn from a seed. */
import { LAB_ZONES } from '../../src/lab/catalogue.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { formatType, TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { MANNERS, type Question } from '../support/comparison.ts'
import type { Ask } from '../support/dns-client.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { type DifferentialWorld, FAULT_ZONES } from './world.ts'

/** Of so many cases one repeats an earlier one, so that caches answer; and so many come with DO. */
const WARM_STEP = 4
const DO_PERCENT = 50
const TYPES = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'CNAME',
  'DS',
  'DNSKEY',
  'NSEC',
  'HTTPS',
  'SRV',
  'CAA',
  'PTR',
  'TYPE65280',
]
const LABELS = [
  'none',
  'zzz',
  'wild',
  'x.wild',
  'a.b.wild',
  '*.wild',
  'www',
  'x.www',
  'alias',
  'x.tree',
  'large',
  '_tcp',
  '\\000',
  'WwW',
]

/** Ways of asking that differ only here. */
const MORE_MANNERS: Readonly<Record<string, Partial<Ask>>> = { 'RD clear': { rd: false } }

/**
 * Zones whose servers never answer, or send one in circles: a resolver may take many seconds to give up, so each gets
 * the questions of the catalogue and no more.
 */
const HOPELESS = [
  'silent.se.',
  'nowhere.se.',
  'circle1.se.',
  'circle2.se.',
  'lame.se.',
  'servfail.se.',
  'upward.se.',
  'sideways.se.',
]

/** Which of its records a server gives for these is its own choice (RFC 8482). */
const LEFT_OUT = ['ANY', 'RRSIG']

/** The catalogue's own questions, then what is drawn; the same cases for the same seed and count. */
export function drawCases(world: DifferentialWorld, seed: string, count: number): Question[] {
  const random = new SeededRandom(seed)
  const zones = [...LAB_ZONES, ...FAULT_ZONES].map(({ name }) => name)
  const lively = zones.filter((name) => !HOPELESS.includes(name))
  const owners = new Map(lively.map((zone) => [zone, ownersOf(world, zone)]))
  const cases: Question[] = LAB_ZONES.flatMap(catalogueQuestions)
  const first = cases.length
  while (cases.length < count) {
    if (cases.length > first && random.below(WARM_STEP) === 0) {
      const { name, type } = cases[first + random.below(cases.length - first)]!
      cases.push(mannered({ name, type }, random))
      continue
    }
    const zone = random.pick(lively)
    const known = random.pick(owners.get(zone)!)
    const ask = random.below(2) === 0 ? known : { ...known, type: random.pick(TYPES) }
    cases.push(
      mannered(random.below(3) === 0 ? { name: below(zone, random), type: random.pick(TYPES) } : ask, random),
    )
  }
  return cases
}

function catalogueQuestions({ questions }: LabZone): Question[] {
  const asked = questions.filter(({ type }) => !LEFT_OUT.includes(type))
  return asked.map(({ name, type }) => ({ name, type, do: true, manner: 'DO' }))
}

function mannered({ name, type }: Ask, random: SeededRandom): Question {
  const manners = { ...MANNERS, ...MORE_MANNERS }
  const manner = random.below(100) < DO_PERCENT ? 'DO' : random.pick(Object.keys(manners))
  const spelled = random.below(4) === 0 ? random.mixedCase(name) : name
  return { name: spelled, type, ...manners[manner], manner }
}

/** A name that mostly is not there. */
function below(zone: string, random: SeededRandom): string {
  const label = random.below(3) === 0 ? random.label(1 + random.below(12)) : random.pick(LABELS)
  return zone === '.' ? `${label}.` : `${label}.${zone}`
}

/** Every owner with every type that it has. */
function ownersOf(world: DifferentialWorld, zone: string): Ask[] {
  const hidden: readonly number[] = [TYPE.RRSIG, TYPE.NSEC3]
  const records = world.zones.get(zone)!.filter(({ type }) => !hidden.includes(type))
  const asks = records.map(({ owner, type }) => ({ name: formatName(owner), type: formatType(type) }))
  return asks.filter(({ type }) => !LEFT_OUT.includes(type))
}
