/** What the supervisor and its threads say to each other, and what a thread begins its life with. */
import type { Endpoint } from '../../base/address.ts'
import type { HashKey } from '../../base/keyed-hash.ts'
import type { RootHint } from '../../config/built-in-hints.ts'
import type { Settings } from '../../config/settings.ts'
import type { TrustAnchor } from '../../dnssec/trust-anchors.ts'
import type { HandedSockets } from '../../native/handed-sockets.ts'
import type { NegativeTrustAnchor } from '../../policy/validation-policy.ts'
import type { LimitCause } from '../../telemetry/limit-causes.ts'
import type { ReportData } from '../../telemetry/report/report-data.ts'
import type { Name } from '../../wire/name.ts'
import type { Rrset } from '../../wire/record.ts'
import type { Platform } from '../engine.ts'
import type { SharedRootCopy } from '../root-copy/shared.ts'
import type { RestoreReport, RestoreRequest } from '../snapshot/load.ts'
import type { ThreadChange } from './policy-channel.ts'
import type { SetAsideQuestion } from './set-aside.ts'
import type { SharedMemory } from './shared-memory.ts'
import type { LinkEnd } from './thread-link.ts'
import type { LogLevel } from './thread-log.ts'

/** The kinds of threads. */
export type ThreadKind = 'front' | 'resolver'

/** What changes of the policy have made of it; the rest is in the settings. */
export interface PolicyState {
  readonly anchors: readonly TrustAnchor[]
  readonly negativeTrustAnchors: readonly NegativeTrustAnchor[]
  readonly insecureZones: readonly Name[]
  readonly disabledAlgorithms: ReadonlySet<number>
  readonly disabledDigests: ReadonlySet<number>
  readonly skewSecondsMin: number
  readonly skewSecondsMax: number
}

/** What every thread begins with. */
export interface ThreadData {
  /** As in the metrics. */
  readonly name: string
  readonly settings: Settings
  readonly memory: SharedMemory
  readonly policy: PolicyState
  /** Links with all threads of the other kind, in their order. */
  readonly links: readonly LinkEnd[]
}

/** … a front thread. */
export interface FrontData extends ThreadData {
  readonly index: number
  /** The secret that says which clients are enforced first. */
  readonly rolloutKey: HashKey
  /** Memory of the `CookieSecrets` that all front threads read. */
  readonly cookieSecrets: SharedArrayBuffer
  readonly listen: readonly Endpoint[]
  /** An address of a family that the machine lacks is passed over. */
  readonly mayLackFamily: boolean
  /** It is told when to listen. */
  readonly waits: boolean
  /** Nobody else may listen there; later lives of the first thread, and other threads, find theirs there. */
  readonly mustBeFree: boolean
  /** Other front threads listen at the same addresses. */
  readonly sharesPorts: boolean
  /** This thread has clients by TCP. */
  readonly tcp: boolean
  /** Front threads in all: they share the bounds on clients. */
  readonly fronts: number
  /** Sockets of an earlier process, for this thread. */
  readonly inherited: HandedSockets
}

/** … a resolver thread. */
export interface ResolverData extends ThreadData {
  readonly index: number
  readonly resolvers: number
  /** See `Config.path`. */
  readonly configPath: string | undefined
  readonly rootHints: readonly RootHint[]
  /** Where this resolver itself listens. */
  readonly ownAddresses: readonly Endpoint[]
  readonly platform: Platform
  readonly setAside: readonly SetAsideQuestion[]
  readonly rootCopy: SharedRootCopy | undefined
  /** This thread is to see that the root validates. */
  readonly watchesRoot: boolean
}

/** To a thread. */
export type ToThread =
  /** The thread of the other kind with this number was started anew. */
  | { readonly kind: 'link'; readonly peer: number; readonly end: LinkEnd }
  | { readonly kind: 'policy'; readonly number: number; readonly change: ThreadChange }
  /** Resolver threads: forget what is cached, and say how much it was. */
  | { readonly kind: 'flush'; readonly name: Name | undefined; readonly alone: boolean }
  /** Front threads that wait for it: listen. */
  | { readonly kind: 'serve' }
  /** Resolver threads: take from this file what is theirs, and report. */
  | ({ readonly kind: 'restore' } & RestoreRequest)
  /** Resolver threads: this copy answers in place of the root servers. */
  | { readonly kind: 'root-copy'; readonly copy: SharedRootCopy }
  /** Resolver threads: get these records past the cache. */
  | { readonly kind: 'fetch'; readonly number: number; readonly name: Name; readonly type: number }
  /** Front threads: leave new clients to the process that has the same sockets, and say when the others are served. */
  | { readonly kind: 'leave'; readonly timeoutMs: number }
  /** Front threads: take no more questions, and answer those in work. Resolver threads: end what is under way. */
  | { readonly kind: 'drain'; readonly timeoutMs: number }
  /** Hand over what was counted for the report. */
  | { readonly kind: 'count' }
  /** Hand over who met limits. */
  | { readonly kind: 'limit-causes' }
  /** Close all sockets: this life is over. */
  | { readonly kind: 'close' }

/** From a thread. */
export type FromThread =
  /** It works. Front threads say where they listen, and by which sockets if another process could share them. */
  | { readonly kind: 'ready'; readonly endpoints: readonly Endpoint[]; readonly sockets?: HandedSockets }
  | { readonly kind: 'left' }
  | {
      readonly kind: 'not-listening'
      readonly endpoint: Endpoint
      readonly transport: 'udp' | 'tcp'
      readonly code: string
    }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly text: string }
  /** The change of policy with this number is taken over. */
  | { readonly kind: 'policy-taken'; readonly number: number }
  | { readonly kind: 'flushed'; readonly entries: number }
  | { readonly kind: 'root-proven' }
  | RestoreReport
  /** What came of the fetching with this number: see `Resolver.fetchRecords`. */
  | { readonly kind: 'fetched'; readonly number: number; readonly sets: readonly Rrset[] | string }
  /** What was counted for the report since it was last asked for; undefined when it is nothing. */
  | { readonly kind: 'counted'; readonly data: ReportData | undefined }
  /** Who met limits since it was last asked for. */
  | { readonly kind: 'limits-met'; readonly causes: readonly LimitCause[] }
  | { readonly kind: 'drained'; readonly unanswered: number }
  | { readonly kind: 'closed' }
