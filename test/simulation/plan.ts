/** What happens in one seed, and how the resolver is set: all drawn before anything runs. */
import type { Random } from '../../src/base/random.ts'
import type { ResolverSettings, ValidationMode } from '../../src/resolver/ports.ts'
import { type Name, parentOf } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { EDITION, type Editions, ENDING_SECONDS, SIGNED_SECONDS } from './editions.ts'
import type { Death } from './network.ts'
import { type ClientForm, QuestionSource } from './questions.ts'
import { CALM, drawWeather, type Weather } from './weather.ts'

/** Something that happens at its time. */
export type Happening =
  | { readonly kind: 'question'; readonly form: ClientForm; readonly client: number }
  | { readonly kind: 'weather'; readonly weather: Weather }
  | { readonly kind: 'kill'; readonly address: string; readonly death: Death }
  | { readonly kind: 'revive'; readonly address: string }
  | { readonly kind: 'publish'; readonly address: string; readonly edition: number }
  | { readonly kind: 'clock'; readonly unixSeconds: number }
  | { readonly kind: 'nta'; readonly name: Name; readonly add: boolean }
  | { readonly kind: 'mode'; readonly mode: ValidationMode }
  | { readonly kind: 'share'; readonly percent: number }
  | { readonly kind: 'flush' }
  /** From now on every answer must be what the catalogue says, or need not be any more. */
  | { readonly kind: 'calm'; readonly calm: boolean }

/** One seed, drawn. */
export interface Plan {
  /** Nothing goes wrong: every answer must be what the catalogue says, at once. */
  readonly calm: boolean
  readonly startSeconds: number
  /** Milliseconds from the start, in order. */
  readonly happenings: readonly { readonly atMs: number; readonly what: Happening }[]
  /** The edition that every server has in the end, and a time at which its signatures hold. */
  readonly finalEdition: number
  readonly finalSeconds: number
  /** How long after the faults all is well again: what was cached under them has run out. */
  readonly patienceMs: number
  readonly source: QuestionSource
  readonly settings: Partial<ResolverSettings>
  readonly cacheOctets: { readonly rrsets: number; readonly answers: number }
  readonly tableEntriesMax: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Back-offs, lameness and failures of all kinds are forgotten after a quarter of an hour. */
export const PATIENCE_MS: number = 16 * MINUTE_MS
/** After a day no forged or outdated record is in the cache any more. */
export const LONG_PATIENCE_MS: number = 25 * 60 * MINUTE_MS
const DAY_SECONDS = 86_400

/** Draws a seed's plan. */
export function drawPlan(random: Random, editions: Editions): Plan {
  const source = new QuestionSource(editions, random)
  const calm = random.below(10) === 0
  const story = random.below(8)
  const expiring = !calm && story === 0
  const rolling = !calm && story === 1
  const spanMs = [200, 3_000, 20_000, 200_000, 4 * HOUR_MS][random.below(5)]!
  const startSeconds = expiring ? ENDING_SECONDS - 90 : SIGNED_SECONDS
  const weather = calm ? CALM : drawWeather(random)
  const draft = new Draft(random, spanMs)
  draft.add(0, { kind: 'weather', weather })
  addQuestions(draft, source)
  if (!calm) addTroubles(draft, editions, source)
  if (expiring) publishAll(draft, editions, EDITION.resigned)
  if (rolling) {
    publishAll(draft, editions, EDITION.rolling)
    publishAll(draft, editions, EDITION.rolled)
  }
  const poisoned = weather.forged + weather.overtaken + weather.corrupted > 0
  const aged = rolling || expiring || weather.outdated > 0
  return {
    calm,
    startSeconds,
    happenings: draft.inOrder(),
    finalEdition: expiring ? EDITION.resigned : rolling ? EDITION.rolled : EDITION.first,
    finalSeconds: expiring ? ENDING_SECONDS : SIGNED_SECONDS,
    patienceMs: poisoned || aged ? LONG_PATIENCE_MS : PATIENCE_MS,
    source,
    settings: drawSettings(random),
    cacheOctets: { rrsets: drawOctets(random), answers: drawOctets(random) },
    tableEntriesMax: random.below(4) === 0 ? 2 + random.below(20) : 200,
  }
}

/** Happenings as they are drawn. */
export class Draft {
  readonly random: Random
  readonly #spanMs: number
  readonly #happenings: { readonly atMs: number; readonly what: Happening }[] = []

  constructor(random: Random, spanMs: number) {
    this.random = random
    this.#spanMs = spanMs
  }

  add(atMs: number, what: Happening): void {
    this.#happenings.push({ atMs, what })
  }

  /** At any time of the span; returns it. */
  sometime(what: Happening): number {
    const atMs = this.random.below(this.#spanMs)
    this.add(atMs, what)
    return atMs
  }

  inOrder(): { readonly atMs: number; readonly what: Happening }[] {
    return this.#happenings.sort((a, b) => a.atMs - b.atMs)
  }
}

/** The lab's records live an hour. */
export const AGAIN_MS: readonly number[] = [0, 1, 40, 3_000, HOUR_MS - 3 * MINUTE_MS, HOUR_MS + MINUTE_MS]

function addQuestions(draft: Draft, source: QuestionSource): void {
  const { random } = draft
  let left = 2 + random.below(14)
  while (left > 0) {
    const form = source.draw()
    const client = random.below(4)
    const atMs = draft.sometime({ kind: 'question', form, client })
    left--
    // The same again: joined, out of the cache, when it has nearly run out, and when it has.
    for (; left > 0 && random.below(3) === 0; left--) {
      draft.add(atMs + AGAIN_MS[random.below(AGAIN_MS.length)]!, {
        kind: 'question',
        form,
        client: random.below(4),
      })
    }
  }
}

function addTroubles(draft: Draft, editions: Editions, source: QuestionSource): void {
  const { random } = draft
  const address = (): string => editions.addresses[random.below(editions.addresses.length)]!
  for (let kills = random.below(3) === 0 ? random.below(30) : 0; kills > 0; kills--) {
    const dead = address()
    const atMs = draft.sometime({
      kind: 'kill',
      address: dead,
      death: random.below(2) === 0 ? 'silent' : 'refused',
    })
    if (random.below(2) === 0) draft.add(atMs + random.below(10_000), { kind: 'revive', address: dead })
  }
  for (let jumps = random.below(5) === 0 ? 1 + random.below(3) : 0; jumps > 0; jumps--) {
    const unixSeconds = SIGNED_SECONDS + (random.below(90) - 40) * DAY_SECONDS
    draft.sometime({ kind: 'clock', unixSeconds })
    if (random.below(2) === 0) draft.sometime({ kind: 'clock', unixSeconds: SIGNED_SECONDS })
  }
  for (let ntas = random.below(5) === 0 ? 1 + random.below(3) : 0; ntas > 0; ntas--) {
    const { name } = source.expectations[random.below(source.expectations.length)]!
    const zone = random.below(3) === 0 ? parentOf(parentOf(nameFrom(name))) : parentOf(nameFrom(name))
    const atMs = draft.sometime({ kind: 'nta', name: zone, add: true })
    if (random.below(2) === 0) draft.add(atMs + random.below(5_000), { kind: 'nta', name: zone, add: false })
  }
  for (let modes = random.below(6) === 0 ? 1 + random.below(4) : 0; modes > 0; modes--) {
    draft.sometime({ kind: 'mode', mode: (['off', 'observe', 'enforce'] as const)[random.below(3)]! })
  }
  if (random.below(4) === 0) draft.sometime({ kind: 'weather', weather: CALM })
}

/** The servers follow one after the other, as secondaries do. */
function publishAll(draft: Draft, editions: Editions, edition: number): void {
  const atMs = draft.sometime({ kind: 'weather', weather: drawWeather(draft.random) })
  for (const address of editions.addresses) {
    draft.add(atMs + draft.random.below(2_000), { kind: 'publish', address, edition })
  }
}

const MINIMISATIONS = ['off', 'relaxed', 'relaxed', 'strict'] as const

/** How the resolver is set. */
export function drawSettings(random: Random): Partial<ResolverSettings> {
  const often = (): boolean => random.below(4) > 0
  const stale = random.below(4) === 0
  return {
    qnameMinimisation: MINIMISATIONS[random.below(MINIMISATIONS.length)]!,
    ipv6: random.below(4) === 0,
    nxdomainCut: often(),
    verifyReferrals: !often(),
    aggressiveDenial: often(),
    prefetch: random.below(3) === 0,
    serveStale: stale
      ? {
          clientTimeoutMs: random.below(2) * 1_800,
          maxSeconds: 86_400,
          ttlSeconds: 30,
          afterBogus: random.below(2) === 0,
        }
      : undefined,
  }
}

/** Small enough that things have to go, now and then. */
function drawOctets(random: Random): number {
  return [16_384, 32_768, 65_536, 262_144][random.below(4)]!
}
