/** `flood`: what ordinary clients notice while others ask for random names of dead zones and for names that do not validate. */
import {
  type Bench,
  latencyFigures,
  load,
  placeNotes,
  placesOf,
  type Setting,
  servedShare,
  withResolver,
} from './bench.ts'
import { liesOf } from './load/generator.ts'
import type { Stream, StreamReport } from './load/stream.ts'
import { ownFigures } from './peers/own-figures.ts'
import type { Resolver } from './peers/resolver.ts'
import { MIB } from './process-figures.ts'
import { fill, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { SILENT_HOSTS, SilentServers } from './world/silent-servers.ts'
import { type ZoneFiles, zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, freshExpectations, type ZoneGroup } from './world/zone-group.ts'

const BENIGN_A_SECOND = 500
/** Names that exist, each asked for once: they fill the cache. */
const FRESH_A_SECOND = 1_500
/** Of each of the two kinds. */
const HOSTILE_A_SECOND = 2_500
const SECONDS_USUAL = 5
const WARM_SECONDS = 1
const WARM_NAMES = 1_000
/** The same flood for other names, before anything is measured: a process that has just started is not what serves clients. */
const REHEARSAL_SECONDS = 4
const TIMEOUT_SECONDS = 2
const BENIGN_SOCKETS = 8
const FRESH_SOCKETS = 8
const HOSTILE_SOCKETS = 16
/** Clients are told apart by their addresses; cached names are asked for from another one. */
const SOURCES = { fresh: '127.0.0.2', dead: '127.0.0.3', bogus: '127.0.0.4' } as const
/** Both caches of Sigill together have a hundred, which others have in one piece or by names. */
const CACHE_MIB = 50
const CACHE_NAMES = 100_000

/** Cached and asked for again and again. */
const BENIGN: ZoneGroup = { stem: 'benign', zones: 10, namesPerZone: 100, signed: 'half' }
/** Names here have to be resolved, each once. */
const FRESH: ZoneGroup = {
  ...{ stem: 'newcomer', zones: 10, namesPerZone: 1, signed: 'none', authority: 'others' },
  wildcard: true,
}
/** Nobody answers for these, so nothing of them is right. */
const DEAD: ZoneGroup = {
  ...{ stem: 'dead', zones: 2, namesPerZone: 1, signed: 'none', hosts: SILENT_HOSTS },
  bogus: true,
}
/** Nothing here validates. */
const BOGUS: ZoneGroup = {
  ...{ stem: 'bogus', zones: 10, namesPerZone: 1, signed: 'all', authority: 'victims' },
  wildcard: true,
  bogus: true,
}

const COLUMNS: readonly Column[] = [
  { key: 'quiet', title: 'p99 ms, quiet', digits: 2 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2, ratio: true },
  { key: 'served', title: 'served', digits: 4 },
  { key: 'hits', title: 'hit share', digits: 4 },
  { key: 'entered', title: 'fresh names that entered/s', digits: 0 },
  { key: 'fresh', title: 'served/s', digits: 0 },
  { key: 'freshP99', title: 'their p99 ms', digits: 2 },
  { key: 'dead', title: 'dead names told/s', digits: 0 },
  { key: 'bogus', title: 'bogus names told/s', digits: 0 },
  { key: 'full', title: 'answer cache full', digits: 2 },
]

/** What is asked. */
interface Work {
  readonly files: ZoneFiles
  readonly benignFile: string
  readonly warmFile: string
  readonly benign: Stream
  readonly rehearsal: readonly Stream[]
  /** Fresh, dead and bogus names. */
  readonly flood: readonly Stream[]
}

function prepare(setting: Setting): Work {
  const seconds = setting.seconds ?? SECONDS_USUAL
  const files = zoneFilesOf([BENIGN, FRESH, DEAD, BOGUS], setting.say)
  const benignFile = writeQuestions(setting, 'benign', shuffled(expectationsOf(BENIGN, { do: false })))
  return {
    files,
    benignFile,
    warmFile: writeQuestions(setting, 'warm', freshExpectations(FRESH, WARM_NAMES, 'w', false)),
    benign: {
      ...{ name: 'benign', file: benignFile, rate: BENIGN_A_SECOND, sockets: BENIGN_SOCKETS },
      ...{ warm: WARM_SECONDS, seconds, timeout: TIMEOUT_SECONDS },
    },
    rehearsal: floodOf(setting, 'r', REHEARSAL_SECONDS),
    flood: floodOf(setting, 'x', seconds),
  }
}

/** @param tag begins the names, so that no two floods have one in common */
function floodOf(setting: Setting, tag: string, seconds: number): Stream[] {
  const once = (name: keyof typeof SOURCES, group: ZoneGroup, rate: number, sockets: number): Stream => {
    const names = freshExpectations(group, Math.ceil(seconds + WARM_SECONDS) * rate, tag, false)
    return {
      name,
      source: SOURCES[name],
      file: writeQuestions(setting, `${name}-${tag}`, names),
      ...{ rate, sockets, warm: WARM_SECONDS, seconds, timeout: TIMEOUT_SECONDS },
    }
  }
  return [
    once('fresh', FRESH, FRESH_A_SECOND, FRESH_SOCKETS),
    once('dead', DEAD, HOSTILE_A_SECOND, HOSTILE_SOCKETS),
    once('bogus', BOGUS, HOSTILE_A_SECOND, HOSTILE_SOCKETS),
  ]
}

/** Measures one server in one round. Returns what was wrong. */
async function measure(
  setting: Setting,
  resolver: Resolver,
  work: Work,
  authorities: Authorities,
  part: Part,
): Promise<string[]> {
  const faults = [...(await fill(setting, resolver, work.benignFile))]
  faults.push(...(await fill(setting, resolver, work.warmFile)))
  const quiet = await load(setting, resolver, [work.benign])
  // Under a flood silence and SERVFAIL are figures; a lie is a fault.
  faults.push(...(await load(setting, resolver, work.rehearsal, liesOf)).faults)
  const counts = (): Promise<number[]> =>
    Promise.all([authorities.questions(['zones']), authorities.questions(['others'])])
  const [benignAsked, freshAsked] = (await counts()) as [number, number]
  const flooded = await load(setting, resolver, [work.benign, ...work.flood], liesOf)
  const [benignAskedNow, freshAskedNow] = (await counts()) as [number, number]
  const [benign, fresh, dead, bogus] = flooded.streams as [
    StreamReport,
    StreamReport,
    StreamReport,
    StreamReport,
  ]
  const aSecond = ({ answered, wrong, seconds }: StreamReport): number =>
    (answered - wrong) / (seconds + WARM_SECONDS)
  part.add(resolver.contender.peer.title, {
    quiet: latencyFigures(quiet.streams[0]!).p99,
    ...latencyFigures(benign),
    served: servedShare(benign),
    hits: Math.max(0, 1 - (benignAskedNow - benignAsked) / benign.answered),
    // Each of them is asked of its zone once; where its reply would be one too many it is in the cache all the same.
    entered: (freshAskedNow - freshAsked) / (fresh.seconds + WARM_SECONDS),
    fresh: aSecond(fresh),
    freshP99: latencyFigures(fresh).p99,
    dead: aSecond(dead),
    bogus: aSecond(bogus),
    full: ((await ownFigures(resolver))?.answerOctets ?? Number.NaN) / (CACHE_MIB * MIB),
  })
  return [...faults, ...quiet.faults, ...flooded.faults]
}

async function runFlood(setting: Setting): Promise<BenchResult> {
  const work = prepare(setting)
  const plans = placesOf(setting).map((place) => ({
    ...place,
    part: new Part(
      `beside ${HOSTILE_A_SECOND} dead and ${HOSTILE_A_SECOND} bogus names/s, ${place.title}`,
      COLUMNS,
    ),
  }))
  const { folder } = setting
  const faults: string[] = []
  const silent = await SilentServers.open()
  const authorities = await Authorities.start(work.files, { folder, cores: setting.cores.load })
  const caches = { cacheMib: CACHE_MIB, cacheNames: CACHE_NAMES }
  try {
    for (let round = 0; round < setting.rounds; round++) {
      for (const { threads, cores, title, part } of plans) {
        for (const contender of setting.contenders) {
          setting.say(`round ${round + 1} of ${setting.rounds}: ${contender.peer.title}, ${title}`)
          const options = { folder, files: work.files, cores: cores.servers, threads, ...caches }
          const use = (resolver: Resolver) => measure(setting, resolver, work, authorities, part)
          faults.push(...(await withResolver(contender, options, use)))
        }
      }
    }
  } finally {
    await authorities.stop()
    silent.close()
  }
  const notes = [`caches: twice ${CACHE_MIB} MiB, or ${CACHE_NAMES} names`, ...placeNotes(plans)]
  return { bench: 'flood', parts: plans.map(({ part }) => part), notes, faults }
}

export const FLOOD: Bench = {
  name: 'flood',
  summary:
    '1,000 cached names, 500/s, while 1,500 fresh names/s enter the cache, and 5,000/s of dead and bogus zones are asked for',
  run: runFlood,
}
