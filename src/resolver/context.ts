/** What every step of the engine is given: the parts it works with, and the query it works for. */
import type { Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { DenialRanges, VerifiedDenial } from '../cache/denial-ranges.ts'
import type { ExpiringTable } from '../cache/expiring-table.ts'
import type { FailureCache } from '../cache/failure-cache.ts'
import type { RrsetCache, VerdictToStore } from '../cache/rrset-cache.ts'
import type { ServerTable } from '../cache/server-table.ts'
import type { BrokenLink } from '../dnssec/broken-link.ts'
import type { KeyTable } from '../dnssec/keys.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import type { ZoneKeys } from '../dnssec/rrset-signature.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import { type Name, nameKey } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { Meaning } from './classify.ts'
import type { Cut } from './cut.ts'
import type { HeldOctets } from './held-octets.ts'
import type { Flight, InFlight } from './in-flight.ts'
import type { Outstanding } from './outstanding.ts'
import type {
  AskedQuestion,
  EngineCounters,
  ResolverPolicy,
  ResolverSettings,
  RootCopy,
  Trace,
  Upstream,
  WorkNote,
} from './ports.ts'
import type { ProofTurns } from './proof-turns.ts'
import type { QueryEdns } from './query-edns.ts'
import type { ResolverLimits } from './resolver-limits.ts'
import type { Routes } from './routes.ts'
import type { ServerCookies } from './server-cookies.ts'
import type { Speculation } from './speculation.ts'
import type { WorkBudget } from './work-budget.ts'

/**
 * What is here already, or what will be: to be awaited either way. Who finds it in a cache makes no promise of
 * it, and who hands on somebody's promise makes none around that: there are dozens of such steps for every cold name.
 */
export type Soon<T> = T | Promise<T>

/** The parts, one set an engine. */
export interface Context {
  readonly clock: Clock
  readonly random: Random
  readonly upstream: Upstream
  readonly policy: ResolverPolicy
  readonly settings: ResolverSettings
  /** As they are now; a job has those that it began with. */
  readonly limits: () => ResolverLimits
  readonly queryEdns: QueryEdns
  /** Undefined where servers are shown no cookies. */
  readonly cookies: ServerCookies | undefined
  readonly routes: Routes
  /** The copy of the root zone, while there is one. */
  readonly rootCopy: { copy: RootCopy | undefined }
  /** As `ResolverSettings` has it; it may change. */
  local: ResolverSettings['local']
  readonly counters: EngineCounters
  readonly outstanding: Outstanding
  readonly held: HeldOctets
  readonly proofTurns: ProofTurns
  readonly rrsets: RrsetCache
  /** What zones have proven not to exist (RFC 8198). */
  readonly denials: DenialRanges
  readonly failures: FailureCache
  readonly servers: ServerTable
  readonly keys: KeyTable
  /** Algorithms and digests that passed the self-test of this platform. */
  readonly platform: { readonly algorithms: ReadonlySet<number>; readonly digests: ReadonlySet<number> }
  /** What is known of zones' keys, by folded apex name. */
  readonly trust: ExpiringTable<KnownTrust>
  /** How often in a row asking other servers of a zone made nothing better, by folded zone name. */
  readonly vainRetries: ExpiringTable<number>
  /** Where the chain of what is cached as bogus breaks, by type and folded owner. */
  readonly brokenLinks: ExpiringTable<BrokenLink>
  readonly reports: ReportsSent
  readonly noteWork: WorkNote
  /** Called between steps of work, each well below a millisecond, for what in the same thread comes before it. */
  readonly betweenSteps: () => void
  /** DS and DNSKEY sets that were fetched anew a moment ago because something did not match them, by type and folded apex. */
  readonly refetches: ExpiringTable<true>
  /** Learning the root's servers. */
  readonly primings: InFlight<Cut | ResolutionFailure>
  /** Zones of whose servers none may be asked at present, by folded name and kind of question (`leftAloneKey`): what one fails with. */
  readonly leftAlone: ExpiringTable<ResolutionFailure>
  /** Questions to the servers of a zone. */
  readonly asks: InFlight<Useful<Meaning> | ResolutionFailure>
  readonly fetches: InFlight<Fetched>
  readonly lookups: InFlight<Found>
  /** `lookup.ts`, handed in here because the steps need each other: a proof needs look-ups, a look-up needs proof. */
  lookup(job: Job, name: Name, type: number, anew?: boolean): Soon<Found>
  /** `fetch.ts`: the same without a verdict, for addresses of name servers. */
  fetchData(job: Job, name: Name, type: number, anew?: boolean): Soon<Fetched>
  /** Work that no client waits for, on an allowance of its own. */
  aside(work: (job: Job) => Promise<void>): void
  /** Work beside that of a client's question, on the allowance of that; whoever needs what it finds joins it. */
  beside(work: () => Promise<void>): void
  /**
   * The same for what is about to run out, if such things are fetched in advance: once at a time under a key, and not
   * again soon when `work` says that it was of no use.
   */
  renew(key: string, work: (job: Job) => Promise<boolean>): void
}

/** One client query at work. Sub-questions get a job of their own that shares budget and trace. */
export interface Job {
  readonly budget: WorkBudget
  readonly trace: Trace | undefined
  /** The flight that waits for what this job asks. */
  readonly flight: Flight
  /** How deep look-ups of name-server addresses nest. */
  readonly depth: number
  /** The policy that was in force when the work began: what it judges is stored under this number. */
  readonly policySequence: number
  /** It looks up the name of an error report. */
  readonly isReport?: true | undefined
  /** What was fetched for the client's question before it is judged (`data-first.ts`), by type and name. */
  readonly fetched?: Map<string, Data> | undefined
  /** The job that will judge what is fetched, so that it may begin while that is asked; undefined where none will. */
  readonly judge?: Job | undefined
  /** What the client asked; undefined for work that no client waits for. */
  readonly asked?: AskedQuestion | undefined
}

/** What is remembered of error reports. */
export interface ReportsSent {
  /** Agents that were told something a moment ago, by the key of their name. */
  readonly agents: ExpiringTable<true>
  /** Reports on their way. */
  underWay: number
}

/** The same work under another flight. Spelt out, so that all jobs look alike: a copy with a change is slow to make. */
export function underFlight(job: Job, flight: Flight): Job {
  const { budget, trace, depth, policySequence, isReport, fetched, judge, asked } = job
  return { budget, trace, flight, depth, policySequence, isReport, fetched, judge, asked }
}

/** The same work, which `judge` goes on with when its data is there. */
export function judgedBy(job: Job, judge: Job): Job {
  const { budget, trace, flight, depth, policySequence, isReport, fetched, asked } = job
  return { budget, trace, flight, depth, policySequence, isReport, fetched, judge, asked }
}

/** A verdict on data, and why. */
export interface Judgement {
  readonly status: SecurityStatus
  readonly reason: Reason
  /** Names the zone and the failing link; empty when there is nothing to tell. */
  readonly detail: string
  /** The chain of trust could not be fetched: the question fails, no zone is called bogus. */
  readonly transient?: boolean | undefined
  /** The fault is in the chain of trust above the data: the data need not be asked of other servers. */
  readonly inChain?: boolean | undefined
  /** `bogus`: where the chain of trust breaks. */
  readonly link?: BrokenLink | undefined
}

/** An expected failure: a value, not an exception. */
export interface ResolutionFailure {
  readonly kind: 'failure'
  readonly reason: Reason
  readonly detail: string
  /** Seconds for which the failure stands, when it is kept at all. */
  readonly ttlSeconds?: number
  /** It happened before, and nobody was asked again. */
  readonly cached?: boolean
  /** Nobody was asked at all: all servers are left alone after earlier failures. */
  readonly untried?: boolean
  /** Nobody waited for the answer, so a server's silence was the end of it (`speculation.ts`). */
  readonly unneeded?: boolean
  /** Some servers of the zone lie in it, and their glue has run out: the zone above has it. */
  readonly lacksGlue?: boolean
  /** Late servers were not waited for: who asked can do without (`Asking.mayBeLeftOut`). */
  readonly leftOut?: boolean
}

/** A useful reply and who gave it (`endpointKey`). */
export interface Useful<T> {
  readonly kind: 'useful'
  readonly value: T
  readonly server: string
  /** Undefined for what is answered here. */
  readonly endpoint: Endpoint | undefined
  /** To whom errors in it may be reported (RFC 9567). */
  readonly agent?: Name | undefined
  /** Another server may know better, and who asked does not mind (`Asking.probing`). */
  readonly isDoubted?: boolean
}

/** What the network (or the cache) says of a name and type, before anybody judged it. */
export interface Data {
  /** `alias`: a CNAME at the name, after the DNAME that made it, if one did. */
  readonly kind: 'records' | 'alias' | 'negative'
  readonly rcode: number
  /** The RRsets of the answer; none for `negative`. */
  readonly answer: readonly Rrset[]
  /** `negative`: SOA, NSEC, NSEC3. Else: NSEC and NSEC3, which a wildcard answer needs. */
  readonly authority: readonly Rrset[]
  /** Where an alias leads; undefined when it has no answer (DNAME substitution too long, RFC 6672 2.2). */
  readonly target?: Name | undefined
  /** The server's own CNAME is not the one that the DNAME makes (RFC 6672 5.3.1). */
  readonly contradicted?: boolean | undefined
  /** Records of the answer were left out because no record of their type can look so. */
  readonly misshapen?: boolean | undefined
  /** RRsets further down a chain of aliases, unasked for but from the same zone. */
  readonly further?: readonly Rrset[] | undefined
  /** The ancestor of the name that an NXDOMAIN was given for (RFC 8020); undefined when it is about the name itself. */
  readonly denied?: Name | undefined
  /** Seconds that the cache has left for the whole; undefined for what just came. */
  readonly ttlSeconds?: number
  /** The verdict of an earlier judging under the present policy. */
  readonly judged?: Judgement | undefined
  /** Who said it (`endpointKey`); empty when it came from the cache. */
  readonly server: string
  /** The forwarder that said it, for people; undefined when an authority or the cache did. */
  readonly forwarder?: string | undefined
  /** To whom errors in what just came may be reported (RFC 9567). */
  readonly agent?: Name | undefined
  /** Of what this forwarder says nothing is kept. */
  readonly uncached?: true | undefined
}

export type Fetched = Data | ResolutionFailure

/** Judged data. `ttlSeconds` is how long the whole may be kept. */
export interface Proven extends Data {
  readonly judged: Judgement
  readonly ttlSeconds: number
  /** The proofs among the data that were verified, with their zone. */
  readonly proofs?: VerifiedDenial | undefined
  /** The RRsets of wildcards that made part of the answer, as the wildcards own them. */
  readonly wildcards?: readonly Rrset[] | undefined
}

export type Found = Proven | ResolutionFailure

/**
 * What is known of a zone: its keys, or why it has none. `transient` says that the chain could not be fetched, so
 * that the fault is the path's rather than the zone's.
 */
export type ZoneTrust =
  | { readonly status: 'secure'; readonly zone: Name; readonly keys: ZoneKeys; readonly sinceMs: number }
  | (Judgement & { readonly status: 'insecure' | 'indeterminate' | 'bogus'; readonly zone: Name })

/** A zone's trust with the policy that it was found under. */
export interface KnownTrust {
  readonly trust: ZoneTrust
  readonly policySequence: number
  /** When it was found, in the clock's monotonic milliseconds, and for how long it counts. */
  readonly storedMs: number
  readonly ttlSeconds: number
  /** Told when somebody goes by it, where it was found before anybody was known to need it. */
  readonly speculation: Speculation | undefined
}

/** How data is stored that nobody judged yet. */
export function unjudged({ policySequence }: Job): VerdictToStore {
  return { status: 'indeterminate', reason: REASONS['not-judged'].number, policySequence }
}

/** The key of `Job.fetched`. */
export function fetchedKey(name: Name, type: number): string {
  return `${type} ${nameKey(name)}`
}

/** Makes a failure. */
export function failure(reason: Reason, detail: string): ResolutionFailure {
  return { kind: 'failure', reason, detail }
}

/** What judging makes of data. Spelt out, so that all of it looks alike: there is some for every link of every chain. */
export function proven(data: Data, judged: Judgement, ttlSeconds: number, parts: ProvenParts = data): Proven {
  const { kind, target, contradicted, misshapen, further, denied, server, forwarder, agent, uncached } = data
  const { rcode = data.rcode, answer = data.answer, authority = data.authority, proofs, wildcards } = parts
  return {
    kind,
    rcode,
    answer,
    authority,
    target,
    contradicted,
    misshapen,
    further,
    denied,
    ttlSeconds,
    judged,
    server,
    forwarder,
    agent,
    uncached,
    proofs,
    wildcards,
  }
}

/** What differs from the data as it came. */
type ProvenParts = Partial<Pick<Proven, 'rcode' | 'answer' | 'authority' | 'proofs' | 'wildcards'>>
