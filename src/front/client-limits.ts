/** What single clients may take of the resolver: places to wait, and replies that come late. */
import type { Client } from './client.ts'
import type { FrontCounters, FrontLimit } from './counters.ts'
import { LateReplies, type LateReplyOptions } from './late-replies.ts'
import type { Request } from './request.ts'
import { type Spot, type WaitingOptions, WaitingRoom } from './waiting-room.ts'

/** What is left out is as in `base/limits.ts`, or as it was. */
export interface ClientLimitOptions extends WaitingOptions, LateReplyOptions {
  /** Limits that are counted, not kept: names as in `limit_hits_total`. */
  readonly dryRun?: ReadonlySet<string>
}

type Asker = Pick<Request, 'client' | 'startMs'>

/** See the head of this file. */
export class ClientLimits {
  /** Who waits. */
  readonly room: WaitingRoom
  readonly #late: LateReplies
  readonly #counters: FrontCounters
  #dryRun: ReadonlySet<string>

  constructor(options: ClientLimitOptions, counters: FrontCounters) {
    this.room = new WaitingRoom(options)
    this.#late = new LateReplies(options)
    this.#counters = counters
    this.#dryRun = options.dryRun ?? new Set()
  }

  /** Other bounds from now on. */
  configure(options: ClientLimitOptions): void {
    this.room.configure(options)
    this.#late.configure(options)
    this.#dryRun = options.dryRun ?? this.#dryRun
  }

  /** False where nobody would be kept from waiting, so that nobody need be looked at. */
  get mayBeFull(): boolean {
    return this.room.mayBeFull && !this.#dryRun.has('waiting-per-client')
  }

  /** The bound that keeps a client from waiting, or undefined when it may. */
  fullFor(key: string, spot: Spot): FrontLimit | undefined {
    const full = this.room.fullFor(key, spot)
    return full !== undefined && this.#isTriedOut(full) ? undefined : full
  }

  /** A question came for which the resolver is needed. */
  asked(key: string, nowMs: number): void {
    this.#late.asked(key, nowMs)
  }

  /**
   * True when a reply comes too late, so that the client gets none; counts it.
   *
   * @param stale it is old data, given because nothing newer came in time: that it is late was wanted
   */
  holdsLate({ client, startMs }: Asker, key: string, nowMs: number, stale: boolean): boolean {
    const waitedMs = nowMs - startMs
    if (!stale && this.#late.isTooLate(waitedMs) && this.#forbids('reply-time', client)) return true
    return this.#late.isTooMany(key, waitedMs, nowMs) && this.#forbids('late-replies-per-client', client)
  }

  /** A bound is met: counts it. False when it is only tried out. */
  #forbids(limit: FrontLimit, client: Client): boolean {
    if (this.#isTriedOut(limit)) return false
    this.#counters.limitHit(limit, client.addressAlone)
    return true
  }

  #isTriedOut(limit: FrontLimit): boolean {
    if (!this.#dryRun.has(limit)) return false
    this.#counters.limitTried(limit)
    return true
  }
}
