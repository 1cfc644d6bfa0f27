/** `hits`: names that every server has in its cache, as fast as it answers them. */
import { type Bench, judgeHits, latencyFigures, load, type Setting, withResolvers } from './bench.ts'
import { compile } from './compile.ts'
import { pinned } from './cores.ts'
import { faultsOf, runStream } from './load/generator.ts'
import type { Expectation } from './load/query-file.ts'
import type { Stream } from './load/stream.ts'
import type { Resolver } from './peers/resolver.ts'
import { probe } from './probe.ts'
import { ServerProcess } from './processes.ts'
import { fillAll, HIT_ZONES, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, type ZoneGroup } from './world/zone-group.ts'

const NAMES_USUAL = HIT_ZONES.zones * HIT_ZONES.namesPerZone
const SECONDS_USUAL = 3
const WARM_SECONDS_MAX = 1
/**
 * Enough to keep a server busy, few enough that none of them drops any: Knot Resolver has the system's usual receive
 * buffer and no setting for it. 212,992 octets hold 256 datagrams, of which the kernel gives space back in quarters.
 */
const OUTSTANDING = 128
const SOCKETS = 8
const TIMEOUT_SECONDS = 2
const FLOOR = 'C echo'
const ECHO_ADDRESS = '127.53.2.1'
const ECHO_PORT = 5300

const COLUMNS: readonly Column[] = [
  { key: 'rate', title: 'answers/s', digits: 0, ratio: true },
  { key: 'coreRate', title: 'answers/s of its processor time', digits: 0, ratio: true },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'p999', title: 'p99.9 ms', digits: 2 },
  { key: 'busy', title: 'server busy', digits: 2 },
  { key: 'generatorBusy', title: 'generator busy', digits: 2 },
]
const COLUMNS_AT_A_RATE: readonly Column[] = [...COLUMNS, { key: 'lost', title: 'lost', digits: 0 }]

/** A short measurement is warmed up no longer than it takes. */
function timesOf({ seconds = SECONDS_USUAL }: Setting): { seconds: number; warm: number } {
  return { seconds, warm: Math.min(seconds, WARM_SECONDS_MAX) }
}

/** As many at once as are answered, or so many a second: what a server gains by taking several together shows only in the first. */
function paceOf({ rate }: Setting): Pick<Stream, 'rate' | 'outstanding'> {
  return rate === undefined ? { outstanding: OUTSTANDING } : { rate }
}

function inWords(count: number): string {
  return count.toLocaleString('en')
}

interface Variant {
  readonly part: Part
  readonly file: string
  /** For the floor: the same questions, any reply. */
  readonly floorFile: string
}

function writeVariant(
  setting: Setting,
  name: string,
  title: string,
  expectations: readonly Expectation[],
): Variant {
  const { rate } = setting
  const order = shuffled(expectations)
  const anyReply = order.map((one) => ({ name: one.name, do: one.do }))
  return {
    part:
      rate === undefined
        ? new Part(title, COLUMNS)
        : new Part(`${title}, ${inWords(rate)} asked a second`, COLUMNS_AT_A_RATE),
    file: writeQuestions(setting, name, order),
    floorFile: writeQuestions(setting, `${name}-floor`, anyReply),
  }
}

function writeVariants(setting: Setting, group: ZoneGroup): Variant[] {
  const all = expectationsOf(group, { do: false })
  const signed = expectationsOf(group, { do: true }).filter(({ ad }) => ad)
  return [
    writeVariant(setting, 'plain', `${inWords(all.length)} names, no DO`, all),
    writeVariant(setting, 'signed', `${inWords(signed.length)} signed names, DO`, signed),
  ]
}

/** Measures one server once. */
async function measure(setting: Setting, resolver: Resolver, variant: Variant): Promise<readonly string[]> {
  const stream: Stream = {
    ...{
      name: 'hits',
      file: variant.file,
      sockets: SOCKETS,
      timeout: TIMEOUT_SECONDS,
    },
    ...paceOf(setting),
    ...timesOf(setting),
  }
  // Who is asked at a rate may be too slow for it: that is a figure of a peer.
  const run = await load(setting, resolver, [stream], setting.rate === undefined ? faultsOf : judgeHits)
  const report = run.streams[0]!
  variant.part.add(resolver.contender.peer.title, {
    rate: report.measured / report.seconds,
    coreRate: report.answered / run.serverSeconds,
    ...latencyFigures(report),
    busy: run.serverSeconds / run.seconds,
    generatorBusy: run.processorSeconds / run.seconds,
    lost: report.lost + report.unsent + report.failed,
  })
  return run.faults
}

async function measureFloor(setting: Setting, echo: ServerProcess, variant: Variant): Promise<void> {
  const server = { address: ECHO_ADDRESS, port: ECHO_PORT }
  const before = echo.processorSeconds()
  const report = await runStream(setting.generator, server, {
    ...{ name: 'floor', file: variant.floorFile, sockets: SOCKETS },
    ...paceOf(setting),
    ...timesOf(setting),
  })
  const used = echo.processorSeconds() - before
  variant.part.add(FLOOR, {
    rate: report.measured / report.seconds,
    coreRate: report.answered / used,
    ...latencyFigures(report),
    busy: used / report.allSeconds,
    generatorBusy: report.generatorShare,
    lost: report.lost + report.unsent,
  })
}

/** The floor, or why there is none. */
async function startEcho(setting: Setting): Promise<ServerProcess | string> {
  const built = compile('echo')
  if ('missing' in built) return `no floor: ${built.missing}`
  const [program, args] = pinned(setting.cores.servers, built.path, [ECHO_ADDRESS, String(ECHO_PORT)])
  const echo = new ServerProcess('echo', program, args, setting.folder)
  const question = { address: ECHO_ADDRESS, port: ECHO_PORT, name: '.', type: 'SOA' }
  await echo.untilReady(async () => (await probe(question)) !== undefined, 5_000)
  return echo
}

async function runHits(setting: Setting): Promise<BenchResult> {
  const zones = Math.ceil((setting.names ?? NAMES_USUAL) / HIT_ZONES.namesPerZone)
  const group: ZoneGroup = { ...HIT_ZONES, zones }
  const files = zoneFilesOf([group], setting.say)
  const variants = writeVariants(setting, group)
  const faults: string[] = []
  const notes: string[] = []
  const running: { stop(): Promise<unknown> }[] = []
  try {
    running.push(await Authorities.start(files, { folder: setting.folder, cores: setting.cores.load }))
    const echo = await startEcho(setting)
    if (typeof echo === 'string') notes.push(echo)
    else running.push(echo)
    const measureAll = async (resolvers: readonly Resolver[]): Promise<void> => {
      const questions = variants.map(({ file }) => file)
      faults.push(...(await fillAll(setting, resolvers, questions)))
      for (let round = 0; round < setting.rounds; round++) {
        for (const variant of variants) {
          setting.say(`round ${round + 1} of ${setting.rounds}: ${variant.part.title}`)
          for (const resolver of resolvers) faults.push(...(await measure(setting, resolver, variant)))
          if (typeof echo !== 'string') await measureFloor(setting, echo, variant)
        }
      }
    }
    const { folder, threads, cores, contenders } = setting
    await withResolvers(contenders, { folder, files, threads, cores: cores.servers }, measureAll)
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
  return { bench: 'hits', parts: variants.map(({ part }) => part), notes, faults }
}

export const HITS: Bench = {
  name: 'hits',
  summary: '10,000 cached names, signed and unsigned, as fast as they are answered or at a rate',
  run: runHits,
}
