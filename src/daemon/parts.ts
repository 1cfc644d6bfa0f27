/** What the parts of the resolver are told: settings in, options of each part out. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import { TCP_CONNECTIONS_MAX, TTL_SECONDS_MAX, WAITING_MAX } from '../base/limits.ts'
import type { RootHint } from '../config/built-in-hints.ts'
import type { Settings } from '../config/settings.ts'
import type { ClientLimitOptions } from '../front/client-limits.ts'
import type { ServiceOptions } from '../front/service.ts'
import type { ServiceSettings } from '../front/service-settings.ts'
import type { TcpOptions } from '../front/tcp.ts'
import { AccessList } from '../policy/access.ts'
import { LocalZones } from '../policy/local-zones.ts'
import { discoveryRecords, IPV4ONLY } from '../policy/nat64-discovery.ts'
import type { PolicyWords } from '../policy/policy-words.ts'
import type { RateLimitSettings } from '../policy/rate-limits.ts'
import { Rollout, type RolloutLists } from '../policy/rollout.ts'
import type { ValidationPolicyOptions } from '../policy/validation-policy.ts'
import type { OutstandingLimits } from '../resolver/outstanding.ts'
import type {
  Dns64Settings,
  LiveResolverSettings,
  PrivateSettings,
  ResolverSettings,
  ServeStale,
} from '../resolver/ports.ts'
import type { ResolverLimits } from '../resolver/resolver-limits.ts'
import type { TtlLimits } from '../resolver/ttl-limits.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { namesEqual } from '../wire/name.ts'

/** What clients get. */
export function serviceSettings(settings: Settings): ServiceSettings {
  return {
    access: new AccessList({
      allow: settings['access.allow'],
      deny: settings['access.deny'],
      snoop: settings['access.snoop'],
    }),
    localZones: localZones(settings),
    aliases: settings['limits.aliases'],
    any: settings['resolution.any'],
    texts: { identity: settings['server.identity'], version: settings['server.version'] },
    nsid: settings['server.nsid'],
    cookies: settings['server.cookies.mode'],
    originalTtls: settings['cache.serve-original-ttl'],
  }
}

/**
 * What single clients may take of the resolver.
 *
 * @param fronts in this process: they share the bounds on clients
 */
export function clientLimits(settings: Settings, fronts: number): Required<ClientLimitOptions> {
  return {
    replyMsMax: settings['limits.reply-time-ms'],
    lateRepliesPerClientMax: share(settings['limits.late-replies-per-client'], fronts),
    dryRun: new Set(settings['limits.dry-run']),
    waitingMax: share(settings['limits.waiting'], fronts),
    waitingMaxTriedOut: share(Math.max(settings['limits.waiting'], WAITING_MAX), fronts),
    waitingPerClientMax: share(settings['limits.waiting-per-client'], fronts),
  }
}

/** The same, and what stays as it is while the daemon runs. */
export function clientOptions(
  settings: Settings,
  fronts: number,
): Required<ClientLimitOptions> & Required<Pick<ServiceOptions, 'udpPayloadOctets'>> {
  return { udpPayloadOctets: settings['server.udp-payload-octets'], ...clientLimits(settings, fronts) }
}

/** Clients by TCP; `fronts` as in `clientLimits`. */
export function connectionOptions(settings: Settings, fronts: number): TcpOptions {
  return {
    connectionsMax: share(settings['server.tcp.connections'], fronts),
    connectionsMaxTriedOut: share(Math.max(settings['server.tcp.connections'], TCP_CONNECTIONS_MAX), fronts),
    connectionsPerClientMax: share(settings['server.tcp.connections-per-client'], fronts),
    idleMs: settings['server.tcp.idle-timeout-ms'],
  }
}

function share(bound: number, fronts: number): number {
  return Math.ceil(bound / fronts)
}

/** How much clients may ask. */
export function rateLimitSettings(settings: Settings): RateLimitSettings {
  return {
    answers: {
      perSecond: settings['rate-limiting.answers.per-second'],
      burst: settings['rate-limiting.answers.burst'],
      dryRun: settings['rate-limiting.answers.dry-run'],
    },
    recursion: {
      perSecond: settings['rate-limiting.recursion.per-second'],
      burst: settings['rate-limiting.recursion.burst'],
      dryRun: settings['rate-limiting.recursion.dry-run'],
    },
    slip: settings['rate-limiting.answers.slip'],
    exempt: settings['rate-limiting.exempt'],
  }
}

/** The zones that are answered without asking anybody. Who gives servers for a special zone wants it resolved. */
export function localZones(settings: Settings): LocalZones {
  const routed = [...settings['resolution.stub-zones'], ...settings['resolution.forward-zones']]
  const off = [...settings['local-zones.disable'], ...routed.map(({ name }) => name)]
  const prefix = settings['dns64.prefix']
  // A name that is resolved is translated like any other.
  const isOurs = prefix !== undefined && !off.some((name) => namesEqual(name, IPV4ONLY))
  return new LocalZones({
    off,
    zones: settings['local-zones.zones'],
    records: [...settings['local-zones.records'], ...(isOurs ? discoveryRecords(prefix) : [])],
  })
}

/** What is judged, and how strictly. */
export function policyOptions(settings: Settings): Omit<ValidationPolicyOptions, 'clock' | 'anchors'> {
  return {
    mode: settings['dnssec.mode'],
    enforcedPercent: settings['dnssec.rollout.percent'],
    hasExemptions: hasExemptions(settings),
    negativeTrustAnchors: settings['dnssec.negative-trust-anchors'],
    insecureZones: settings['dnssec.insecure-zones'],
    disabledAlgorithms: new Set(settings['dnssec.disabled-algorithms']),
    disabledDigests: new Set(settings['dnssec.disabled-digests']),
    skewSecondsMin: settings['dnssec.signature-skew.min-seconds'],
    skewSecondsMax: settings['dnssec.signature-skew.max-seconds'],
  }
}

/** True where some clients are spared enforcement whatever the percentage. */
export function hasExemptions(settings: Settings): boolean {
  return settings['dnssec.rollout.never'].length + settings['dnssec.rollout.never-listeners'].length > 0
}

/** Who is enforced whatever the percentage. */
export function rolloutLists(settings: Settings): RolloutLists {
  const listening = settings['server.listen'].map(formatEndpoint)
  const numbers = (listeners: readonly Endpoint[]): number[] =>
    listeners.map((endpoint) => listening.indexOf(formatEndpoint(endpoint)))
  return {
    always: settings['dnssec.rollout.always'],
    never: settings['dnssec.rollout.never'],
    alwaysListeners: numbers(settings['dnssec.rollout.always-listeners']),
    neverListeners: numbers(settings['dnssec.rollout.never-listeners']),
  }
}

/** For whom validation is enforced. */
export function makeRollout(settings: Settings, words: PolicyWords, key: HashKey): Rollout {
  return new Rollout({
    words,
    key,
    ipv4Bits: settings['dnssec.rollout.ipv4-prefix-bits'],
    ipv6Bits: settings['dnssec.rollout.ipv6-prefix-bits'],
    lists: rolloutLists(settings),
  })
}

/**
 * How the engine resolves.
 *
 * @param engines in this process: they share the bound on sockets
 */
export function resolverSettings(
  settings: Settings,
  rootHints: readonly RootHint[],
  ownAddresses: readonly Endpoint[],
  engines = 1,
): ResolverSettings {
  return {
    rootHints,
    authorityPort: settings['resolution.authority-port'],
    allowLoopbackAuthorities: settings['resolution.allow-loopback-authorities'],
    ownAddresses,
    qnameMinimisation: minimisation(settings),
    minimisedType: TYPE[settings['resolution.qname-minimisation-type']],
    ipv4: settings['resolution.ipv4'],
    ipv6: settings['resolution.ipv6'],
    nat64Prefix: settings['resolution.nat64-prefix'],
    routes: [
      ...settings['resolution.stub-zones'].map((route) => ({ kind: 'stub' as const, ...route })),
      ...settings['resolution.forward-zones'].map((route) => ({ kind: 'forward' as const, ...route })),
    ],
    cookies: settings['resolution.cookies'],
    mixedCase: settings['resolution.mixed-case'],
    clientStrings: {
      optionCode: settings['resolution.client-string-option'],
      texts: settings['resolution.client-strings'],
    },
    nxdomainCut: settings['resolution.nxdomain-cut'],
    verifyReferrals: settings['resolution.verify-referrals'],
    verifyGlue: settings['resolution.verify-glue'],
    foreignGlue: settings['resolution.foreign-glue'],
    ...liveResolverSettings(settings, engines),
    aggressiveDenial: settings['dnssec.aggressive-denial'],
    errorReporting: settings['dnssec.error-reporting'],
    prefetch: settings['cache.prefetch'],
    ttlSeconds: ttlLimits(settings),
    originalTtls: settings['cache.serve-original-ttl'],
    dns64: dns64(settings),
    serveStale: serveStale(settings),
  }
}

/** What an engine takes over while it runs. */
export function liveResolverSettings(settings: Settings, engines = 1): LiveResolverSettings {
  const zones = localZones(settings)
  return {
    ...privateAddresses(settings),
    local: (name, type) => zones.answer(name, type),
    limits: resolverLimits(settings),
    outstanding: outstandingLimits(settings, outstandingMax(settings, engines)),
  }
}

/** How much work the engine takes on. */
export function resolverLimits(settings: Settings): ResolverLimits {
  return {
    proof: {
      signatures: settings['limits.signatures'],
      failedSignatures: settings['limits.failed-signatures'],
      sha1Calls: settings['limits.nsec3-sha1-calls'],
      rrsigsPerRrset: settings['limits.rrsigs-per-rrset'],
      keysPerTag: settings['limits.keys-per-tag'],
      dsTried: settings['limits.ds-tried'],
      denialRrsets: settings['limits.denial-rrsets'],
    },
    nsec3Iterations: settings['dnssec.nsec3-iterations-max'],
    upstreamQueries: settings['limits.upstream-queries'],
    upstreamQueriesPerQuestion: settings['limits.upstream-queries-per-question'],
    upstreamOctets: settings['limits.upstream-octets'],
    nameServers: settings['limits.name-servers'],
    nameServersPerDelegation: settings['limits.name-servers-per-delegation'],
    depth: settings['limits.depth'],
    aliases: settings['limits.aliases'],
    referrals: settings['limits.referrals'],
    minimisedLabels: settings['limits.minimised-labels'],
    timeMs: settings['limits.time-ms'],
    refreshes: settings['limits.refreshes'],
  }
}

function privateAddresses(settings: Settings): PrivateSettings {
  return {
    privateAddresses: settings['resolution.private-addresses'],
    privateDomains: settings['resolution.private-domains'],
  }
}

/** Whether clients are served as they come, and only what their shares would be is counted. */
export function triesOutFairShare(settings: Settings): boolean {
  return settings['limits.dry-run'].includes('fair-share')
}

/** Questions that one of so many engines may have on their way at once. */
export function outstandingMax(settings: Settings, engines: number): number {
  return Math.ceil(settings['limits.upstream-outstanding'] / engines)
}

function outstandingLimits(settings: Settings, all: number): OutstandingLimits {
  return {
    // Where threads are many and sockets of each few, one zone does not get them all.
    perZone: Math.min(settings['limits.outstanding-per-zone'], Math.floor(all / 2)),
    perServer: settings['limits.outstanding-per-server'],
    backOff: {
      questions: settings['limits.outstanding-back-off.questions'],
      low: settings['limits.outstanding-back-off.low'],
      high: settings['limits.outstanding-back-off.high'],
      weight: settings['limits.outstanding-back-off.weight'],
    },
    all,
    dryRun: new Set(settings['limits.dry-run']),
  }
}

function minimisation(settings: Settings): ResolverSettings['qnameMinimisation'] {
  if (!settings['resolution.qname-minimisation']) return 'off'
  return settings['resolution.qname-minimisation-strict'] ? 'strict' : 'relaxed'
}

function dns64(settings: Settings): Dns64Settings | undefined {
  const prefix = settings['dns64.prefix']
  return prefix && { prefix, exclude: settings['dns64.exclude'], ignoreAaaa: settings['dns64.ignore-aaaa'] }
}

/** Who wants clients to see what the zone gave wants no bounds on it either. */
function ttlLimits(settings: Settings): TtlLimits {
  const original = settings['cache.serve-original-ttl']
  return {
    min: original ? 0 : settings['cache.ttl.min-seconds'],
    max: original ? TTL_SECONDS_MAX : settings['cache.ttl.max-seconds'],
    negativeMax: settings['cache.ttl.negative-max-seconds'],
  }
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
