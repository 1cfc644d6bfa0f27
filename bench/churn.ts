/** `churn`: this server alone, many more zones than its small tables hold: its heap, and how long collections stop it. */
import { type Bench, load, type Setting, withResolver } from './bench.ts'
import { busiestIsolate, type Collection, readCollection } from './gc-trace.ts'
import type { Resolver } from './peers/resolver.ts'
import { SIGILL } from './peers/sigill.ts'
import { MIB } from './process-figures.ts'
import { shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { quantileOf } from './statistics.ts'
import { Authorities } from './world/authorities.ts'
import { zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, type ZoneGroup } from './world/zone-group.ts'

const NAMES_USUAL = 200_000
const NAMES_A_ZONE = 10
/** The heap is compared between quarters of the names: tables fill in the first. */
const QUARTERS = 4
const OUTSTANDING = 16
const QUARTER_SECONDS_MAX = 900
const TIMEOUT_SECONDS = 10
/** One that talks to clients, and one that resolves. */
const THREADS = 2
/** Of each cache: the records of all names, so that nothing is a miss that was asked before. */
const CACHE_MIB = 256
/** A heap above that grows with every name. */
const HEAP_GROWTH_MAX = 1.1

const COLUMNS: readonly Column[] = [
  { key: 'rate', title: 'names/s', digits: 0 },
  { key: 'cost', title: 'processor µs a name', digits: 0 },
  { key: 'early', title: 'heap MiB in the second quarter', digits: 1 },
  { key: 'late', title: 'in the last', digits: 1 },
  { key: 'pauses', title: 'GC pauses', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'longest', title: 'longest ms', digits: 2 },
]

/** What the resolver thread's collections were in each quarter. */
interface Outcome {
  readonly quarters: readonly (readonly Collection[])[]
  readonly seconds: number
  readonly processorSeconds: number
  readonly faults: readonly string[]
}

/** The least that was on the heap after a collection: dead objects that wait for a whole collection are not counted. */
function leastHeap(collections: readonly Collection[]): number {
  return Math.min(...collections.map(({ heapOctets }) => heapOctets))
}

/** Asks for all names, quarter by quarter. */
async function ask(
  setting: Setting,
  resolver: Resolver,
  file: string,
  names: number,
  collections: Collection[],
): Promise<Outcome> {
  const ends: number[] = []
  const faults: string[] = []
  const before = resolver.processorSeconds()
  const startMs = performance.now()
  const count = names / QUARTERS
  collections.length = 0
  for (let quarter = 0; quarter < QUARTERS; quarter++) {
    const name = `quarter ${quarter + 1}`
    const which = { name, file, once: true, first: quarter * count, count, outstanding: OUTSTANDING }
    const limits = { seconds: QUARTER_SECONDS_MAX, timeout: TIMEOUT_SECONDS }
    faults.push(...(await load(setting, resolver, [{ ...which, ...limits }])).faults)
    ends.push(collections.length)
    setting.say(`${(quarter + 1) * count} names`)
  }
  const busiest = busiestIsolate(collections)
  const quarters = ends.map((end, quarter) =>
    collections.slice(ends[quarter - 1] ?? 0, end).filter(({ isolate }) => isolate === busiest),
  )
  const seconds = (performance.now() - startMs) / 1000
  return { quarters, seconds, processorSeconds: resolver.processorSeconds() - before, faults }
}

function figuresOf({ quarters, seconds, processorSeconds }: Outcome, names: number): Record<string, number> {
  const pauses = quarters.flat().map(({ pauseMs }) => pauseMs)
  return {
    rate: names / seconds,
    cost: (processorSeconds / names) * 1e6,
    early: leastHeap(quarters[1]!) / MIB,
    late: leastHeap(quarters[QUARTERS - 1]!) / MIB,
    pauses: pauses.length,
    p50: quantileOf(pauses, 0.5),
    p99: quantileOf(pauses, 0.99),
    longest: Math.max(...pauses),
  }
}

/** Pauses hang on what else the machine does; a heap that grows does not. */
function complaints({ early, late }: Record<string, number>): string[] {
  if (late! <= early! * HEAP_GROWTH_MAX) return []
  return [`the heap grew from ${early!.toFixed(1)} to ${late!.toFixed(1)} MiB`]
}

async function runChurn(setting: Setting): Promise<BenchResult> {
  const { folder, cores, say } = setting
  const own = setting.contenders.find(({ peer }) => peer === SIGILL)
  if (own === undefined) throw new Error('churn is about Sigill, which is not among the servers')
  const zones = Math.ceil((setting.names ?? NAMES_USUAL) / NAMES_A_ZONE / QUARTERS) * QUARTERS
  const group: ZoneGroup = {
    ...{ stem: 'churn', zones, namesPerZone: NAMES_A_ZONE, signed: 'half' },
    withoutDenial: true,
  }
  const names = zones * NAMES_A_ZONE
  const files = zoneFilesOf([group], say)
  const questions = writeQuestions(setting, 'churn', shuffled(expectationsOf(group, { do: true })))
  const title = `${names.toLocaleString('en')} names that nobody asked for, in ${zones.toLocaleString('en')} zones`
  const part = new Part(title, COLUMNS)
  const collections: Collection[] = []
  const onLine = (line: string): void => {
    const collection = readCollection(line)
    if (collection !== undefined) collections.push(collection)
  }
  const traced = { ...own.peer, configure: tracingGc(own.peer.configure) }
  const options = { folder, files, threads: THREADS, cores: cores.servers, cacheMib: CACHE_MIB, onLine }
  const faults: string[] = []
  const authorities = await Authorities.start(files, { folder, cores: cores.load })
  try {
    await withResolver({ ...own, peer: traced }, options, async (resolver) => {
      const outcome = await ask(setting, resolver, questions, names, collections)
      const figures = figuresOf(outcome, names)
      part.add(SIGILL.title, figures)
      faults.push(...outcome.faults, ...complaints(figures))
    })
  } finally {
    await authorities.stop()
  }
  const notes = [
    `one thread that talks to clients, one that resolves, on the same cores; pauses and heap are the latter's`,
  ]
  return { bench: 'churn', parts: [part], notes, faults }
}

function tracingGc(configure: typeof SIGILL.configure): typeof SIGILL.configure {
  return (setup) => {
    const { files, args } = configure(setup)
    return { files, args: ['--trace-gc', ...args] }
  }
}

export const CHURN: Bench = {
  name: 'churn',
  summary: '200,000 names in 20,000 zones: heap and collections of the thread that resolves',
  run: runChurn,
}
