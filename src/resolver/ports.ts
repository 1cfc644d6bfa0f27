/** What the engine asks of the world around it. Production, simulation and replay each bring their own. */

import type { Zone } from '../authority/zone.ts'
import type { Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Prefix } from '../base/prefix.ts'
import type { Random } from '../base/random.ts'
import type { TrustAnchors } from '../dnssec/trust-anchors.ts'
import type { ExtendedError } from '../wire/edns.ts'
import type { Name } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { OutstandingLimits } from './outstanding.ts'
import type { ClientStrings } from './query-edns.ts'
import type { ResolverLimits } from './resolver-limits.ts'
import type { TtlLimits } from './ttl-limits.ts'

export type { Clock, Endpoint, Random }

/** One question to one server. */
export interface UpstreamRequest {
  readonly server: Endpoint
  readonly transport: 'udp' | 'tcp'
  /** The whole query message, id included. */
  readonly message: Uint8Array
  readonly timeoutMs: number
  /** By TCP: over a connection of its own, on which nothing else is asked. */
  readonly alone?: true
  /** Octets of a datagram that is taken; `UDP_PAYLOAD_OCTETS` when left out. */
  readonly datagramOctetsMax?: number
}

/**
 * What came of it. A reply matches its query: id, QR, opcode and question (octet for octet) were compared. Nothing changes
 * the octets of its message any more.
 */
export type UpstreamResult =
  | { readonly kind: 'reply'; readonly message: Uint8Array; readonly rttMs: number }
  | { readonly kind: 'failure'; readonly reason: UpstreamFailure; readonly detail?: string }

/**
 * - `timeout`: nothing that matched came in time
 * - `refused`: the host said that nothing listens (ICMP, RST)
 * - `unreachable`: no route, or the address family is off
 * - `near-miss`: too many datagrams from the right address did not match: somebody may be guessing (attack A01)
 * - `closed`: the stream ended before a whole reply
 * - `resources`: no socket could be had here
 */
export type UpstreamFailure = 'timeout' | 'refused' | 'unreachable' | 'near-miss' | 'closed' | 'resources'

/** The way to authorities. */
export interface Upstream {
  ask(request: UpstreamRequest): Promise<UpstreamResult>
}

/** Whether answers are judged, and whether the verdict is enforced. */
export type ValidationMode = 'off' | 'observe' | 'enforce'

/** What the operator decided. Read at every question, so a change acts at once. */
export interface ResolverPolicy {
  /** Raised by every change that may alter a verdict; entries judged under an older number are judged again. */
  readonly sequence: number
  readonly mode: ValidationMode
  readonly anchors: TrustAnchors
  /** Some clients are given bogus data: all of them where the mode is `observe`, those who are spared where it is `enforce`. */
  readonly sparesSome: boolean
  /** True when a negative trust anchor or an insecure zone covers the name and no positive anchor lies between. */
  negativeTrustAnchor(name: Name): boolean
  /** Which of them, where one does: the deeper one, and of two at one name the anchor, which has an end. */
  exceptionAt(name: Name): 'negative-trust-anchor' | 'insecure-zone' | undefined
  /** DNSKEY algorithms that count as unsupported (`dnssec.disabled-algorithms`). */
  readonly disabledAlgorithms: ReadonlySet<number>
  /** DS digest types that count as unsupported. */
  readonly disabledDigests: ReadonlySet<number>
  readonly skewSecondsMin: number
  readonly skewSecondsMax: number
}

/** How the engine resolves. Fixed for its lifetime, but for `LiveResolverSettings`. */
export interface ResolverSettings {
  /** Addresses of root servers to prime from (RFC 9609). */
  readonly rootHints: readonly { readonly name: Name; readonly addresses: readonly Uint8Array[] }[]
  /** Where authorities listen; 53 but in labs. */
  readonly authorityPort: number
  /** Lets 127.0.0.0/8 and ::1 be asked; labs only (attack B08). */
  readonly allowLoopbackAuthorities: boolean
  /** The resolver's own listening addresses, never asked. */
  readonly ownAddresses: readonly Endpoint[]
  readonly qnameMinimisation: 'off' | 'relaxed' | 'strict'
  /** Type of shortened questions: A as RFC 9156 2.1 advises, or NS. */
  readonly minimisedType: number
  readonly ipv4: boolean
  readonly ipv6: boolean
  /** Leads to IPv4 addresses where IPv4 itself is off (RFC 6052). */
  readonly nat64Prefix: Prefix | undefined
  /** Zones whose servers the operator gave. */
  readonly routes: readonly Route[]
  readonly clientStrings: ClientStrings
  /** Servers are shown cookies (RFC 7873). */
  readonly cookies: boolean
  /** Names in questions to servers have their letters in random case. */
  readonly mixedCase: boolean
  /** A proven NXDOMAIN denies all below it too (RFC 8020). */
  readonly nxdomainCut: boolean
  /** NS sets of referrals, and addresses in the zone, are asked of the zone itself before they are used. */
  readonly verifyReferrals: boolean
  /** Addresses of servers outside the delegated zone are looked up, not taken from the referral. */
  readonly verifyGlue: boolean
  /** A referral's addresses of servers outside the zone that gave it are used for that referral. */
  readonly foreignGlue: boolean
  /** Addresses that answers must not hold, but in `privateDomains`. */
  readonly privateAddresses: readonly Prefix[]
  readonly privateDomains: readonly Name[]
  /** Cached NSEC and NSEC3 records answer what they deny (RFC 8198). */
  readonly aggressiveDenial: boolean
  /** Data that does not validate is reported to whom its server names for that (RFC 9567). */
  readonly errorReporting: boolean
  readonly prefetch: boolean
  /** Bounds of the work that a query may cause. */
  readonly limits: ResolverLimits
  /** Bounds of questions in work. */
  readonly outstanding: OutstandingLimits
  /** Bounds of what is kept, seconds. */
  readonly ttlSeconds: TtlLimits
  /** Undefined where nothing is translated. */
  readonly dns64: Dns64Settings | undefined
  /** Clients see the TTLs that zones gave, not what remains of them. */
  readonly originalTtls: boolean
  /** Undefined where nothing is given after its end. */
  readonly serveStale: ServeStale | undefined
  /**
   * What is answered before anybody is asked. Answers that were under way are not kept; aliases and translations that lead there end
   * there. Nothing when left out.
   */
  readonly local?: ((name: Name, type: number) => LocalAnswer | undefined) | undefined
}

/** What a zone that is served here has to say: RRsets without signatures, owner names as the zone has them. */
export type LocalAnswer =
  | {
      readonly kind: 'data'
      readonly rcode: number
      readonly answer: readonly Rrset[]
      readonly authority: readonly Rrset[]
      readonly ede: readonly ExtendedError[]
    }
  /** A CNAME, after the DNAME that made it, if one did. The answer is that of its target. */
  | { readonly kind: 'alias'; readonly answer: readonly Rrset[]; readonly target: Name }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'deny' }

/** What answers about public names must not hold. */
export type PrivateSettings = Pick<ResolverSettings, 'privateAddresses' | 'privateDomains'>

/** The settings that may change while an engine lives. */
export type LiveResolverSettings = PrivateSettings &
  Pick<ResolverSettings, 'limits' | 'outstanding' | 'local'>

/** A stub zone (iterative questions to the given servers) or a forward zone (recursive ones, to a resolver). */
export interface Route {
  readonly kind: 'stub' | 'forward'
  readonly name: Name
  readonly addresses: readonly Endpoint[]
  /** Servers whose addresses are looked up. */
  readonly servers: readonly Name[]
  /** The delegated servers are asked when these fail. */
  readonly fallback: boolean
  /** Answers are kept. */
  readonly cache: boolean
}

/** A copy of the root zone that answers in place of the root servers (RFC 8806): whole, and proven to be the root's. */
export interface RootCopy {
  readonly zone: Zone
  /** From then on it says nothing any more, since nobody has confirmed it for too long: monotonic milliseconds … */
  readonly endsMs: number
  /** … or since signatures that prove it have ended: seconds since 1970. */
  readonly endsSeconds: number
}

/** RFC 6147. */
export interface Dns64Settings {
  /** Leads to IPv4 addresses, for clients (RFC 6052). */
  readonly prefix: Prefix
  /** AAAA records with these addresses count as none. */
  readonly exclude: readonly Prefix[]
  /** Names, with all below, whose AAAA records count as none where they have A records. */
  readonly ignoreAaaa: readonly Name[]
}

/** RFC 8767. */
export interface ServeStale {
  /** Time that a client waits for a fresh answer. */
  readonly clientTimeoutMs: number
  /** How long after its end data may be given. */
  readonly maxSeconds: number
  /** TTL of such data. */
  readonly ttlSeconds: number
  /** Formerly secure data is given also when the zone is bogus now. */
  readonly afterBogus: boolean
}

/** Counters that the engine raises; names as in the metrics. */
export interface EngineCounters {
  upstreamQuery(transport: 'udp' | 'tcp'): void
  upstreamFailure(reason: string): void
  /** Another server was asked because the first was late; whose reply was the first good one? */
  upstreamRace(winner: 'first' | 'other'): void
  /** A server was asked beside another one, to learn how it is. */
  upstreamLook(): void
  validation(verdict: string): void
  bogus(reason: string): void
  signatureVerification(algorithm: number): void
  nsec3Hash(calls: number): void
  /**
   * A bound on work was met.
   *
   * @param zone that caused it, where one can be named
   */
  limitHit(limit: string, zone?: Name): void
  /** A bound that is only tried out would have been met. */
  limitTried(limit: string): void
  /** Bogus data was reported to whom its zone named (RFC 9567), or was not because another report had just gone. */
  errorReport(outcome: 'sent' | 'held-back'): void
  /** An answer was made of cached proofs: `nxdomain`, `nodata` or `wildcard`. */
  synthesised(kind: string): void
  /** A zone's keys were asked for before anybody was known to need them; they were needed. */
  keysAhead(stage: 'asked' | 'used'): void
  /** The copy of the root zone answered in place of the root servers. */
  rootCopyAnswer(): void
}

/** One step worth telling, for `lookup --trace` and tests. Octets, not text: formatting is the listener's. */
export type TraceEvent =
  | {
      readonly kind: 'exchange'
      readonly server: Endpoint
      readonly transport: 'udp' | 'tcp'
      readonly zone: Name
      readonly name: Name
      readonly type: number
      readonly outcome: string
      readonly octets: number
      /** When it was sent, by the engine's clock. */
      readonly startMs: number
      /** Until the reply, or until nobody waited any more. */
      readonly rttMs: number
      /** How long the server would have been given. */
      readonly timeoutMs: number
    }
  | {
      /** One link of the chain of trust: the DS set of a zone, its DNSKEY set, or an RRset under a zone's keys. */
      readonly kind: 'link'
      readonly zone: Name
      readonly owner: Name
      readonly type: number
      readonly keyTag?: number
      readonly algorithm?: number
      /** RRSIG expiration, seconds since 1970 (serial arithmetic, RFC 4034 3.1.5). */
      readonly expiration?: number
      readonly verdict: 'secure' | 'insecure' | 'bogus' | 'indeterminate'
      readonly reason: string
      readonly detail: string
    }

/** One question to one server, as a trace has it. */
export type Exchange = Extract<TraceEvent, { readonly kind: 'exchange' }>

/** A resolution that somebody watches, whoever waits for it. */
export interface Watched {
  readonly trace: Trace
  /** Told once, with the verdict and why it is that. */
  ended(judged: { readonly status: string; readonly reason: string }): void
}

/** Chooses resolutions to watch. */
export type Watch = (question: AskedQuestion) => Watched | undefined

/** What a client asked. */
export interface AskedQuestion {
  readonly name: Name
  readonly type: number
  /** See `ClientQuestion.client`. */
  readonly client?: number | undefined
}

/**
 * Told which client question the engine works on, whenever it begins with one or goes on after it waited for a server
 * or gave way: undefined when it is work of its own. What is told last is to blame should the thread end.
 */
export type WorkNote = (question: AskedQuestion | undefined) => void

/** A listener to one resolution. */
export type Trace = (event: TraceEvent) => void

/**
 * The boundary between front and resolver: a message each way, octets and numbers only, so that it can cross threads.
 */
export interface ClientQuestion {
  /** The name as the client wrote it. */
  readonly name: Name
  readonly type: number
  /** The client set CD: it wants the data whatever the verdict. */
  readonly checkingDisabled: boolean
  /** The client did not set RD: what is in the caches, or the closest delegation there; nobody is asked. */
  readonly cachedOnly?: boolean
  /** `enforced` when left out. */
  readonly verdict?: VerdictNeed
  /**
   * The client, for who shares out, 32 bits with a sign: above a keyed hash of the network that it shares with others, below one of its
   * own (`base/client-network.ts`).
   */
  readonly client?: number | undefined
  /** The client as the report counts it, by the prefixes that the operator set for that: as wide a number. */
  readonly reportedClient?: number | undefined
}

/**
 * What a client makes of a verdict: it gets SERVFAIL by it (`enforced`), it only would like to know (`wanted`: AD or
 * DO), or it takes the data as it is (`unneeded`). Only the first waits for it as long as it takes.
 */
export type VerdictNeed = 'enforced' | 'wanted' | 'unneeded'

/** Told of a verdict that came after its question was answered. */
export type LateVerdict = (question: ClientQuestion, entry: Uint8Array) => void

/** What comes back: an answer entry (`cache/answer-entry.ts`), to be finished for this client by the front. */
export interface ClientReply {
  readonly entry: Uint8Array
  /** The answer has run out, and nothing newer is to be had in time (RFC 8767). */
  readonly stale?: boolean
  /** Too much waits already, so nobody works on it: a client by UDP had better get nothing. */
  readonly shed?: boolean
}

/** The resolver as the front sees it. Never rejects: our own fault is an entry with SERVFAIL. */
export interface ResolverPort {
  resolve(question: ClientQuestion, trace?: Trace): Promise<ClientReply>
  /** An answer in the last tenth of its lifetime was asked for. Returns at once; nobody is told what comes of it. */
  prefetch(name: Name, type: number): void
}
