/**
 * The hit path: ordinary questions that the answer cache can serve, from the octets of the request to those of the
 * reply. It allocates nothing, and what it is not sure of it leaves to the slow path (`service.ts`).
 */
import type { Clock, Moment } from '../base/clock.ts'
import { UDP_BATCH_MAX } from '../base/limits.ts'
import type { Memory } from '../base/memory.ts'
import type { AnswerReader } from '../cache/answer-cache.ts'
import { entryAgeSeconds, entryPolicySequence, entryTranslated } from '../cache/answer-entry.ts'
import type { AccessList } from '../policy/access.ts'
import { RATE } from '../policy/rate-limits.ts'
import type { ResolverPolicy } from '../resolver/ports.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import type { Client } from './client.ts'
import type { ClientAnswers } from './client-answers.ts'
import type { ClientCookies } from './client-cookies.ts'
import type { FrontCounters } from './counters.ts'
import type { RateLimit } from './hooks.ts'
import type { PrefetchSignals } from './prefetch-signals.ts'
import { Query, scanOrdinary } from './query.ts'
import { comeAgainRcode } from './reply-writer.ts'
import type { TurnedAway } from './turned-away.ts'

/** What `answer` gives for a question that gets no reply, and is not to be looked at again. */
export const DROPPED = -1

/** The most that is a whole number of 32 bits: half an hour. */
const MICROSECONDS_MAX = 0x7fff_ffff

/** What the path is made of. */
export interface HitPathOptions {
  readonly clock: Clock
  readonly answers: AnswerReader
  /** Read at every answer. */
  readonly policy: Pick<ResolverPolicy, 'sequence'>
  readonly rateLimit: RateLimit | undefined
  readonly clientAnswers: ClientAnswers
  readonly cookies: ClientCookies
  readonly prefetching: PrefetchSignals
  readonly counters: FrontCounters
  readonly turnedAway: TurnedAway
  /** Octets of the largest reply by UDP. */
  readonly udpOctetsMax: number
  readonly access: AccessList
  /** Told of faults of our own; the slow path takes the question over. */
  readonly onFault: (error: unknown) => void
}

/** See the head of this file. Questions that come together are a batch: `begin`, `read` each, `answer` each, `end`. */
export class HitPath {
  readonly #clock: Clock
  readonly #answers: AnswerReader
  readonly #policy: Pick<ResolverPolicy, 'sequence'>
  readonly #rateLimit: RateLimit | undefined
  readonly #clientAnswers: ClientAnswers
  readonly #cookies: ClientCookies
  readonly #prefetching: PrefetchSignals
  readonly #counters: FrontCounters
  readonly #turnedAway: TurnedAway
  readonly #udpOctetsMax: number
  readonly #onFault: (error: unknown) => void
  /** By the number of the question in its batch. */
  readonly #queries = Array.from({ length: UDP_BATCH_MAX }, () => new Query())
  #access: AccessList
  /** When this batch came, and how many of it were answered. */
  readonly #begun: Moment = new Float64Array(1)
  readonly #ended: Moment = new Float64Array(1)
  #hits = 0

  constructor(options: HitPathOptions) {
    this.#clock = options.clock
    this.#answers = options.answers
    this.#policy = options.policy
    this.#rateLimit = options.rateLimit
    this.#clientAnswers = options.clientAnswers
    this.#cookies = options.cookies
    this.#prefetching = options.prefetching
    this.#counters = options.counters
    this.#turnedAway = options.turnedAway
    this.#udpOctetsMax = options.udpOctetsMax
    this.#access = options.access
    this.#onFault = options.onFault
  }

  configure(access: AccessList): void {
    this.#access = access
  }

  /** A batch came. The time is that of all its questions. */
  begin(): void {
    this.#hits = 0
    this.#clock.read(this.#begun)
  }

  /**
   * Reads a question of the batch, under a number of its own below `UDP_BATCH_MAX`.
   *
   * @param length octets of the request, all of them in its buffer or the slow path has it
   */
  read(number: number, request: Memory, length: number, client: Client): void {
    const query = this.#queries[number]!
    const { transport, idleMs } = client
    query.ordinary =
      length <= request.octets.length &&
      scanOrdinary(request.octets, length, transport, idleMs, this.#udpOctetsMax, query)
    if (query.ordinary) this.#answers.announce(number, request, HEADER_OCTETS, query.nameOctets, query.type)
  }

  /** The first `count` numbers have been read. Of use where they are several. */
  approach(count: number): void {
    this.#answers.approach(count)
  }

  /**
   * Answers a question that was read.
   *
   * @param out where the reply goes: by UDP `udpOctetsMax` octets, by TCP 65,535
   * @returns octets of the reply; 0 when this is a matter for the slow path, `DROPPED` when there is to be no reply
   */
  answer(number: number, request: Memory, client: Client, out: Memory): number {
    const query = this.#queries[number]!
    if (!query.ordinary) return 0
    try {
      return this.#answer(number, query, request, client, out)
    } catch (error) {
      this.#onFault(error)
      return 0
    }
  }

  /** The batch is done. */
  end(transport: Client['transport']): void {
    if (this.#hits === 0) return
    this.#clock.read(this.#ended)
    // A whole number, since for a fraction the engine would make an object, and one of 32 bits, however long the process stood.
    const micros = Math.min((this.#ended[0]! - this.#begun[0]!) * 1000, MICROSECONDS_MAX) | 0
    this.#counters.hits(transport, this.#hits, micros)
  }

  #answer(number: number, query: Query, request: Memory, client: Client, out: Memory): number {
    if (!this.#access.allows(client.address, client.addressOctets)) return 0
    const now = this.#begun
    const at = this.#answers.findAnnounced(number, now)
    if (at < 0) return this.#missed(query, request, client)
    const { memory } = this.#answers
    const { octets } = memory
    if (entryPolicySequence(octets, at) < this.#policy.sequence) return this.#missed(query, request, client)
    if (query.checkingDisabled && entryTranslated(octets, at)) return 0
    if (query.cookieOctets > 0) {
      this.#cookies.judge(query, request.octets, query.cookieAt, query.cookieOctets, client, now)
    }
    if (this.#rateLimit !== undefined) {
      const verdict = this.#rateLimit.judge(client, query, now)
      if (verdict !== RATE.PASS) {
        return this.#limited(verdict === RATE.TRUNCATE, request.octets, query, client, out.octets)
      }
    }
    if (this.#cookies.demands(query)) {
      return this.#limited(true, request.octets, query, client, out.octets)
    }
    const ageSeconds = entryAgeSeconds(octets, at, now)
    const written = this.#clientAnswers.write(memory, at, request, query, client, ageSeconds, out, false)
    this.#hits++
    this.#counters.hit(this.#clientAnswers.rcode)
    this.#prefetching.hit(
      octets,
      at,
      ageSeconds,
      now,
      request.octets,
      HEADER_OCTETS,
      query.nameOctets,
      query.type,
    )
    return written
  }

  /** A matter for the slow path, unless it would find no place there. */
  #missed(query: Query, request: Memory, client: Client): number {
    return this.#turnedAway.has(query, request.octets, client, this.#begun[0]!) ? DROPPED : 0
  }

  /** The client asks too much, or has to show a cookie. */
  #limited(answers: boolean, request: Uint8Array, query: Query, client: Client, out: Uint8Array): number {
    this.#counters.clientQuery(client.transport)
    if (!answers) {
      this.#counters.dropped('rate')
      return DROPPED
    }
    this.#counters.answer(comeAgainRcode(query), 'local', 0)
    return this.#clientAnswers.writer.comeAgain(request, query, out)
  }
}
