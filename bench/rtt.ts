/** `rtt`: cold names, one at a time, from authorities that are far away: how many round trips a client waits. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, latencyFigures, load, type Setting, withResolvers } from './bench.ts'
import { faultsOf, runStream } from './load/generator.ts'
import { Histogram } from './load/histogram.ts'
import { type Expectation, NOERROR } from './load/query-file.ts'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { spreadOf } from './statistics.ts'
import { inTurns, untilQuiet } from './turns.ts'
import { Authorities, DNS_PORT } from './world/authorities.ts'
import { BEHIND_PORT, DELAY_MS, startFarAuthorities, TLD_ADDRESS } from './world/far-authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, TLD, type ZoneGroup } from './world/zone-group.ts'

/** Names of each kind that are asked before anything is measured: the servers of all zones are known then. */
const WARM_NAMES = 20
/** Each kind is measured twice: of a process that has just begun, and of one that is at work. */
const AGES = ['process just begun', 'process at work'] as const
/** Names between the two, of another kind: as many as warm a process in the other benches. */
const WORK_NAMES = 2_000
const WORK_OUTSTANDING = 64
const TURNS = 5
const NAMES_A_TURN = 20
const NAMES = WARM_NAMES + AGES.length * TURNS * NAMES_A_TURN

/** A name a zone, half of them signed. */
export const RTT_ZONES: ZoneGroup = {
  ...{ stem: 'rtt', namesPerZone: 1, signed: 'half' },
  zones: 2 * NAMES,
}
/** The top-level domain of each is as new as the zone. */
const DEEP_ZONES: ZoneGroup = { stem: 'deep', namesPerZone: 1, signed: 'all', zones: NAMES, ownTld: true }
const WORK_ZONES: ZoneGroup = { stem: 'work', namesPerZone: 1, signed: 'half', zones: WORK_NAMES }

/** How long the round trip is measured before each round of turns: 25 questions. */
const TRIP_SECONDS = 0.5
const TIMEOUT_SECONDS = 10
const SECONDS_MAX = 300
/** Until what a server asked beside the last answer has come to the authorities. */
const SETTLE_MS = 100
const NS_IN_MS = 1e6

const COLUMNS: readonly Column[] = [
  { key: 'trips', title: 'mean RTTs', digits: 2, ratio: true },
  { key: 'median', title: 'median RTTs', digits: 2 },
  { key: 'mean', title: 'mean ms', digits: 1 },
  { key: 'questions', title: 'upstream queries a name', digits: 2 },
]

/** Questions of one kind. */
interface Kind {
  /** One for each age of the process. */
  readonly parts: readonly Part[]
  readonly file: string
}

/**
 * Milliseconds until an authority's reply is here, taken by the generator as it takes a resolver's: the median, which is
 * what a round trip is said to be.
 */
async function roundTripMs(setting: Setting): Promise<number> {
  const asked = { name: TLD, do: true, rcode: NOERROR, ad: false, answers: 0 }
  const file = writeQuestions(setting, 'rtt-trip', [asked])
  const stream: Stream = { name: 'round trip', file, seconds: TRIP_SECONDS, outstanding: 1 }
  const report = await runStream(setting.generator, { address: TLD_ADDRESS, port: DNS_PORT }, stream)
  const [fault] = faultsOf('relay', stream, report)
  if (fault !== undefined) throw new Error(fault)
  return latencyFigures(report).p50
}

function writeKinds(setting: Setting): Kind[] {
  const all = shuffled(expectationsOf(RTT_ZONES, { do: true }))
  const kind = (name: string, title: string, expectations: readonly Expectation[]): Kind => {
    const file = writeQuestions(setting, `rtt-${name}`, expectations)
    const parts = AGES.map((age) => new Part(`${title}, ${DELAY_MS} ms away, ${age}`, COLUMNS))
    return { parts, file }
  }
  return [
    kind(
      'signed',
      'signed zones',
      all.filter(({ ad }) => ad),
    ),
    kind(
      'unsigned',
      'unsigned zones',
      all.filter(({ ad }) => !ad),
    ),
    kind('deep', 'signed zones of new TLDs', shuffled(expectationsOf(DEEP_ZONES, { do: true }))),
  ]
}

async function runRtt(setting: Setting): Promise<BenchResult> {
  const files = zoneFilesOf([RTT_ZONES, DEEP_ZONES, WORK_ZONES], setting.say)
  const kinds = writeKinds(setting)
  const workFile = writeQuestions(setting, 'rtt-work', shuffled(expectationsOf(WORK_ZONES, { do: true })))
  const faults: string[] = []
  const trips: number[] = []
  const running: { stop(): Promise<unknown> }[] = []

  const ask = async (resolver: Resolver, names: Pick<Stream, 'file' | 'first' | 'count' | 'outstanding'>) => {
    const stream: Stream = { name: 'cold names', once: true, ...names }
    const run = await load(setting, resolver, [{ ...stream, seconds: SECONDS_MAX, timeout: TIMEOUT_SECONDS }])
    faults.push(...run.faults)
    return Histogram.of(run.streams[0]!.latency)
  }

  try {
    const { folder, cores, contenders, threads } = setting
    const authorities = await Authorities.start(files, { folder, cores: cores.load, port: BEHIND_PORT })
    running.push(authorities)
    running.push(await startFarAuthorities(setting))
    const measureKind = async (resolvers: readonly Resolver[], kind: Kind, age: number): Promise<void> => {
      const part = kind.parts[age]!
      setting.say(part.title)
      let tripMs = Number.NaN
      let measured = -1
      await inTurns(resolvers, TURNS, async (resolver, turn) => {
        if (turn !== measured) {
          measured = turn
          tripMs = await roundTripMs(setting)
          trips.push(tripMs)
        }
        const before = await authorities.questions()
        const first = WARM_NAMES + (age * TURNS + turn) * NAMES_A_TURN
        const latency = await ask(resolver, { file: kind.file, first, count: NAMES_A_TURN, outstanding: 1 })
        const mean = latency.mean() / NS_IN_MS
        await sleep(SETTLE_MS)
        part.add(resolver.contender.peer.title, {
          trips: mean / tripMs,
          median: latency.quantile(0.5) / NS_IN_MS / tripMs,
          mean,
          questions: ((await authorities.questions()) - before) / NAMES_A_TURN,
        })
      })
    }
    const measure = async (resolvers: readonly Resolver[]): Promise<void> => {
      for (const resolver of resolvers) {
        for (const { file } of kinds) await ask(resolver, { file, count: WARM_NAMES, outstanding: 1 })
      }
      for (const age of AGES.keys()) {
        if (age > 0)
          for (const resolver of resolvers) {
            await ask(resolver, { file: workFile, outstanding: WORK_OUTSTANDING })
            await untilQuiet(resolver)
          }
        for (const kind of kinds) await measureKind(resolvers, kind, age)
      }
    }
    for (let round = 0; round < setting.rounds; round++) {
      setting.say(`round ${round + 1} of ${setting.rounds}`)
      await withResolvers(contenders, { folder, files, cores: cores.servers, threads }, measure)
    }
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
  const { median, least, most } = spreadOf(trips)
  const span = `${least.toFixed(1)}-${most.toFixed(1)}`
  const notes = [
    `a round trip: ${median.toFixed(1)} ms (${span}), measured at the relay before each round of turns`,
  ]
  return {
    bench: 'rtt',
    parts: AGES.flatMap((_, age) => kinds.map(({ parts }) => parts[age]!)),
    notes,
    faults,
  }
}

export const RTT: Bench = {
  name: 'rtt',
  summary: `cold names, one at a time, ${DELAY_MS} ms from every authority: round trips until the answer`,
  run: runRtt,
}
