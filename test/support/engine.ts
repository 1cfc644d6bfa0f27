/** An engine under a virtual clock, for tests that bring their own network. */
import { VirtualClock } from '../../src/base/clock.ts'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import {
  BACK_OFF_HIGH,
  BACK_OFF_LOW,
  BACK_OFF_QUESTIONS,
  BACK_OFF_WEIGHT,
  CLIENT_STRING_OPTION,
  NEGATIVE_TTL_SECONDS_MAX,
  OUTSTANDING_PER_SERVER_MAX,
  OUTSTANDING_PER_ZONE_MAX,
  TTL_SECONDS_MAX,
  UPSTREAM_OUTSTANDING_MAX,
} from '../../src/base/limits.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import type { KeyImport } from '../../src/dnssec/keys.ts'
import { type TrustAnchor, TrustAnchors } from '../../src/dnssec/trust-anchors.ts'
import { ValidationPolicy, type ValidationPolicyOptions } from '../../src/policy/validation-policy.ts'
import type { Context } from '../../src/resolver/context.ts'
import { Resolver, type ResolverParts } from '../../src/resolver/engine.ts'
import type {
  EngineCounters,
  LateVerdict,
  ResolverSettings,
  Trace,
  TraceEvent,
  Upstream,
  Watch,
  WorkNote,
} from '../../src/resolver/ports.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { type EntryReply, entryReply } from './entry.ts'

/** Everything a test may want to look at. */
export interface TestEngine {
  readonly clock: VirtualClock
  readonly resolver: Resolver
  readonly policy: ValidationPolicy
  readonly rrsets: RrsetCache
  readonly answers: AnswerCache
  readonly counts: Map<string, number>
  readonly faults: unknown[]
  /** Asks, moving the clock until the answer is there. */
  ask(name: string, type: number, trace?: Trace): Promise<EntryReply>
}

export interface TestEngineOptions {
  readonly unixSeconds: number
  readonly anchors: readonly TrustAnchor[]
  readonly rootHints: ResolverSettings['rootHints']
  /** By how much timers fire too early, as those of Node do, which count whole milliseconds; 0 when left out. */
  readonly timersEarlyMs?: number
  /** Made under the engine's clock. */
  readonly network: (clock: VirtualClock, random: Random) => Upstream
  readonly settings?: Partial<ResolverSettings>
  readonly policy?: Partial<ValidationPolicyOptions>
  readonly seed?: number
  /** Instead of a seeded one. */
  readonly random?: Random
  readonly importKey?: KeyImport
  /** What the platform can compute; found out by its self-test when not given. */
  readonly platform?: Context['platform']
  readonly noteWork?: WorkNote
  readonly onLateVerdict?: LateVerdict
  readonly betweenSteps?: () => void
  readonly watch?: Watch
}

/** Tests make hundreds of engines, and none meets more servers or zones than this. */
const TABLE_ENTRIES = 1_000
const CACHE_OCTETS = 1 << 20
/** Longest that a question may take, virtual milliseconds. */
const PATIENCE_MS = 30_000

/** As in the defaults of the configuration, but for labs: IPv4 alone, loopback allowed, nothing fetched in advance. */
export const ENGINE_SETTINGS: Omit<ResolverSettings, 'rootHints'> = {
  authorityPort: 53,
  allowLoopbackAuthorities: true,
  ownAddresses: [],
  qnameMinimisation: 'relaxed',
  minimisedType: TYPE.A,
  ipv4: true,
  ipv6: false,
  nat64Prefix: undefined,
  routes: [],
  cookies: true,
  mixedCase: false,
  clientStrings: { optionCode: CLIENT_STRING_OPTION, texts: [] },
  nxdomainCut: true,
  verifyReferrals: false,
  verifyGlue: false,
  foreignGlue: false,
  privateAddresses: [],
  privateDomains: [],
  limits: RESOLVER_LIMITS,
  aggressiveDenial: true,
  errorReporting: false,
  prefetch: false,
  outstanding: {
    perZone: OUTSTANDING_PER_ZONE_MAX,
    perServer: OUTSTANDING_PER_SERVER_MAX,
    backOff: {
      questions: BACK_OFF_QUESTIONS,
      low: BACK_OFF_LOW,
      high: BACK_OFF_HIGH,
      weight: BACK_OFF_WEIGHT,
    },
    all: UPSTREAM_OUTSTANDING_MAX,
    dryRun: new Set(),
  },
  ttlSeconds: { min: 0, max: TTL_SECONDS_MAX, negativeMax: NEGATIVE_TTL_SECONDS_MAX },
  dns64: undefined,
  originalTtls: false,
  serveStale: undefined,
}

/** A clock whose timers fire too early. */
class HastyClock extends VirtualClock {
  readonly #earlyMs: number

  constructor(unixSeconds: number, earlyMs: number) {
    super(unixSeconds)
    this.#earlyMs = earlyMs
  }

  override after(delayMs: number, fire: () => void): () => void {
    return super.after(delayMs - this.#earlyMs, fire)
  }
}

let tested: Context['platform'] | undefined

/** The self-test takes longer than most questions, so it is made once. */
function platform(): Context['platform'] {
  tested ??= { algorithms: selfTest(), digests: selfTestDigests() }
  return tested
}

export function makeEngine(options: TestEngineOptions): TestEngine {
  const clock = new HastyClock(options.unixSeconds, options.timersEarlyMs ?? 0)
  const random = options.random ?? seededRandom(options.seed ?? 1)
  const hashKey = drawHashKey(random)
  const nowMs = (): number => clock.nowMs()
  const rrsets = new RrsetCache({ bytesMax: CACHE_OCTETS, hashKey, nowMs })
  const answers = new AnswerCache({ bytesMax: CACHE_OCTETS, hashKey })
  const anchors = new TrustAnchors(options.anchors)
  const policy = new ValidationPolicy({ clock, mode: 'enforce', anchors, ...options.policy })
  const counts = new Map<string, number>()
  const faults: unknown[] = []
  const resolver = new Resolver({
    clock,
    random,
    policy,
    rrsets,
    answers,
    upstream: options.network(clock, random),
    counters: countInto(counts),
    platform: options.platform ?? platform(),
    ...(options.importKey === undefined ? {} : { importKey: options.importKey }),
    onFault: (fault) => faults.push(fault),
    tableEntriesMax: TABLE_ENTRIES,
    ...(options.noteWork === undefined ? {} : { noteWork: options.noteWork }),
    ...(options.onLateVerdict === undefined ? {} : { onLateVerdict: options.onLateVerdict }),
    watch: options.watch,
    ...(options.betweenSteps === undefined ? {} : { betweenSteps: options.betweenSteps }),
    settings: { ...ENGINE_SETTINGS, rootHints: options.rootHints, ...options.settings },
  })
  const ask = async (name: string, type: number, trace?: Trace): Promise<EntryReply> => {
    let entry: Uint8Array | undefined
    const asking = resolver.resolve({ name: nameFrom(name), type, checkingDisabled: false }, trace)
    const done = asking.then((reply) => {
      entry = reply.entry
    })
    await clock.runUntil(() => entry !== undefined, PATIENCE_MS)
    if (entry === undefined) throw new Error(`${name}: no answer within ${PATIENCE_MS} ms`)
    await done
    if (faults.length > 0) throw faults[0]
    return entryReply(entry, clock.nowMs())
  }
  return { clock, resolver, policy, rrsets, answers, counts, faults, ask }
}

/** What another resolver in the world of this engine is made of, but for its caches, its settings and its way out. */
export function besides({
  clock,
  policy,
  faults,
}: Pick<TestEngine, 'clock' | 'policy' | 'faults'>): Pick<
  ResolverParts,
  'clock' | 'random' | 'policy' | 'counters' | 'platform' | 'onFault' | 'tableEntriesMax'
> {
  return {
    clock,
    random: seededRandom(1),
    policy,
    counters: countInto(new Map()),
    platform: platform(),
    onFault: (fault) => faults.push(fault),
    tableEntriesMax: TABLE_ENTRIES,
  }
}

function countInto(counts: Map<string, number>): EngineCounters {
  const add = (key: string, by = 1): void => void counts.set(key, (counts.get(key) ?? 0) + by)
  return {
    upstreamQuery: (transport) => add(`query ${transport}`),
    upstreamFailure: (reason) => add(`failure ${reason}`),
    upstreamRace: (winner) => add(`race ${winner}`),
    upstreamLook: () => add('look'),
    validation: (verdict) => add(`validation ${verdict}`),
    bogus: (reason) => add(`bogus ${reason}`),
    signatureVerification: () => add('signatures'),
    nsec3Hash: (calls) => add('hashes', calls),
    limitHit: (limit, zone) => {
      add(`limit ${limit}`)
      if (zone !== undefined) add(`limit ${limit} by ${formatName(zone)}`)
    },
    limitTried: (limit) => add(`dry run ${limit}`),
    errorReport: (outcome) => add(`report ${outcome}`),
    synthesised: (kind) => add(`synthesised ${kind}`),
    keysAhead: (stage) => add(`keys ahead ${stage}`),
    rootCopyAnswer: () => add('root copy'),
  }
}

/** Keeps trace events for looking at. */
export function collector(): { readonly events: TraceEvent[]; readonly trace: Trace } {
  const events: TraceEvent[] = []
  return { events, trace: (event) => void events.push(event) }
}
