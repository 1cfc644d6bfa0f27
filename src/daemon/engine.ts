/** The engine with this machine's clock, randomness and network, as a configuration wants it. */
import type { Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { drawHashKey } from '../base/keyed-hash.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { AnswerCache, type AnswerWriter } from '../cache/answer-cache.ts'
import { entryIsBogus } from '../cache/answer-entry.ts'
import { RrsetCache } from '../cache/rrset-cache.ts'
import type { Config } from '../config/load.ts'
import { ALGORITHM_VECTORS } from '../dnssec/algorithm-vectors.ts'
import { selfTest } from '../dnssec/algorithms.ts'
import { selfTestDigests } from '../dnssec/digests.ts'
import { chooseBackend } from '../native/backend.ts'
import { DGRAM } from '../native/dgram.ts'
import { quickestKeyImport } from '../native/p256.ts'
import type { PolicyWords } from '../policy/policy-words.ts'
import { ValidationPolicy } from '../policy/validation-policy.ts'
import { Resolver } from '../resolver/engine.ts'
import type { LateVerdict, WorkNote } from '../resolver/ports.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { SocketUpstream } from '../upstream/sockets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'
import { cacheMemory, OCTETS_PER_MIB } from './cache-memory.ts'
import { type Machine, THIS_MACHINE } from './machine.ts'
import { outstandingMax, policyOptions, resolverSettings } from './parts.ts'
import { startTracing, type TracingParts } from './tracing/tracing.ts'

/** Algorithms and digests that this platform does as it should. */
export interface Platform {
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
}

/** A running engine and its parts. */
export interface Engine {
  readonly clock: Clock
  readonly policy: ValidationPolicy
  readonly rrsets: RrsetCache
  readonly resolver: Resolver
  readonly upstream: SocketUpstream
  /** Ends what is under way and stops the timers. */
  close(): void
}

/** What an engine is made of. */
export interface EngineParts {
  readonly config: Pick<Config, 'path' | 'settings' | 'rootHints'>
  readonly clock: Clock
  readonly random: Random
  readonly policy: ValidationPolicy
  readonly rrsets: RrsetCache
  readonly answers: AnswerWriter
  readonly platform: Platform
  readonly counters: Counters
  /** Where this resolver itself listens: never asked. */
  readonly ownAddresses: readonly Endpoint[]
  /** Told of our own faults. */
  readonly onFault: (fault: unknown) => void
  /** Engines in this process: they share the bound on sockets. */
  readonly engines?: number
  /** See `ResolverParts.tableEntriesMax`. */
  readonly tableEntriesMax?: number
  readonly noteWork?: WorkNote
  readonly betweenSteps?: () => void
  /** Spans are made of its resolutions where the settings want them: those of clients are meant. Told why that ends. */
  readonly tracingLog?: TracingParts['log']
  /** Told besides the counters. */
  readonly onLateVerdict?: LateVerdict
  /** `THIS_MACHINE` when left out. */
  readonly machine?: Machine
}

/** Puts an engine together. Nothing is sent before the first question. */
export function createEngine(parts: EngineParts): Engine {
  const { config, clock, policy, rrsets, random, counters, ownAddresses, engines = 1, ...others } = parts
  const { onLateVerdict, tracingLog, machine = THIS_MACHINE, ...rest } = others
  const { settings, rootHints } = config
  const { backend: udp = DGRAM } = chooseBackend(settings['server.udp-backend'])
  const upstream = machine.upstream({
    udp,
    random,
    clock,
    counters,
    sourceAddresses: settings['resolution.source-addresses'],
    ipv4: settings['resolution.ipv4'],
    ipv6: settings['resolution.ipv6'] || settings['resolution.nat64-prefix'] !== undefined,
    outstandingMax: outstandingMax(settings, engines),
  })
  const tracing = tracingLog && startTracing({ config, clock, log: tracingLog })
  const resolver = new Resolver({
    ...rest,
    clock,
    random,
    upstream,
    watch: tracing?.watch,
    policy,
    settings: resolverSettings(settings, rootHints, ownAddresses, engines),
    counters,
    rrsets,
    importKey: quickestKeyImport(),
    onLateVerdict: (question, entry) => {
      // Only who is spared has an answer before its verdict.
      if (entryIsBogus(entry, 0)) counters.bogusAnswer('given')
      onLateVerdict?.(question, entry)
    },
  })
  const close = (): void => {
    tracing?.close()
    upstream.close()
    policy.close()
  }
  return { clock, policy, rrsets, resolver, upstream, close }
}

/** An engine with a policy and caches of its own, whatever else runs in the process. */
export function createLoneEngine(
  config: Config,
  {
    words,
    ...told
  }: Pick<
    EngineParts,
    | 'platform'
    | 'counters'
    | 'ownAddresses'
    | 'onFault'
    | 'betweenSteps'
    | 'noteWork'
    | 'tracingLog'
    | 'onLateVerdict'
    | 'machine'
    | 'tableEntriesMax'
  > & {
    readonly words?: PolicyWords
  },
): Engine & { readonly answers: AnswerCache; readonly memory: readonly ArrayBuffer[] } {
  const { settings, anchors } = config
  const { machine = THIS_MACHINE } = told
  const clock = machine.clock(settings['dnssec.clock'])
  const random = systemRandom()
  const policy = new ValidationPolicy({ clock, anchors, ...policyOptions(settings), ...(words && { words }) })
  const hashKey = drawHashKey(random)
  const nowMs = (): number => clock.nowMs()
  const memory = [settings['cache.rrsets-mib'], settings['cache.answers-mib']].map((mib) =>
    cacheMemory(mib * OCTETS_PER_MIB, settings),
  )
  const [ofRrsets, ofAnswers] = memory as [ArrayBuffer, ArrayBuffer]
  const rrsets = new RrsetCache({ bytesMax: ofRrsets.byteLength, buffer: ofRrsets, hashKey, nowMs })
  const answers = new AnswerCache({ bytesMax: ofAnswers.byteLength, buffer: ofAnswers, hashKey })
  return { ...createEngine({ ...told, config, clock, random, policy, rrsets, answers }), answers, memory }
}

/** Tries out what the engine needs of the platform. */
export function testPlatform(): Platform {
  return { algorithms: selfTest(), digests: selfTestDigests() }
}

/** Algorithms and digests that Sigill knows but the platform did not do rightly in the self-test. */
export function missingOf(platform: Platform): { algorithms: number[]; digests: number[] } {
  const known = [...new Set(ALGORITHM_VECTORS.map((vector) => vector.algorithm))]
  return {
    algorithms: known.filter((algorithm) => !platform.algorithms.has(algorithm)),
    digests: [DIGEST.SHA1, DIGEST.SHA256, DIGEST.SHA384].filter((digest) => !platform.digests.has(digest)),
  }
}
