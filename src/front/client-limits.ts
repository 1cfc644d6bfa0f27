/** What single clients may take of the resolver: places to wait, and replies that come late. */
import { WAITING_MAX, WAITING_PER_CLIENT_MAX } from '../base/limits.ts'
import type { Client } from './client.ts'
import type { FrontCounters, FrontLimit } from './counters.ts'
import { LateReplies, type LateReplyOptions } from './late-replies.ts'
import type { Request } from './request.ts'
import { type Spot, type WaitingOptions, WaitingRoom } from './waiting-room.ts'

/** What is left out is as in `base/limits.ts`, or as it was. */
export interface ClientLimitOptions extends WaitingOptions, LateReplyOptions {
  /** Limits that are counted, not kept: names as in `limit_hits_total`. */
  readonly dryRun?: ReadonlySet<string>
  /** Places in all while `waiting` is among them: memory is bounded all the same. */
  readonly waitingMaxTriedOut?: number
}

type Asker = Pick<Request, 'client' | 'startMs'>

/** See the head of this file. */
export class ClientLimits {
  /** Who waits. */
  readonly room: WaitingRoom = new WaitingRoom()
  readonly #late: LateReplies
  readonly #counters: FrontCounters
  #dryRun: ReadonlySet<string> = new Set()
  #waitingMax: number = WAITING_MAX
  #waitingMaxTriedOut: number = WAITING_MAX
  #waitingPerClientMax: number = WAITING_PER_CLIENT_MAX
  /** Those who would wait if `waiting` were in force; undefined while it is. */
  #tried: WaitingRoom | undefined

  constructor(options: ClientLimitOptions, counters: FrontCounters) {
    this.#late = new LateReplies(options)
    this.#counters = counters
    this.#setWaiting(options)
  }

  /** Other bounds from now on. */
  configure(options: ClientLimitOptions): void {
    this.#late.configure(options)
    this.#setWaiting(options)
  }

  #setWaiting(options: ClientLimitOptions): void {
    this.#dryRun = options.dryRun ?? this.#dryRun
    this.#waitingMax = options.waitingMax ?? this.#waitingMax
    this.#waitingMaxTriedOut = options.waitingMaxTriedOut ?? this.#waitingMaxTriedOut
    this.#waitingPerClientMax = options.waitingPerClientMax ?? this.#waitingPerClientMax
    const [waitingMax, waitingPerClientMax] = [this.#waitingMax, this.#waitingPerClientMax]
    if (!this.triesOut('waiting')) {
      this.#tried = undefined
      this.room.configure({ waitingMax, waitingPerClientMax })
      return
    }
    this.#tried ??= new WaitingRoom()
    this.#tried.configure({ waitingMax, waitingPerClientMax })
    this.room.configure({ waitingMax: Math.max(waitingMax, this.#waitingMaxTriedOut), waitingPerClientMax })
  }

  /** Whether a bound is counted, not kept. */
  triesOut(limit: FrontLimit): boolean {
    return this.#dryRun.has(limit)
  }

  /** False where nobody would be kept from waiting, so that nobody need be looked at. */
  get mayBeFull(): boolean {
    return this.room.mayBeFull && !this.triesOut('waiting-per-client')
  }

  /** The bound that keeps a client from waiting, or undefined when it may. */
  fullFor(key: string, spot: Spot): FrontLimit | undefined {
    const full = this.room.fullFor(key, spot)
    // The room has as many places as memory allows, whatever is tried out.
    if (full === 'waiting' || (full !== undefined && !this.triesOut(full))) return full
    const tried = this.#tried === undefined ? full : this.#tried.fullFor(key, spot)
    if (tried !== undefined) this.#counters.limitTried(tried)
    return undefined
  }

  /** Takes a spot in the room. @returns to be called when it is free again */
  enter(key: string, spot: Spot): () => void {
    const { room } = this
    room.enter(key, spot)
    // Whom the bounds would have kept out takes no place of those whom they would not.
    const tried = this.#tried?.fullFor(key, spot) === undefined ? this.#tried : undefined
    tried?.enter(key, spot)
    return () => {
      tried?.leave(key, spot)
      room.leave(key, spot)
    }
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
    const isForbidden = !this.triesOut(limit)
    if (isForbidden) this.#counters.limitHit(limit, client.addressAlone)
    else this.#counters.limitTried(limit)
    return isForbidden
  }
}
