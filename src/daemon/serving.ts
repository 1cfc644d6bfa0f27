/** What answers clients, in one thread or in several, as the daemon sees it. */
import type { Endpoint } from '../base/address.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import type { Config } from '../config/load.ts'
import type { Settings } from '../config/settings.ts'
import type { HandedSockets } from '../native/handed-sockets.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import type { CookieSecrets } from '../policy/cookie-secrets.ts'
import type { LimitedPrefixes } from '../policy/limited-prefixes.ts'
import type { PolicyChange, ValidationPolicy } from '../policy/validation-policy.ts'
import type { Counters } from '../telemetry/counters.ts'
import type { LimitCause } from '../telemetry/limit-causes.ts'
import type { Log } from '../telemetry/log.ts'
import type { MetricSources } from '../telemetry/metrics.ts'
import type { ReportData } from '../telemetry/report/report-data.ts'
import type { Name } from '../wire/name.ts'
import type { Rrset } from '../wire/record.ts'
import type { Platform } from './engine.ts'
import type { Machine } from './machine.ts'
import type { SharedRootCopy } from './root-copy/shared.ts'
import type { SnapshotKeeper } from './snapshot/keeper.ts'
import type { SnapshotParts } from './snapshot/parts.ts'
import type { ThreadLife } from './threads/thread-life.ts'

/** See the head of this file. */
export interface Serving {
  /** Where clients are served. */
  readonly endpoints: readonly Endpoint[]
  readonly policy: ValidationPolicy
  /** Of every thread, the main one first. */
  readonly counters: readonly Counters[]
  readonly caches: MetricSources['caches']
  /** Networks over their rate limits, of every front. */
  readonly limited: readonly LimitedPrefixes[]
  /** The memory of all parts of both caches, to be looked through. */
  readonly tables: SnapshotParts['readers']
  /** What keeps the caches over a restart; undefined where nothing does. */
  readonly snapshot: SnapshotKeeper | undefined
  /** Threads beside the main one. */
  readonly threads: readonly ThreadLife[]
  /** Changes the policy in all threads. False when it was so already. */
  changePolicy(change: PolicyChange): Promise<boolean>
  /** The records that the servers of a name give now, unjudged, or why there are none. */
  fetchRecords(name: Name, type: number): Promise<readonly Rrset[] | string>
  /** From now on this copy of the root zone answers in place of the root servers. */
  setRootCopy(copy: SharedRootCopy): void
  /**
   * Has all threads take over the settings that may change while they run.
   *
   * @param rejudges what was answered by the old ones is answered anew
   */
  configure(settings: Settings, rejudges: boolean): Promise<void>
  /**
   * Forgets what is cached of a name and all below it (or of the name alone), or everything.
   *
   * @returns entries that went
   */
  flush(name: Name | undefined, alone: boolean): Promise<number>
  /** Called between steps of other work in the main thread: clients come before it, where that thread talks to them. */
  betweenSteps(): void
  /** What threads counted for the report since it was last asked for. */
  takeCounts(): Promise<readonly ReportData[]>
  /** Who met limits since this was last asked for. */
  takeLimitCauses(): Promise<readonly LimitCause[]>
  /** What another process can be given to serve clients beside this one, by thread; undefined where that cannot be had. */
  sockets(): HandedSockets | undefined
  /** Leaves new clients to the process that has the same sockets; those that are connected are served for so long. */
  leave(timeoutMs: number): Promise<void>
  /** Takes no more questions, answers those in work for so long, and closes. Returns questions left unanswered. */
  stop(drainMs: number): Promise<number>
}

/** What it is made from: what the daemon has found out already. */
export interface ServingOptions {
  readonly config: Config
  readonly log: Log
  readonly udp: UdpBackend
  /** One that is made up has a single thread. */
  readonly machine: Machine
  readonly platform: Platform
  /** The secret that says which clients are enforced first. */
  readonly rolloutKey: HashKey
  /** What cookies of clients are made with. */
  readonly cookieSecrets: CookieSecrets
  readonly onRootProven: () => void
  /** Sockets of an earlier process; none where there is none. */
  readonly inherited: HandedSockets
  /** Settles when clients may be served; fails when they never may. */
  readonly mayListen: Promise<void> | undefined
}
