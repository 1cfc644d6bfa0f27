/** The resolver as a front thread sees it: each question goes to the thread that its name belongs to. */

import { networkOf } from '../../base/client-network.ts'
import type { Cancel, Clock } from '../../base/clock.ts'
import { HANDOVER_MS, HANDOVER_SWEEP_MS } from '../../base/limits.ts'
import { RingReader, RingWriter } from '../../base/ring.ts'
import type { Reason } from '../../dnssec/reasons.ts'
import { failureEntry } from '../../resolver/failure-entry.ts'
import type { ClientQuestion, ClientReply, ResolverPort } from '../../resolver/ports.ts'
import type { Name } from '../../wire/name.ts'
import { LinkBell } from './link-bell.ts'
import { RingPlaces } from './ring-places.ts'
import {
  type LargeReply,
  type LinkEnd,
  MISS_OCTETS_MIN,
  RingInbox,
  readReply,
  writeMiss,
} from './thread-link.ts'

/** What a front thread knows of the resolver threads. */
export interface ResolverLinksOptions {
  readonly clock: Clock
  /** One for each resolver thread. */
  readonly ends: readonly LinkEnd[]
  /** The number of the thread for a name. */
  readonly resolverOf: (name: Name) => number
  /** Time that a resolver thread takes for a question at most, as things are now. */
  readonly questionMs: () => number
}

/** See the head of this file. */
export class ResolverLinks implements ResolverPort {
  readonly #options: ResolverLinksOptions
  readonly #resolverOf: (name: Name) => number
  readonly #links: FrontLink[]

  constructor(options: ResolverLinksOptions) {
    this.#options = options
    this.#resolverOf = options.resolverOf
    this.#links = options.ends.map((end) => new FrontLink(options, end))
  }

  resolve(question: ClientQuestion): Promise<ClientReply> {
    return this.#links[this.#resolverOf(question.name)]!.ask(question)
  }

  prefetch(name: Name, type: number): void {
    this.#links[this.#resolverOf(name)]!.prefetch({ name, type, checkingDisabled: false })
  }

  /** A resolver thread was started anew. Who waited for its former life gets SERVFAIL. */
  replace(resolver: number, end: LinkEnd): void {
    this.#links[resolver]!.close()
    this.#links[resolver] = new FrontLink(this.#options, end)
  }

  close(): void {
    for (const link of this.#links) link.close()
  }
}

interface Waiting {
  readonly question: ClientQuestion
  readonly sinceMs: number
  readonly resolve: (reply: ClientReply) => void
}

/** The front's end of one link. */
class FrontLink {
  readonly #clock: Clock
  readonly #questionMs: () => number
  readonly #bell: LinkBell
  readonly #misses: RingWriter
  readonly #places: RingPlaces
  readonly #inbox: RingInbox
  /** By ticket, the oldest first. */
  readonly #waiting = new Map<number, Waiting>()
  #ticket = 0
  #cancelSweep: Cancel | undefined

  constructor({ clock, questionMs }: ResolverLinksOptions, end: LinkEnd) {
    this.#clock = clock
    this.#questionMs = questionMs
    this.#misses = new RingWriter(end.misses)
    this.#places = new RingPlaces(this.#misses, MISS_OCTETS_MIN)
    const replies = new RingReader(end.replies)
    this.#inbox = new RingInbox(replies, (at) => this.#onReply(readReply(replies, at)))
    this.#bell = new LinkBell(end.port, {
      onRing: () => this.#inbox.wake(),
      onLargeReply: (reply) => this.#onReply(reply),
    })
  }

  ask(question: ClientQuestion): Promise<ClientReply> {
    const ticket = this.#ticket
    if (!this.#send(ticket, question, false)) {
      return Promise.resolve({ ...this.#failure(question, 'overload'), shed: true })
    }
    this.#ticket = (ticket + 1) >>> 0
    this.#cancelSweep ??= this.#clock.after(HANDOVER_SWEEP_MS, this.#sweep)
    return new Promise((resolve) => {
      this.#waiting.set(ticket, { question, sinceMs: this.#clock.nowMs(), resolve })
    })
  }

  /** One that finds no room is asked for again by the next client. */
  prefetch(question: ClientQuestion): void {
    this.#send(0, question, true)
  }

  close(): void {
    this.#inbox.close()
    this.#bell.close()
    this.#cancelSweep?.()
    for (const ticket of [...this.#waiting.keys()]) this.#giveUp(ticket)
  }

  /** What nobody waits for counts as one client. */
  #send(ticket: number, question: ClientQuestion, prefetch: boolean): boolean {
    const { client = 0 } = question
    const network = networkOf(client)
    if (!this.#places.hasRoomFor(client, network)) return false
    if (!writeMiss(this.#misses, { ticket, question, prefetch })) return false
    this.#places.take(client, network)
    if (this.#misses.needsBell()) this.#bell.ring()
    return true
  }

  /** An answer that nobody waits for any more is thrown away. */
  #onReply({ ticket, reply }: LargeReply): void {
    const waiting = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    waiting?.resolve(reply)
  }

  /** A thread that is stuck must not keep clients, nor the places that they take. */
  readonly #sweep = (): void => {
    this.#cancelSweep = undefined
    const lateMs = this.#clock.nowMs() - this.#questionMs() - HANDOVER_MS
    for (const [ticket, { sinceMs }] of this.#waiting) {
      if (sinceMs > lateMs) break
      this.#giveUp(ticket)
    }
    if (this.#waiting.size > 0) this.#cancelSweep = this.#clock.after(HANDOVER_SWEEP_MS, this.#sweep)
  }

  #giveUp(ticket: number): void {
    const { question } = this.#waiting.get(ticket)!
    this.#onReply({ ticket, reply: this.#failure(question, 'thread-lost') })
  }

  #failure(question: ClientQuestion, reason: Reason): ClientReply {
    return { entry: failureEntry(question, reason, this.#clock.nowMs()) }
  }
}
