/** `cold`: names that nobody has asked for before, each in a zone of its own: what a resolution costs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, load, type Setting, withResolvers } from './bench.ts'
import type { Expectation } from './load/query-file.ts'
import type { Resolver } from './peers/resolver.ts'
import { shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { inTurns } from './turns.ts'
import { Authorities } from './world/authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, type ZoneGroup } from './world/zone-group.ts'

/** A name in each of 4,000 zones, half of them signed. */
export const COLD_ZONES: ZoneGroup = { stem: 'cold', zones: 4_000, namesPerZone: 1, signed: 'half' }

/** Reported apart: what a server costs that has just started. */
const FIRST_NAMES = 500
/** From here on a server is warm, and is measured. */
const WARM_NAMES = 2_000
/** Keeps a server busy while its questions are on their way, and is far from anything that it would refuse or drop. */
const OUTSTANDING = 16
const TIMEOUT_SECONDS = 10
const SECONDS_MAX = 300
/** Servers take turns after so many names. */
export const TURN_NAMES = 250
/** What a server still does after its last reply belongs to the names that were asked for. */
const SETTLE_MS = 300
const US_IN_SECOND = 1e6

const COLUMNS: readonly Column[] = [
  { key: 'cost', title: 'processor µs a name', digits: 0, ratio: true },
  { key: 'questions', title: 'upstream queries a name', digits: 2, ratio: true },
  { key: 'rate', title: 'names/s', digits: 0 },
]

/** A stretch of the file of questions. */
interface Slice {
  readonly name: string
  readonly first: number
  readonly count: number
}

/** What some names cost. */
interface Cost {
  readonly names: number
  readonly processorSeconds: number
  readonly questions: number
  readonly seconds: number
}

interface Parts {
  readonly first: Part
  readonly all: Part
  readonly signed: Part
  readonly unsigned: Part
}

/**
 * Every name once: those of the start mixed, as they come; of those that are measured first the signed ones, then the
 * others, so that each kind can be counted apart.
 */
export function coldOrder(): { readonly expectations: readonly Expectation[]; readonly signedCount: number } {
  const all = shuffled(expectationsOf(COLD_ZONES, { do: true }))
  const measured = all.slice(WARM_NAMES)
  const signed = measured.filter(({ ad }) => ad)
  const unsigned = measured.filter(({ ad }) => !ad)
  return {
    expectations: [...all.slice(0, WARM_NAMES), ...signed, ...unsigned],
    signedCount: signed.length,
  }
}

/** The slices in the order in which they are asked. */
function slicesOf(signedCount: number): Record<'first' | 'warm' | 'signed' | 'unsigned', Slice> {
  const unsignedFrom = WARM_NAMES + signedCount
  return {
    first: { name: 'first names', first: 0, count: FIRST_NAMES },
    warm: { name: 'warming', first: FIRST_NAMES, count: WARM_NAMES - FIRST_NAMES },
    signed: { name: 'signed names', first: WARM_NAMES, count: signedCount },
    unsigned: { name: 'unsigned names', first: unsignedFrom, count: COLD_ZONES.zones - unsignedFrom },
  }
}

/** A slice as it is asked for: so many names at a time. */
export function turnsOf({ name, first, count }: Slice): Slice[] {
  return Array.from({ length: Math.ceil(count / TURN_NAMES) }, (_, turn) => {
    const from = turn * TURN_NAMES
    return { name, first: first + from, count: Math.min(TURN_NAMES, count - from) }
  })
}

function figuresOf(costs: readonly Cost[]): Record<string, number> {
  const sum = (key: keyof Cost): number => costs.reduce((total, cost) => total + cost[key], 0)
  return {
    cost: (sum('processorSeconds') / sum('names')) * US_IN_SECOND,
    questions: sum('questions') / sum('names'),
    rate: sum('names') / sum('seconds'),
  }
}

async function runCold(setting: Setting): Promise<BenchResult> {
  const files = zoneFilesOf([COLD_ZONES], setting.say)
  const { expectations, signedCount } = coldOrder()
  const slices = slicesOf(signedCount)
  const file = writeQuestions(setting, 'cold', expectations)
  const faults: string[] = []
  const parts: Parts = {
    first: new Part(`the first ${FIRST_NAMES} names of a process`, COLUMNS),
    all: new Part(`${COLD_ZONES.zones - WARM_NAMES} names, after ${WARM_NAMES}`, COLUMNS),
    signed: new Part('of these, the signed ones', COLUMNS),
    unsigned: new Part('of these, the unsigned ones', COLUMNS),
  }
  const authorities = await Authorities.start(files, { folder: setting.folder, cores: setting.cores.load })

  const costOf = async (resolver: Resolver, { name, first, count }: Slice): Promise<Cost> => {
    const before = { seconds: resolver.processorSeconds(), questions: await authorities.questions() }
    const stream = { name, file, once: true, first, count, outstanding: OUTSTANDING }
    const limits = { seconds: SECONDS_MAX, timeout: TIMEOUT_SECONDS }
    const run = await load(setting, resolver, [{ ...stream, ...limits }])
    await sleep(SETTLE_MS)
    faults.push(...run.faults)
    return {
      names: count,
      processorSeconds: resolver.processorSeconds() - before.seconds,
      questions: (await authorities.questions()) - before.questions,
      seconds: run.streams[0]!.seconds,
    }
  }

  /** Asks all of them for a slice, in turns. */
  const costsOf = async (resolvers: readonly Resolver[], slice: Slice): Promise<Map<Resolver, Cost[]>> => {
    const costs = new Map(resolvers.map((resolver) => [resolver, [] as Cost[]]))
    const pieces = turnsOf(slice)
    await inTurns(resolvers, pieces.length, async (resolver, turn) => {
      costs.get(resolver)!.push(await costOf(resolver, pieces[turn]!))
    })
    return costs
  }

  const measure = async (resolvers: readonly Resolver[]): Promise<void> => {
    const first = await costsOf(resolvers, slices.first)
    await costsOf(resolvers, slices.warm)
    const signed = await costsOf(resolvers, slices.signed)
    const unsigned = await costsOf(resolvers, slices.unsigned)
    for (const resolver of resolvers) {
      const { title } = resolver.contender.peer
      const [ofSigned, ofUnsigned] = [signed.get(resolver)!, unsigned.get(resolver)!]
      parts.first.add(title, figuresOf(first.get(resolver)!))
      parts.all.add(title, figuresOf([...ofSigned, ...ofUnsigned]))
      parts.signed.add(title, figuresOf(ofSigned))
      parts.unsigned.add(title, figuresOf(ofUnsigned))
    }
  }

  try {
    for (let round = 0; round < setting.rounds; round++) {
      setting.say(`round ${round + 1} of ${setting.rounds}`)
      // Other processes each time: what is in a cache is not cold.
      const { folder, threads, contenders } = setting
      await withResolvers(contenders, { folder, files, threads, cores: setting.cores.servers }, measure)
    }
  } finally {
    await authorities.stop()
  }
  return { bench: 'cold', parts: Object.values(parts), notes: [], faults }
}

export const COLD: Bench = {
  name: 'cold',
  summary: '4,000 names in 4,000 zones that nobody has asked for before: what a resolution costs',
  run: runCold,
}
