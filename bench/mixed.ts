/** `mixed`: what cached names wait while others have to be resolved. */
import {
  type Bench,
  judgeHits,
  latencyFigures,
  load,
  type Place,
  placeNotes,
  placesOf,
  type Setting,
  withResolvers,
} from './bench.ts'
import type { Stream, StreamReport } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { fillAll, HIT_ZONES, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { spreadOf } from './statistics.ts'
import { inTurns, Stretches, untilQuiet } from './turns.ts'
import { Authorities } from './world/authorities.ts'
import { type ZoneFiles, zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, freshExpectations, type ZoneGroup } from './world/zone-group.ts'

const HITS_A_SECOND = 5_000
const COLD_A_SECOND = 500
/** Of a turn, and how many turns a server has for each kind of work. */
const SECONDS_USUAL = 1.5
const WARM_SECONDS = 0.5
const TURNS = 3
/** Cold names before anything is measured: a process that has just started is not what serves clients. */
const WARM_NAMES = 2_000
/** More than any server resolves, so that a saturated one never runs out of them. */
const STORM_A_SECOND = 10_000
/** Of cold names, and as many of bogus ones. */
const STORM_OUTSTANDING = 256
const STORM_ZONES = 50
const HIT_TIMEOUT_SECONDS = 2
const COLD_TIMEOUT_SECONDS = 5
/** An average client asks from a port of its own; so many are enough to reach all threads of a server. */
const HIT_SOCKETS = 16
const COLD_SOCKETS = 16

const LATENCY: readonly Column[] = [
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2, ratio: true },
  { key: 'p999', title: 'p99.9 ms', digits: 2 },
  { key: 'lost', title: 'hits lost', digits: 0 },
]
const BESIDE: readonly Column[] = [
  ...LATENCY,
  { key: 'growth', title: 'p99 / idle p99', digits: 2 },
  { key: 'cold', title: 'others answered/s', digits: 0 },
  { key: 'failed', title: 'others SERVFAIL or lost/s', digits: 0 },
]

/** Every name has to be asked for. In a signed zone with a wildcard one answer would prove the next (RFC 8198). */
const STORM: ZoneGroup = {
  stem: 'storm',
  zones: STORM_ZONES,
  namesPerZone: 1,
  signed: 'none',
  wildcard: true,
}
const BOGUS: ZoneGroup = { ...STORM, stem: 'bogus', signed: 'all', bogus: true }

/** The same work in one place. */
interface Plan extends Place {
  readonly idle: Part
  readonly beside: Part
  readonly saturated: Part
}

/** What is asked. */
interface Work {
  readonly files: ZoneFiles
  readonly warmFile: string
  readonly hitFile: string
  readonly hits: Stream
  /** In each turn names that were not asked for in any before. */
  cold(turn: number): Stream
  storm(turn: number): readonly Stream[]
}

function planFor(place: Place): Plan {
  return {
    ...place,
    idle: new Part(`idle, ${place.title}`, LATENCY),
    beside: new Part(`beside ${COLD_A_SECOND} cold names/s, ${place.title}`, BESIDE),
    saturated: new Part(`saturated by cold and bogus names, ${place.title}`, BESIDE),
  }
}

function prepare(setting: Setting): Work {
  const seconds = setting.seconds ?? SECONDS_USUAL
  const coldStretches = new Stretches(COLD_A_SECOND, WARM_SECONDS + seconds)
  const stormStretches = new Stretches(STORM_A_SECOND, WARM_SECONDS + seconds)
  const zones = WARM_NAMES + coldStretches.questions(TURNS)
  const coldZones: ZoneGroup = { stem: 'cold', zones, namesPerZone: 1, signed: 'half' }
  const files = zoneFilesOf([HIT_ZONES, coldZones, STORM, BOGUS], setting.say)
  const cold = expectationsOf(coldZones, { do: true })
  const hitFile = writeQuestions(setting, 'hits', shuffled(expectationsOf(HIT_ZONES, { do: false })))
  const measured = { warm: WARM_SECONDS, seconds }
  const slow = { once: true, timeout: COLD_TIMEOUT_SECONDS, sockets: COLD_SOCKETS, ...measured }
  const coldFile = writeQuestions(setting, 'cold', cold.slice(WARM_NAMES))
  const stormFiles = [STORM, BOGUS].map((group) => {
    const fresh = freshExpectations(group, stormStretches.questions(TURNS), 'x', true)
    return { name: group.stem, file: writeQuestions(setting, group.stem, fresh) }
  })
  return {
    files,
    hitFile,
    warmFile: writeQuestions(setting, 'warm', cold.slice(0, WARM_NAMES)),
    hits: {
      ...{ name: 'hits', file: hitFile, rate: HITS_A_SECOND },
      ...{ sockets: HIT_SOCKETS, timeout: HIT_TIMEOUT_SECONDS, ...measured },
    },
    cold: (turn) => ({
      ...{ name: 'cold', file: coldFile, rate: COLD_A_SECOND },
      ...{ ...slow, ...coldStretches.nth(turn) },
    }),
    storm: (turn) =>
      stormFiles.map((names) => {
        return { ...names, outstanding: STORM_OUTSTANDING, ...slow, ...stormStretches.nth(turn) }
      }),
  }
}

function figuresOf(hits: StreamReport, others: readonly StreamReport[]): Record<string, number> {
  const sum = (count: (report: StreamReport) => number): number =>
    others.reduce((total, report) => total + count(report) / report.seconds, 0)
  return {
    ...latencyFigures(hits),
    lost: hits.lost + hits.unsent + hits.failed,
    cold: sum(({ measured }) => measured),
    failed: sum(({ lost, failed, unsent }) => lost + failed + unsent),
  }
}

/** Measures all servers in turns, one kind of work after the other. Returns what was wrong. */
async function measure(
  setting: Setting,
  resolvers: readonly Resolver[],
  plan: Plan,
  work: Work,
): Promise<string[]> {
  const faults = [...(await fillAll(setting, resolvers, [work.hitFile, work.warmFile]))]
  const run = async (part: Part, othersOf: (turn: number) => readonly Stream[]): Promise<void> => {
    setting.say(part.title)
    await inTurns(resolvers, TURNS, async (resolver, turn) => {
      const { title } = resolver.contender.peer
      const streams = [work.hits, ...othersOf(turn)]
      const report = await load(setting, resolver, streams, judgeHits)
      const figures = figuresOf(report.streams[0]!, report.streams.slice(1))
      const idleP99 = spreadOf(plan.idle.figures(title, 'p99').slice(-TURNS)).median
      part.add(title, { ...figures, growth: figures.p99! / idleP99 })
      faults.push(...report.faults)
      await untilQuiet(resolver)
    })
  }
  await run(plan.idle, () => [])
  await run(plan.beside, (turn) => [work.cold(turn)])
  await run(plan.saturated, (turn) => work.storm(turn))
  return faults
}

async function runMixed(setting: Setting): Promise<BenchResult> {
  const work = prepare(setting)
  const plans = placesOf(setting).map(planFor)
  const { folder, contenders } = setting
  const faults: string[] = []
  const authorities = await Authorities.start(work.files, { folder, cores: setting.cores.load })
  try {
    for (let round = 0; round < setting.rounds; round++) {
      for (const plan of plans) {
        setting.say(`round ${round + 1} of ${setting.rounds}`)
        const options = { folder, files: work.files, cores: plan.cores.servers, threads: plan.threads }
        const use = (resolvers: readonly Resolver[]) => measure(setting, resolvers, plan, work)
        faults.push(...(await withResolvers(contenders, options, use)))
      }
    }
  } finally {
    await authorities.stop()
  }
  return {
    bench: 'mixed',
    parts: plans.flatMap(({ idle, beside, saturated }) => [idle, beside, saturated]),
    notes: placeNotes(plans),
    faults,
  }
}

export const MIXED: Bench = {
  name: 'mixed',
  summary:
    '5,000 hits/s beside 500 cold names/s, and beside as many cold and bogus names as the server takes',
  run: runMixed,
}
