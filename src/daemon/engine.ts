/** The engine with this machine's clock, randomness and network, as a configuration wants it. */
import type { Endpoint } from '../base/address.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { drawHashKey } from '../base/keyed-hash.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { AnswerCache } from '../cache/answer-cache.ts'
import { RrsetCache } from '../cache/rrset-cache.ts'
import type { Config } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import { ALGORITHM_VECTORS } from '../dnssec/algorithm-vectors.ts'
import { selfTest } from '../dnssec/algorithms.ts'
import { selfTestDigests } from '../dnssec/digests.ts'
import { ValidationPolicy } from '../policy/validation-policy.ts'
import { Resolver } from '../resolver/engine.ts'
import type { ResolverSettings, ServeStale } from '../resolver/ports.ts'
import type { Counters } from '../telemetry/counters.ts'
import { createUpstream, type SocketUpstream } from '../upstream/sockets.ts'
import { DIGEST } from '../wire/iana/digest-type.ts'

/** Algorithms and digests that this platform does as it should. */
export interface Platform {
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
}

/** A running engine and its parts. */
export interface Engine {
  readonly clock: Clock
  readonly random: Random
  readonly policy: ValidationPolicy
  readonly rrsets: RrsetCache
  readonly answers: AnswerCache
  readonly resolver: Resolver
  readonly upstream: SocketUpstream
  readonly platform: Platform
  /** Ends what is under way and stops the timers. */
  close(): void
}

/** What the configuration does not say. */
export interface EngineOptions {
  readonly counters: Counters
  /** Where this resolver itself listens: never asked. */
  readonly ownAddresses: readonly Endpoint[]
  /** Told of our own faults. */
  readonly onFault: (fault: unknown) => void
}

const OCTETS_PER_MIB = 1_048_576

/** Puts an engine together. Nothing is sent before the first question. */
export function createEngine(config: Config, options: EngineOptions): Engine {
  const { settings } = config
  const { counters, onFault } = options
  const clock = systemClock(settings['dnssec.clock'])
  const random = systemRandom()
  const policy = makePolicy(config, clock)
  const hashKey = drawHashKey(random)
  const nowMs = (): number => clock.nowMs()
  const rrsets = new RrsetCache({ bytesMax: settings['cache.rrsets-mib'] * OCTETS_PER_MIB, hashKey, nowMs })
  const answers = new AnswerCache({ bytesMax: settings['cache.answers-mib'] * OCTETS_PER_MIB, hashKey })
  const upstream = createUpstream({
    random,
    clock,
    counters,
    sourceAddresses: settings['resolution.source-addresses'],
    ipv4: settings['resolution.ipv4'],
    ipv6: settings['resolution.ipv6'],
  })
  const platform = { algorithms: selfTest(), digests: selfTestDigests() }
  const resolver = new Resolver({
    clock,
    random,
    upstream,
    policy,
    settings: resolverSettings(config, options.ownAddresses),
    counters,
    rrsets,
    answers,
    platform,
    onFault,
  })
  const close = (): void => {
    upstream.close()
    policy.close()
  }
  return { clock, random, policy, rrsets, answers, resolver, upstream, platform, close }
}

function makePolicy({ settings, anchors }: Config, clock: Clock): ValidationPolicy {
  return new ValidationPolicy({
    clock,
    mode: settings['dnssec.mode'],
    anchors,
    negativeTrustAnchors: settings['dnssec.negative-trust-anchors'],
    insecureZones: settings['dnssec.insecure-zones'],
    disabledAlgorithms: new Set(settings['dnssec.disabled-algorithms']),
    disabledDigests: new Set(settings['dnssec.disabled-digests']),
    skewSecondsMin: settings['dnssec.signature-skew.min-seconds'],
    skewSecondsMax: settings['dnssec.signature-skew.max-seconds'],
  })
}

function resolverSettings(config: Config, ownAddresses: readonly Endpoint[]): ResolverSettings {
  const { settings } = config
  return {
    rootHints: config.rootHints,
    authorityPort: settings['resolution.authority-port'],
    allowLoopbackAuthorities: settings['resolution.allow-loopback-authorities'],
    ownAddresses,
    qnameMinimisation: minimisation(settings),
    ipv4: settings['resolution.ipv4'],
    ipv6: settings['resolution.ipv6'],
    routes: [
      ...settings['resolution.stub-zones'].map((route) => ({ kind: 'stub' as const, ...route })),
      ...settings['resolution.forward-zones'].map((route) => ({ kind: 'forward' as const, ...route })),
    ],
    nxdomainCut: settings['resolution.nxdomain-cut'],
    verifyReferrals: settings['resolution.verify-referrals'],
    verifyGlue: settings['resolution.verify-glue'],
    privateAddresses: settings['resolution.private-addresses'],
    privateDomains: settings['resolution.private-domains'],
    nsec3IterationsMax: settings['dnssec.nsec3-iterations-max'],
    aggressiveDenial: settings['dnssec.aggressive-denial'],
    prefetch: settings['cache.prefetch'],
    ttlSeconds: {
      min: settings['cache.ttl.min-seconds'],
      max: settings['cache.ttl.max-seconds'],
      negativeMax: settings['cache.ttl.negative-max-seconds'],
    },
    serveStale: serveStale(settings),
  }
}

function minimisation(settings: Settings): ResolverSettings['qnameMinimisation'] {
  if (!settings['resolution.qname-minimisation']) return 'off'
  return settings['resolution.qname-minimisation-strict'] ? 'strict' : 'relaxed'
}

function serveStale(settings: Settings): ServeStale | undefined {
  if (!settings['serve-stale.enabled']) return undefined
  return {
    clientTimeoutMs: settings['serve-stale.client-timeout-ms'],
    maxSeconds: settings['serve-stale.max-seconds'],
    ttlSeconds: settings['serve-stale.ttl-seconds'],
    afterBogus: settings['serve-stale.after-bogus'],
  }
}

/** Algorithms and digests that Sigill knows but the platform did not do rightly in the self-test. */
export function missingOf(platform: Platform): { algorithms: number[]; digests: number[] } {
  const known = [...new Set(ALGORITHM_VECTORS.map((vector) => vector.algorithm))]
  return {
    algorithms: known.filter((algorithm) => !platform.algorithms.has(algorithm)),
    digests: [DIGEST.SHA1, DIGEST.SHA256, DIGEST.SHA384].filter((digest) => !platform.digests.has(digest)),
  }
}
