/** Where a resolver thread takes questions from front threads and gives their answers back. */
import type { Clock } from '../../base/clock.ts'
import { RingReader, RingWriter } from '../../base/ring.ts'
import { failureEntry } from '../../resolver/failure-entry.ts'
import type { ClientReply, ResolverPort } from '../../resolver/ports.ts'
import type { Name } from '../../wire/name.ts'
import { LinkBell } from './link-bell.ts'
import type { SetAside } from './set-aside.ts'
import { type LinkEnd, type Miss, RingInbox, readMiss, writeReply } from './thread-link.ts'

/** What it works with. */
export interface MissDeskOptions {
  readonly clock: Clock
  readonly resolver: ResolverPort
  readonly counters: { limitHit(limit: 'set-aside', name: Name): void }
  readonly setAside: SetAside
}

/** See the head of this file. */
export class MissDesk {
  readonly #options: MissDeskOptions
  readonly #links = new Map<number, ResolverLink>()

  constructor(options: MissDeskOptions) {
    this.#options = options
  }

  /** Serves a front thread, in place of its former life. */
  connect(front: number, end: LinkEnd): void {
    this.#links.get(front)?.close()
    this.#links.set(front, new ResolverLink(end, (miss) => this.#answer(miss)))
  }

  /** Takes no more. */
  close(): void {
    for (const link of this.#links.values()) link.close()
  }

  /** Undefined when nobody waits. */
  #answer({ question, prefetch }: Miss): Promise<ClientReply> | undefined {
    const { clock, resolver, counters, setAside } = this.#options
    const nowMs = clock.nowMs()
    if (setAside.has(question, nowMs)) {
      counters.limitHit('set-aside', question.name)
      return prefetch ? undefined : Promise.resolve({ entry: failureEntry(question, 'set-aside', nowMs) })
    }
    if (!prefetch) return resolver.resolve(question)
    resolver.prefetch(question.name, question.type)
    return undefined
  }
}

/** The resolver's end of one link. */
class ResolverLink {
  readonly #bell: LinkBell
  readonly #replies: RingWriter
  readonly #inbox: RingInbox
  #closed = false

  constructor(end: LinkEnd, answer: (miss: Miss) => Promise<ClientReply> | undefined) {
    this.#replies = new RingWriter(end.replies)
    const misses = new RingReader(end.misses)
    this.#inbox = new RingInbox(misses, (at) => {
      const miss = readMiss(misses, at)
      void answer(miss)?.then((reply) => this.#send(miss.ticket, reply))
    })
    this.#bell = new LinkBell(end.port, { onRing: () => this.#inbox.wake() })
  }

  close(): void {
    this.#closed = true
    this.#inbox.close()
    this.#bell.close()
  }

  #send(ticket: number, reply: ClientReply): void {
    if (this.#closed) return
    if (!writeReply(this.#replies, ticket, reply)) this.#bell.sendLargeReply({ ticket, reply })
    else if (this.#replies.needsBell()) this.#bell.ring()
  }
}
