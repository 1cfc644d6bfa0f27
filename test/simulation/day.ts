/**
 * A long time of mixed faults: two hours after two hours in which everything goes wrong that can, and then is well again
 * for long enough that answers must be what the catalogue says.
 */
import type { Random } from '../../src/base/random.ts'
import { parentOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { EDITION, type Editions, SIGNED_SECONDS } from './editions.ts'
import { AGAIN_MS, Draft, drawSettings, LONG_PATIENCE_MS, PATIENCE_MS, type Plan } from './plan.ts'
import { formOf, QuestionSource } from './questions.ts'
import { CALM, drawWeather, type Fault, type Weather } from './weather.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_SECONDS = 86_400
/** Faults, time for their traces to run out, and calm. */
const SPELL_MS = 2 * HOUR_MS
const CALM_MS = 5 * MINUTE_MS
const FAULTS_MS = SPELL_MS - CALM_MS - PATIENCE_MS - 4 * MINUTE_MS
/** Questions asked before the calm have their answers before it begins. */
const GAP_MS = 20_000
const QUESTIONS_PER_SPELL = 1_600
const CALM_QUESTIONS = 40
const REPEATED_MAX = 4
const CACHE_OCTETS = 262_144
const TABLE_ENTRIES_MAX = 200
/** Nothing comes back, for one of these reasons. */
const OUTAGES: readonly Fault[] = ['lost', 'unreachable', 'resources', 'refused']

/** Of the parts of a day. */
interface Spell {
  readonly draft: Draft
  readonly random: Random
  readonly editions: Editions
  readonly source: QuestionSource
  readonly startMs: number
}

/**
 * Draws the plan of a day, or of some hours.
 *
 * @param hours whole pairs of hours; signatures hold for twenty days
 */
export function drawDay(random: Random, editions: Editions, hours: number): Plan {
  const source = new QuestionSource(editions, random, 1)
  const spells = Math.max(1, Math.floor((hours * HOUR_MS) / SPELL_MS))
  const draft = new Draft(random, spells * SPELL_MS)
  for (let number = 0; number < spells; number++) {
    const startMs = number * SPELL_MS
    const spell = { draft, random, editions, source, startMs }
    addTroubles(spell)
    if (random.below(2) === 0) addKeyRoll(spell)
    const endMs = startMs + FAULTS_MS
    addRecovery(spell, endMs)
    const calmMs = startMs + SPELL_MS - CALM_MS
    addQuestions(spell, calmMs - GAP_MS)
    addCalm(spell, calmMs)
  }
  return {
    calm: false,
    startSeconds: SIGNED_SECONDS,
    happenings: draft.inOrder(),
    finalEdition: EDITION.first,
    finalSeconds: SIGNED_SECONDS,
    patienceMs: LONG_PATIENCE_MS,
    source,
    settings: {
      ...drawSettings(random),
      serveStale: { clientTimeoutMs: 1_800, maxSeconds: DAY_SECONDS, ttlSeconds: 30, afterBogus: false },
    },
    cacheOctets: { rrsets: CACHE_OCTETS, answers: CACHE_OCTETS },
    tableEntriesMax: TABLE_ENTRIES_MAX,
  }
}

function addQuestions({ draft, random, source, startMs }: Spell, endMs: number): void {
  let left = QUESTIONS_PER_SPELL
  while (left > 0) {
    const form = source.draw()
    const firstMs = startMs + random.below(endMs - startMs)
    const times = Math.min(left, 1 + random.below(REPEATED_MAX))
    left -= times
    for (let time = 0; time < times; time++) {
      const atMs = time === 0 ? firstMs : firstMs + AGAIN_MS[random.below(AGAIN_MS.length)]!
      if (atMs < endMs) draft.add(atMs, { kind: 'question', form, client: random.below(4) })
    }
  }
}

function addTroubles(spell: Spell): void {
  const { draft, random, startMs } = spell
  const sometime = (): number => startMs + random.below(FAULTS_MS)
  for (let atMs = startMs; atMs < startMs + FAULTS_MS; atMs += (1 + random.below(20)) * MINUTE_MS) {
    const weather = random.below(3) === 0 ? CALM : drawWeather(random)
    draft.add(atMs, { kind: 'weather', weather })
  }
  if (random.below(2) === 0) addOutage(spell, sometime())
  addDeaths(spell)
  for (let jumps = random.below(3); jumps > 0; jumps--) {
    const seconds = [
      random.below(120) - 60,
      random.below(7_200) - 3_600,
      (random.below(900) - 400) * DAY_SECONDS,
    ]
    const unixSeconds = SIGNED_SECONDS + seconds[random.below(seconds.length)]!
    draft.add(sometime(), { kind: 'clock', unixSeconds })
    draft.add(sometime(), { kind: 'clock', unixSeconds: SIGNED_SECONDS })
  }
  for (let modes = random.below(4); modes > 0; modes--) {
    draft.add(sometime(), { kind: 'mode', mode: (['off', 'observe', 'enforce'] as const)[random.below(3)]! })
    draft.add(sometime(), { kind: 'share', percent: random.below(101) })
  }
  if (random.below(3) === 0) draft.add(sometime(), { kind: 'flush' })
}

/** Nobody answers any more, for a minute or an hour. */
function addOutage({ draft, random, startMs }: Spell, atMs: number): void {
  const outage: Weather = { ...CALM, [OUTAGES[random.below(OUTAGES.length)]!]: 1_000 }
  const endMs = Math.min(atMs + (1 + random.below(60)) * MINUTE_MS, startMs + FAULTS_MS)
  // Whatever weather was to come meanwhile does not.
  for (let now = atMs; now < endMs; now += MINUTE_MS) draft.add(now, { kind: 'weather', weather: outage })
  draft.add(endMs, { kind: 'weather', weather: CALM })
}

function addDeaths({ draft, random, editions, source, startMs }: Spell): void {
  const sometime = (): number => startMs + random.below(FAULTS_MS)
  for (let kills = random.below(30); kills > 0; kills--) {
    const address = editions.addresses[random.below(editions.addresses.length)]!
    const atMs = sometime()
    draft.add(atMs, { kind: 'kill', address, death: random.below(2) === 0 ? 'silent' : 'refused' })
    if (random.below(2) === 0) draft.add(atMs + random.below(20 * MINUTE_MS), { kind: 'revive', address })
  }
  for (let ntas = random.below(4); ntas > 0; ntas--) {
    const expectation = source.expectations[random.below(source.expectations.length)]!
    const name = parentOf(nameFrom(expectation.name))
    draft.add(sometime(), { kind: 'nta', name, add: true })
    // In the end every one is removed.
    draft.add(startMs + FAULTS_MS, { kind: 'nta', name, add: false })
  }
}

/** Both keys, the new ones alone, and the way back; secondaries follow one after the other. */
function addKeyRoll({ draft, random, editions, startMs }: Spell): void {
  const steps = [EDITION.rolling, EDITION.rolled, EDITION.rolling]
  for (const [i, edition] of steps.entries()) {
    const atMs = startMs + Math.floor((FAULTS_MS * (i + random.below(100) / 100)) / steps.length)
    for (const address of editions.addresses)
      draft.add(atMs + random.below(MINUTE_MS), { kind: 'publish', address, edition })
  }
}

/** All is well: what is cached from before is flushed, as an operator would, and the rest has to run out. */
function addRecovery({ draft, editions }: Spell, atMs: number): void {
  draft.add(atMs, { kind: 'weather', weather: CALM })
  // The last secondary of a roll follows within a minute.
  const endMs = atMs + MINUTE_MS
  for (const address of editions.addresses) {
    draft.add(endMs, { kind: 'revive', address })
    draft.add(endMs, { kind: 'publish', address, edition: EDITION.first })
  }
  draft.add(endMs, { kind: 'mode', mode: 'enforce' })
  draft.add(endMs, { kind: 'share', percent: 100 })
  draft.add(endMs, { kind: 'clock', unixSeconds: SIGNED_SECONDS })
  draft.add(endMs + GAP_MS, { kind: 'flush' })
}

function addCalm({ draft, random, source }: Spell, atMs: number): void {
  draft.add(atMs, { kind: 'calm', calm: true })
  const { expectations } = source
  for (let i = 0; i < CALM_QUESTIONS; i++) {
    const form = formOf(expectations[random.below(expectations.length)]!, random.below(0x1_0000))
    draft.add(atMs + random.below(CALM_MS - GAP_MS), { kind: 'question', form, client: random.below(4) })
  }
  draft.add(atMs + CALM_MS - 1, { kind: 'calm', calm: false })
}
