/** The memory that threads share, laid out once. The supervisor owns it, so that it outlives the threads. */
import { drawHashKey, type HashKey } from '../../base/keyed-hash.ts'
import { ANSWER_SHARD_OCTETS_MAX } from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { shardOf } from '../../cache/shard.ts'
import type { Settings } from '../../config/settings.ts'
import { LIMITED_PREFIXES_OCTETS } from '../../policy/limited-prefixes.ts'
import { POLICY_WORDS_OCTETS } from '../../policy/policy-words.ts'
import { PREFIX_BUCKETS_OCTETS } from '../../policy/prefix-buckets.ts'
import { Counters } from '../../telemetry/counters.ts'
import type { Name } from '../../wire/name.ts'
import { OCTETS_PER_MIB, sharedCacheMemory } from '../cache-memory.ts'
import type { ThreadPlan } from './thread-plan.ts'
import { beatsOctets } from './watchdog.ts'
import { WORK_NOTE_OCTETS } from './work-note.ts'

/** All of it; sent to every thread. */
export interface SharedMemory {
  /** The secret of every keyed hash. */
  readonly hashKey: HashKey
  readonly policyWords: SharedArrayBuffer
  /** Shards of the answer cache: so many for each resolver thread, which writes them, in the order of the threads. */
  readonly answers: readonly SharedArrayBuffer[]
  readonly answerShardOctets: number
  readonly shardsPerResolver: number
  /** One for each resolver thread, which alone reads and writes it. */
  readonly rrsets: readonly SharedArrayBuffer[]
  readonly rrsetsOctets: number
  /** One for each resolver thread. */
  readonly workNotes: readonly SharedArrayBuffer[]
  /** A word for each of the threads, in their order: the turns of its event loop (`watchdog.ts`). */
  readonly beats: SharedArrayBuffer
  /** What clients have left of their rates: all fronts write it. */
  readonly rateBuckets: SharedArrayBuffer
  /** One for each front, which writes it. */
  readonly limitedPrefixes: readonly SharedArrayBuffer[]
  /** Names of the threads, each with its counters. */
  readonly threads: readonly string[]
  readonly counters: readonly SharedArrayBuffer[]
}

/** Lays it out. The system gives pages as they are used. */
export function layOut(settings: Settings, { fronts, resolvers }: ThreadPlan, random: Random): SharedMemory {
  const answersOctets = settings['cache.answers-mib'] * OCTETS_PER_MIB
  const shardsPerResolver = Math.ceil(answersOctets / resolvers / ANSWER_SHARD_OCTETS_MAX)
  const shards = resolvers * shardsPerResolver
  const answerShardOctets = wholeWords(answersOctets / shards)
  const rrsetsOctets = wholeWords((settings['cache.rrsets-mib'] * OCTETS_PER_MIB) / resolvers)
  const threads = [
    'main',
    ...Array.from({ length: fronts }, (_, index) => frontName(index)),
    ...Array.from({ length: resolvers }, (_, index) => resolverName(index)),
  ]
  const countersOctets = Counters.octetsFor(threads)
  return {
    hashKey: drawHashKey(random),
    policyWords: new SharedArrayBuffer(POLICY_WORDS_OCTETS),
    answers: cacheBuffers(shards, answerShardOctets, settings),
    answerShardOctets,
    shardsPerResolver,
    rrsets: cacheBuffers(resolvers, rrsetsOctets, settings),
    rrsetsOctets,
    workNotes: buffers(resolvers, WORK_NOTE_OCTETS),
    beats: new SharedArrayBuffer(beatsOctets(threads.length)),
    rateBuckets: new SharedArrayBuffer(PREFIX_BUCKETS_OCTETS),
    limitedPrefixes: buffers(fronts, LIMITED_PREFIXES_OCTETS),
    threads,
    counters: buffers(threads.length, countersOctets),
  }
}

/** As the metrics call a front thread. */
export function frontName(index: number): string {
  return `front-${index}`
}

/** As the metrics call a resolver thread. */
export function resolverName(index: number): string {
  return `resolver-${index}`
}

/** The counters of a thread. */
export function countersOf({ threads, counters }: SharedMemory, name: string): Counters {
  return new Counters(name, threads, counters[threads.indexOf(name)]!)
}

/** The number of the resolver thread that a name belongs to. */
export function resolverOf({ hashKey, answers, shardsPerResolver }: SharedMemory, name: Name): number {
  return Math.floor(shardOf(hashKey, name, 0, name.length, answers.length) / shardsPerResolver)
}

function cacheBuffers(count: number, octets: number, settings: Settings): SharedArrayBuffer[] {
  return Array.from({ length: count }, () => sharedCacheMemory(octets, settings))
}

function buffers(count: number, octets: number): SharedArrayBuffer[] {
  return Array.from({ length: count }, () => new SharedArrayBuffer(octets))
}

function wholeWords(octets: number): number {
  return Math.floor(octets / 8) * 8
}
