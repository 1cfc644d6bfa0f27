/** `memory`: what a name costs that is kept, when a million of them are. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Setting, withResolver } from './bench.ts'
import { type CacheFigures, ownFigures } from './peers/own-figures.ts'
import type { Resolver, ResolverOptions } from './peers/resolver.ts'
import { MIB } from './process-figures.ts'
import { fill, shuffled, writeQuestions } from './questions.ts'
import { type BenchResult, type Column, Part } from './result.ts'
import { Authorities } from './world/authorities.ts'
import { type ZoneFiles, zoneFilesOf } from './world/zone-files.ts'
import { expectationsOf, type ZoneGroup } from './world/zone-group.ts'

const NAMES_A_ZONE = 1_000
/** Asked before memory is looked at, so that what a server needs to work at all is not counted as names. */
const WARM_ZONES = 4
const FILL_SECONDS = 3_600
const SETTLE_MS = 1_000
const CACHE_MIB_LEAST = 64
/** Of the root's keys and servers; names would be thousands. */
const RESTART_QUESTIONS_MAX = 20
/** Fewer in one of Sigill's caches, and its figures are those of something else. */
const KEPT_LEAST = 0.99

const COLUMNS: readonly Column[] = [
  { key: 'resident', title: 'octets of RSS a name', digits: 0, ratio: true },
  { key: 'cache', title: 'octets of its caches a name', digits: 0 },
  { key: 'answers', title: 'answers', digits: 0 },
  { key: 'rrsets', title: 'RRsets', digits: 0 },
  { key: 'end', title: 'RSS MiB, full', digits: 0 },
  { key: 'kept', title: 'kept', digits: 4 },
  { key: 'rate', title: 'filled, names/s', digits: 0 },
  { key: 'restart', title: 'restarted, s', digits: 2 },
]

/** Names of one kind. */
interface Variant {
  readonly stem: string
  readonly signed: 'all' | 'none'
  /** Used when the command line says nothing: signing and validating a million takes an hour of all servers. */
  readonly namesUsual: number
  /** Of each of two caches: twice of what any server needs. */
  readonly cacheOctetsAName: number
}

const VARIANTS: readonly Variant[] = [
  { stem: 'plain', signed: 'none', namesUsual: 1_000_000, cacheOctetsAName: 640 },
  { stem: 'signed', signed: 'all', namesUsual: 100_000, cacheOctetsAName: 1_536 },
]

/** What every server is asked. */
interface Work {
  readonly files: ZoneFiles
  readonly names: number
  readonly cacheMib: number
  /** Query files. */
  readonly warm: string
  readonly all: string
  readonly part: Part
}

function groupOf({ signed }: Variant, stem: string, zones: number): ZoneGroup {
  const group: ZoneGroup = { stem, zones, namesPerZone: NAMES_A_ZONE, signed }
  return signed === 'all' ? { ...group, withoutDenial: true } : group
}

function prepare(setting: Setting, variant: Variant): Work {
  const zones = Math.ceil((setting.names ?? variant.namesUsual) / NAMES_A_ZONE)
  const group = groupOf(variant, variant.stem, zones)
  const warmGroup = groupOf(variant, `${variant.stem}-warm`, WARM_ZONES)
  const files = zoneFilesOf([warmGroup, group], setting.say)
  const isDo = variant.signed === 'all'
  const write = (one: ZoneGroup): string =>
    writeQuestions(setting, one.stem, shuffled(expectationsOf(one, { do: isDo })))
  const warm = write(warmGroup)
  const all = write(group)
  const names = zones * NAMES_A_ZONE
  const kind = isDo ? 'signed names, DO' : 'unsigned names, no DO'
  const title = `${names.toLocaleString('en')} ${kind}, ${zones.toLocaleString('en')} zones`
  const cacheMib = Math.max(CACHE_MIB_LEAST, Math.ceil((names * variant.cacheOctetsAName) / MIB))
  return { files, names, cacheMib, warm, all, part: new Part(title, COLUMNS) }
}

/** What is needed to measure one server. */
interface Measured {
  readonly setting: Setting
  readonly work: Work
  readonly authorities: Authorities
  readonly options: ResolverOptions
}

/** Fills one server, and asks everything again to see what it has kept. Returns what was wrong. */
async function measure(resolver: Resolver, measured: Measured): Promise<readonly string[]> {
  const { setting, work, authorities } = measured
  const { title } = resolver.contender.peer
  const faults = [...(await fill(setting, resolver, work.warm))]
  await sleep(SETTLE_MS)
  const before = { resident: resolver.residentOctets(), own: await ownFigures(resolver) }
  const begin = performance.now()
  faults.push(...(await fill(setting, resolver, work.all, FILL_SECONDS)))
  const seconds = (performance.now() - begin) / 1000
  await sleep(SETTLE_MS)
  const resident = resolver.residentOctets()
  const own = await ownFigures(resolver)
  const asked = await authorities.questions()
  faults.push(...(await fill(setting, resolver, work.all, FILL_SECONDS)))
  const kept = 1 - ((await authorities.questions()) - asked) / work.names
  const end = resolver.residentOctets() / MIB
  const again = own === undefined ? NO_RESTART : await restart(resolver, measured)
  faults.push(...again.faults)
  const growth = (key: keyof CacheFigures): number => (own?.[key] ?? Number.NaN) - (before.own?.[key] ?? 0)
  work.part.add(title, {
    resident: (resident - before.resident) / work.names,
    cache: growth('octets') / work.names,
    answers: growth('answers'),
    rrsets: growth('rrsets'),
    end,
    kept,
    rate: work.names / seconds,
    restart: again.seconds,
  })
  const entries = Math.min(growth('answers'), growth('rrsets')) / work.names
  if (entries < KEPT_LEAST) faults.push(`${title}: a cache has entries for ${entries} of the names only`)
  return faults
}

interface Restarted {
  readonly seconds: number
  /** What was wrong, a line each. */
  readonly faults: readonly string[]
}

/** Not every resolver keeps its caches. */
const NO_RESTART: Restarted = { seconds: Number.NaN, faults: [] }

/** Ends it, and starts it as an operator would: how long until some thousand names were answered from what it kept. */
async function restart(
  resolver: Resolver,
  { setting, work, authorities, options }: Measured,
): Promise<Restarted> {
  await resolver.stop()
  const asked = await authorities.questions()
  const begin = performance.now()
  return await withResolver(resolver.contender, { ...options, memoryAsUsed: false }, async (again) => {
    const faults = [...(await fill(setting, again, work.warm))]
    const seconds = (performance.now() - begin) / 1000
    const questions = (await authorities.questions()) - asked
    if (questions > RESTART_QUESTIONS_MAX)
      faults.push(`${again.contender.peer.title}: ${questions} questions to authorities after a restart`)
    return { seconds, faults }
  })
}

async function runVariant(setting: Setting, variant: Variant): Promise<{ part: Part; faults: string[] }> {
  const work = prepare(setting, variant)
  const { folder, cores, say } = setting
  const faults: string[] = []
  const authorities = await Authorities.start(work.files, { folder, cores: cores.load })
  const caches = { cacheMib: work.cacheMib, cacheNames: 2 * (work.names + WARM_ZONES * NAMES_A_ZONE) }
  const common = { folder, files: work.files, cores: cores.servers, memoryAsUsed: true, ...caches }
  try {
    for (const contender of setting.contenders) {
      say(`${contender.peer.title}: ${work.part.title}`)
      const snapshot = join(folder, `${variant.stem}-${contender.peer.key}.snapshot`)
      const options = { ...common, snapshot }
      const use = (resolver: Resolver) => measure(resolver, { setting, work, authorities, options })
      faults.push(...(await withResolver(contender, options, use)))
    }
  } finally {
    await authorities.stop()
  }
  return { part: work.part, faults }
}

async function runMemory(setting: Setting): Promise<BenchResult> {
  const outcomes: Awaited<ReturnType<typeof runVariant>>[] = []
  for (const variant of VARIANTS) outcomes.push(await runVariant(setting, variant))
  return {
    bench: 'memory',
    parts: outcomes.map(({ part }) => part),
    notes: ['every server once, one thread; caches large enough for everything, the same for all'],
    faults: outcomes.flatMap(({ faults }) => faults),
  }
}

export const MEMORY: Bench = {
  name: 'memory',
  summary: 'a million names kept, unsigned; signed ones, fewer unless --names says how many',
  run: runMemory,
}
