/** What every bench gets, and what all of them do. */
import { type CorePlan, planCores } from './cores.ts'
import { faultsOf, type Generator, liesOf } from './load/generator.ts'
import { Histogram } from './load/histogram.ts'
import type { GeneratorReport, Stream, StreamReport } from './load/stream.ts'
import type { Contender } from './peers/peer.ts'
import { Resolver, type ResolverOptions } from './peers/resolver.ts'
import { SIGILL } from './peers/sigill.ts'
import type { BenchResult } from './result.ts'

/** What was asked for, and what there is. */
export interface Setting {
  readonly contenders: readonly Contender[]
  readonly generator: Generator
  readonly cores: CorePlan
  /** Threads of each server. */
  readonly threads: number
  /** Of each measurement; a bench has its own when left out. */
  readonly seconds: number | undefined
  readonly rounds: number
  /** Names of the bench that counts by names; it has its own when left out. */
  readonly names: number | undefined
  /** Questions a second, in the bench that else asks as fast as it is answered. */
  readonly rate: number | undefined
  /** Answers after which the bench that counts by answers ends; it ends by time when left out. */
  readonly answers: number | undefined
  /** Troubles beside the load, in the bench that knows them. */
  readonly faults: boolean
  /** Empty, removed in the end. */
  readonly folder: string
  /** Takes what happens, a line each. */
  say(line: string): void
}

/** A bench. */
export interface Bench {
  readonly name: string
  readonly summary: string
  run(setting: Setting): Promise<BenchResult>
}

/** So many threads on so many cores, the same for every server. */
export interface Place {
  readonly threads: number
  readonly cores: CorePlan
  /** For titles. */
  readonly title: string
}

/**
 * Everything on one core, and on as many as were asked for, at least two: what a server does for some clients while
 * others keep it busy depends on that more than on anything else.
 */
export function placesOf({ threads }: Setting): Place[] {
  const title = (count: number): string =>
    count === 1 ? '1 thread on 1 core' : `${count} threads on ${count} cores`
  return [1, Math.max(2, threads)].map((count) => ({
    threads: count,
    cores: planCores(count),
    title: title(count),
  }))
}

/** What a reader must know of them. */
export function placeNotes(places: readonly Place[]): string[] {
  return places.map(({ title, cores }) => `${title}: ${cores.note.replace(/^cores: /, '')}`)
}

const NS_IN_MS = 1e6
/** Characters of what a server wrote that are shown beside its faults. */
const OUTPUT_SAID = 2_000

/** Quantiles of a stream's latency in milliseconds. */
export function latencyFigures(report: StreamReport): { p50: number; p99: number; p999: number } {
  const histogram = Histogram.of(report.latency)
  const ms = (share: number): number => histogram.quantile(share) / NS_IN_MS
  return { p50: ms(0.5), p99: ms(0.99), p999: ms(0.999) }
}

/** The share of questions that got the right answer in time. */
export function servedShare({ answered, wrong, sent, unsent }: StreamReport): number {
  return (answered - wrong) / (sent + unsent)
}

/** Starts a resolver of each kind, gives them to `use` together, and stops them whatever happens. */
export async function withResolvers<T>(
  contenders: readonly Contender[],
  options: ResolverOptions,
  use: (resolvers: readonly Resolver[]) => Promise<T>,
): Promise<T> {
  const resolvers: Resolver[] = []
  try {
    for (const contender of contenders) resolvers.push(await Resolver.start(contender, options))
    return await use(resolvers)
  } finally {
    await Promise.all(resolvers.map((resolver) => resolver.stop()))
  }
}

/** As `withResolvers`, for one. */
export async function withResolver<T>(
  contender: Contender,
  options: ResolverOptions,
  use: (resolver: Resolver) => Promise<T>,
): Promise<T> {
  return await withResolvers([contender], options, ([resolver]) => use(resolver!))
}

/** What a run of the generator cost a resolver. */
export interface Run extends GeneratorReport {
  /** Processor seconds of the resolver meanwhile. */
  readonly serverSeconds: number
  /** What was wrong, a line each. */
  readonly faults: readonly string[]
}

/** What is wrong with a stream of a server, a line each. */
export type Judge = (server: string, stream: Stream, report: StreamReport) => string[]

/** No hit of ours may be lost. Peers may lose some, which is a figure; none may tell lies. */
export function judgeHits(server: string, stream: Stream, report: StreamReport): string[] {
  const isStrict = server === SIGILL.title && stream.name === 'hits'
  return isStrict ? faultsOf(server, stream, report) : liesOf(server, stream, report)
}

/** Asks a resolver, and tells what that cost it and what was wrong. */
export async function load(
  setting: Setting,
  resolver: Resolver,
  streams: readonly Stream[],
  judge: Judge = faultsOf,
): Promise<Run> {
  const before = resolver.processorSeconds()
  const report = await setting.generator.run(resolver, streams)
  const serverSeconds = resolver.processorSeconds() - before
  const faults = streams.flatMap((stream, i) =>
    judge(resolver.contender.peer.title, stream, report.streams[i]!),
  )
  if (faults.length > 0 && resolver.output !== '')
    setting.say(`${resolver.contender.peer.title} wrote:\n${resolver.output.slice(-OUTPUT_SAID)}`)
  return { ...report, serverSeconds, faults }
}
