/** `flood`: what ordinary clients notice while others ask for random names of a few zones ("water torture"). */
import {
  type Bench,
  latencyFigures,
  load,
  placeNotes,
  placesOf,
  type Setting,
  withResolver,
} from './bench.ts'
import { liesOf } from './load/generator.ts'
import type { Stream, StreamReport } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { fill, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { type ZoneFiles, zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, freshExpectations, type ZoneGroup } from './world/zone-group.ts'

const BENIGN_A_SECOND = 1_000
const NEW_A_SECOND = 50
/** More than one core resolves. */
const HOSTILE_A_SECOND = 5_000
const SECONDS_USUAL = 5
const WARM_SECONDS = 1
const WARM_NAMES = 1_000
const TIMEOUT_SECONDS = 2
const BENIGN_SOCKETS = 8
const NEW_SOCKETS = 4
const HOSTILE_SOCKETS = 16
/** Little, so that what hostile names leave behind has to push something out. */
const CACHE_MIB = 4
const CACHE_NAMES = 10_000

/** Cached and asked for again and again. */
const BENIGN: ZoneGroup = { stem: 'benign', zones: 10, namesPerZone: 100, signed: 'half' }
/** Names here have to be resolved, each once. */
const NEWCOMERS: ZoneGroup = {
  ...{ stem: 'newcomer', zones: 10, namesPerZone: 1, signed: 'none', authority: 'others' },
  wildcard: true,
}
/** Unsigned: nothing proves that a name does not exist, so each one costs a question. */
const VICTIMS: ZoneGroup = {
  ...{ stem: 'victim', zones: 10, namesPerZone: 1, signed: 'none', authority: 'victims' },
}

const COLUMNS: readonly Column[] = [
  { key: 'quiet', title: 'p99 ms, quiet', digits: 2 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2, ratio: true },
  { key: 'served', title: 'served', digits: 4 },
  { key: 'hits', title: 'hit share', digits: 4 },
  { key: 'newServed', title: 'new names: served', digits: 4 },
  { key: 'newP99', title: 'their p99 ms', digits: 2 },
  { key: 'hostile', title: 'hostile names resolved/s', digits: 0 },
]

/** What is asked. */
interface Work {
  readonly files: ZoneFiles
  readonly benignFile: string
  readonly warmFile: string
  readonly benign: Stream
  readonly newcomers: Stream
  readonly hostile: Stream
}

function prepare(setting: Setting): Work {
  const seconds = setting.seconds ?? SECONDS_USUAL
  const all = Math.ceil(seconds + WARM_SECONDS)
  const files = zoneFilesOf([BENIGN, NEWCOMERS, VICTIMS], setting.say)
  const benignFile = writeQuestions(setting, 'benign', shuffled(expectationsOf(BENIGN, { do: false })))
  const newcomers = writeQuestions(
    setting,
    'new',
    freshExpectations(NEWCOMERS, all * NEW_A_SECOND, 'x', false),
  )
  const hostile = writeQuestions(
    setting,
    'hostile',
    freshExpectations(VICTIMS, all * HOSTILE_A_SECOND, 'x', false),
  )
  const measured = { warm: WARM_SECONDS, seconds, timeout: TIMEOUT_SECONDS }
  return {
    files,
    benignFile,
    warmFile: writeQuestions(setting, 'warm', freshExpectations(NEWCOMERS, WARM_NAMES, 'w', false)),
    benign: {
      ...{ name: 'benign', file: benignFile, rate: BENIGN_A_SECOND, sockets: BENIGN_SOCKETS },
      ...measured,
    },
    newcomers: { name: 'new', file: newcomers, rate: NEW_A_SECOND, sockets: NEW_SOCKETS, ...measured },
    hostile: {
      ...{ name: 'hostile', file: hostile, rate: HOSTILE_A_SECOND, sockets: HOSTILE_SOCKETS },
      ...measured,
    },
  }
}

/** The share of questions that got the right answer in time. */
function servedShare({ answered, wrong, sent, unsent }: StreamReport): number {
  return (answered - wrong) / (sent + unsent)
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
  const asked = await authorities.questions(['zones'])
  const streams = [work.benign, work.newcomers, work.hostile]
  // Under a flood silence and SERVFAIL are figures; a lie is a fault.
  const flooded = await load(setting, resolver, streams, liesOf)
  const missed = (await authorities.questions(['zones'])) - asked
  const [benign, newcomers, hostile] = flooded.streams as [StreamReport, StreamReport, StreamReport]
  part.add(resolver.contender.peer.title, {
    quiet: latencyFigures(quiet.streams[0]!).p99,
    ...latencyFigures(benign),
    served: servedShare(benign),
    hits: Math.max(0, 1 - missed / benign.answered),
    newServed: servedShare(newcomers),
    newP99: latencyFigures(newcomers).p99,
    hostile: (servedShare(hostile) * hostile.sent) / (hostile.seconds + WARM_SECONDS),
  })
  return [...faults, ...quiet.faults, ...flooded.faults]
}

async function runFlood(setting: Setting): Promise<BenchResult> {
  const work = prepare(setting)
  const plans = placesOf(setting).map((place) => ({
    ...place,
    part: new Part(`beside ${HOSTILE_A_SECOND} hostile names/s, ${place.title}`, COLUMNS),
  }))
  const { folder } = setting
  const faults: string[] = []
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
  }
  const notes = [`caches: twice ${CACHE_MIB} MiB, or ${CACHE_NAMES} names`, ...placeNotes(plans)]
  return { bench: 'flood', parts: plans.map(({ part }) => part), notes, faults }
}

export const FLOOD: Bench = {
  name: 'flood',
  summary: '1,000 benign names/s while random names of a few zones are asked for, 5,000/s',
  run: runFlood,
}
