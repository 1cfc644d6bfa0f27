/**
 * The client side without its sockets: octets of a request in, octets of the reply out. A question is looked at in the
 * order of the functions below; the first that has an answer gives it.
 */
import { type Clock, type Moment, systemClock } from '../base/clock.ts'
import { MESSAGE_OCTETS_MAX, UDP_PAYLOAD_OCTETS } from '../base/limits.ts'
import { Memory } from '../base/memory.ts'
import type { AnswerReader } from '../cache/answer-cache.ts'
import {
  type AnswerParts,
  entryAgeSeconds,
  entryPolicySequence,
  entryStatus,
  entryTranslated,
  parseAnswerEntry,
  writeAnswerEntry,
} from '../cache/answer-entry.ts'
import { CookieSecrets } from '../policy/cookie-secrets.ts'
import { RATE, type RateVerdict } from '../policy/rate-limits.ts'
import type { ResolverPolicy, ResolverPort, VerdictNeed } from '../resolver/ports.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { CLASS } from '../wire/iana/class.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { OPCODE } from '../wire/iana/opcode.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { isMetaType, TYPE } from '../wire/iana/rrtype.ts'
import type { Question, QuestionMessage } from '../wire/message.ts'
import type { Client } from './client.ts'
import { ClientAnswers } from './client-answers.ts'
import { ClientCookies } from './client-cookies.ts'
import { type ClientLimitOptions, ClientLimits } from './client-limits.ts'
import type { AnswerPath, FrontCounters, FrontLimit } from './counters.ts'
import { HitPath } from './hit-path.ts'
import type { AnswerWatch, Enforcement, RateLimit } from './hooks.ts'
import { behindAliases, followLocally, type LocalAliases, ownAnswer } from './local-answer.ts'
import { minimalAny } from './minimal-any.ts'
import { Misses } from './misses.ts'
import { PrefetchSignals } from './prefetch-signals.ts'
import { FLAG_QR, FLAG_RD, Query, queryOf, questionOnly } from './query.ts'
import { comeAgainRcode, NO_EDE } from './reply-writer.ts'
import { once, type Reply, type Request, readRequest } from './request.ts'
import { sentinelForbids } from './sentinel.ts'
import { serverTextAnswer } from './server-names.ts'
import type { ServiceSettings } from './service-settings.ts'
import { TurnedAway } from './turned-away.ts'
import { type WhoAsksOptions, whoAsks } from './who-asks.ts'

/** What a service is made of. */
export interface ServiceOptions extends ClientLimitOptions, WhoAsksOptions {
  readonly resolver: ResolverPort
  readonly answers: AnswerReader
  /** Read at every answer. */
  readonly policy: Pick<ResolverPolicy, 'sequence' | 'mode' | 'anchors'>
  readonly counters: FrontCounters
  readonly settings: ServiceSettings
  /** None when left out. */
  readonly rateLimit?: RateLimit
  /** Everybody, where the policy's mode is `enforce`, when left out. */
  readonly enforcement?: Enforcement
  /** Nobody is told of answers when left out. */
  readonly watch?: AnswerWatch | undefined
  /** What cookies of clients are made with; to be given where settings want them. */
  readonly cookieSecrets?: CookieSecrets
  /** Seconds since 1970 by the machine's own clock, for cookies; the clock's when left out. */
  readonly unixSeconds?: () => number
  /** The system's clock when left out; the answer cache must use the same. */
  readonly clock?: Clock
  /** Largest reply by UDP, 512 to 4096; 1232 when left out. */
  readonly udpPayloadOctets?: number
  /** Told of faults of our own; the question at hand gets SERVFAIL. */
  readonly onFault?: (error: unknown) => void
}

/** See the head of this file. */
export class Service {
  readonly #clock: Clock
  readonly #misses: Misses
  readonly #answers: AnswerReader
  readonly #policy: ServiceOptions['policy']
  readonly #counters: FrontCounters
  /** Octets of the largest reply by UDP. */
  readonly udpOctetsMax: number
  /** Ordinary questions that the answer cache can serve. */
  readonly hits: HitPath
  readonly #rateLimit: RateLimit | undefined
  readonly #enforcement: Enforcement
  readonly #clientAnswers: ClientAnswers
  readonly #cookies: ClientCookies
  readonly #whoAsks: WhoAsksOptions
  readonly #limits: ClientLimits
  readonly #prefetching: PrefetchSignals
  readonly #turnedAway: TurnedAway
  readonly #onFault: (error: unknown) => void
  readonly #now: Moment = new Float64Array(1)
  readonly #out = new Uint8Array(MESSAGE_OCTETS_MAX)
  readonly #outMemory = new Memory(this.#out)
  #settings: ServiceSettings

  constructor(options: ServiceOptions) {
    const { policy, counters, settings, resolver, rateLimit } = options
    this.#clock = options.clock ?? systemClock()
    this.#answers = options.answers
    this.#policy = policy
    this.#counters = counters
    this.#settings = settings
    this.udpOctetsMax = options.udpPayloadOctets ?? UDP_PAYLOAD_OCTETS
    this.#rateLimit = rateLimit
    this.#enforcement = options.enforcement ?? { enforces: () => policy.mode === 'enforce' }
    this.#whoAsks = options
    this.#clientAnswers = new ClientAnswers(this.udpOctetsMax, this.#enforcement, counters, options.watch)
    this.#clientAnswers.configure(settings)
    const { cookieSecrets = new CookieSecrets(), unixSeconds = () => this.#clock.unixSeconds() } = options
    this.#cookies = new ClientCookies(cookieSecrets, unixSeconds, counters)
    this.#cookies.configure(settings.cookies ?? 'off')
    this.#limits = new ClientLimits(options, counters)
    this.#misses = new Misses(resolver, this.#limits)
    this.#prefetching = new PrefetchSignals(resolver)
    const waiting = { limits: this.#limits, misses: this.#misses, enforcement: this.#enforcement, counters }
    this.#turnedAway = new TurnedAway(waiting, settings.localZones)
    this.#onFault = options.onFault ?? (() => {})
    this.hits = new HitPath({
      clock: this.#clock,
      answers: this.#answers,
      policy,
      rateLimit,
      clientAnswers: this.#clientAnswers,
      cookies: this.#cookies,
      prefetching: this.#prefetching,
      counters,
      turnedAway: this.#turnedAway,
      udpOctetsMax: this.udpOctetsMax,
      access: settings.access,
      onFault: this.#onFault,
    })
  }

  /** Questions that wait for the resolver. */
  get waiting(): number {
    return this.#limits.room.waiting
  }

  /** Whether a bound on clients is counted, not kept. */
  triesOut(limit: FrontLimit): boolean {
    return this.#limits.triesOut(limit)
  }

  /**
   * Takes over changed settings; they count from the next question on. What is cached comes before local zones on the
   * hit path: names that become local are to be flushed from the answer cache.
   */
  configure(settings: ServiceSettings, limits: ClientLimitOptions = {}): void {
    this.#settings = settings
    this.#limits.configure(limits)
    this.#clientAnswers.configure(settings)
    this.#cookies.configure(settings.cookies ?? 'off')
    this.hits.configure(settings.access)
    this.#turnedAway.configure(settings.localZones)
  }

  /** Settles once no question waits for the resolver. */
  idle(): Promise<void> {
    return this.#limits.room.empty()
  }

  /**
   * The hit path for a question that comes alone.
   *
   * @returns as `HitPath.answer`
   */
  tryHit(request: Uint8Array, length: number, client: Client, out: Uint8Array): number {
    this.hits.begin()
    const memory = Memory.of(request)
    this.hits.read(0, memory, length, client)
    const written = this.hits.answer(0, memory, client, new Memory(out))
    this.hits.end(client.transport)
    return written
  }

  /**
   * Any request at all. Never throws, and calls `reply` once, perhaps later.
   *
   * @param request octets that stay as they are until then
   */
  handle(request: Uint8Array, client: Client, reply: Reply): void {
    const startMs = this.#clock.nowMs()
    this.#counters.clientQuery(client.transport)
    const short = request.length < HEADER_OCTETS
    // Answering answers could go round for ever.
    if (short || (request[2]! & FLAG_QR) !== 0) {
      this.#counters.dropped(short ? 'short' : 'response')
      reply(undefined)
      return
    }
    const it = { octets: request, client, startMs, reply: once(reply) }
    this.#guarded(it, () => this.#checkSender(it))
  }

  /** Runs a step; a fault of ours costs this question its answer and nothing else. */
  #guarded(request: Request, step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#onFault(error)
      this.#refuse(request, new Query(), RCODE.SERVFAIL, NO_EDE)
    }
  }

  // --- the order of things ---------------------------------------------------------------------------------------

  #checkSender(request: Request): void {
    const { octets, client } = request
    const message = readRequest(octets)
    const query =
      message === undefined
        ? questionOnly(octets, client.transport)
        : queryOf(octets, message, client.transport, client.idleMs, this.udpOctetsMax)
    this.#cookies.take(query, message?.edns, client, this.#moment(request.startMs))
    const isQuery = ((octets[2]! >> 3) & 0x0f) === OPCODE.QUERY
    const verdict = this.#rateLimit?.judge(client, query, this.#moment(request.startMs)) ?? RATE.PASS
    // What is no query cannot be told to come again.
    if (this.#isLimited(request, query, isQuery || verdict === RATE.PASS ? verdict : RATE.DROP)) return
    if (!isQuery) {
      // What stands where the question is need not be one.
      this.#refuse(request, message === undefined ? new Query() : query, RCODE.NOTIMP, NO_EDE)
    } else if (!this.#settings.access.allows(client.address, client.addressOctets)) {
      this.#refuse(request, query, RCODE.REFUSED, EDE.PROHIBITED, false)
    } else if (message === undefined) this.#refuseMalformed(request, query)
    else this.#checkForm(request, query, message)
  }

  /** True when the client asks too much, and has had what it gets then. */
  #isLimited(request: Request, query: Query, verdict: RateVerdict = RATE.PASS): boolean {
    if (verdict === RATE.TRUNCATE) this.#haveComeAgain(request, query)
    else if (verdict === RATE.DROP) this.#shed(request, query)
    return verdict !== RATE.PASS
  }

  /** A zone transfer may carry a record that a plain question must not have; it is refused all the same. */
  #refuseMalformed(request: Request, query: Query): void {
    const transfer = query.nameOctets > 0 && (query.type === TYPE.IXFR || query.type === TYPE.AXFR)
    this.#refuse(request, query, transfer ? RCODE.REFUSED : RCODE.FORMERR, NO_EDE)
  }

  #checkForm(request: Request, query: Query, message: QuestionMessage): void {
    const [question, second] = message.questions
    if (message.edns !== undefined && message.edns.version > 0) {
      this.#refuse(request, query, RCODE.BADVERS, NO_EDE)
    } else if (query.cookieOutcome === 'malformed') {
      // RFC 7873 5.2.2.
      this.#refuse(request, query, RCODE.FORMERR, NO_EDE)
    } else if (second !== undefined) {
      // RFC 9619 4.
      this.#refuse(request, query, RCODE.FORMERR, NO_EDE)
    } else if (question === undefined) this.#answerWithoutQuestion(request, query)
    else if (this.#cookies.demands(query)) this.#haveComeAgain(request, query)
    else this.#checkQuestion(request, query, question)
  }

  /** RFC 7873 5.4: no question is allowed beside a COOKIE, to fetch a server cookie or to ask whether one is good. */
  #answerWithoutQuestion(request: Request, query: Query): void {
    const { cookieOutcome } = query
    if (cookieOutcome === 'none') this.#refuse(request, query, RCODE.FORMERR, NO_EDE)
    else {
      const isFine = cookieOutcome === 'good' || cookieOutcome === 'new'
      this.#refuse(request, query, isFine ? RCODE.NOERROR : RCODE.BADCOOKIE, NO_EDE)
    }
  }

  #checkQuestion(request: Request, query: Query, question: Question): void {
    const { type } = question
    if (question.class === CLASS.CH) this.#answerOfItself(request, query, question)
    else if (question.class !== CLASS.IN) this.#refuse(request, query, RCODE.REFUSED, EDE.NOT_SUPPORTED)
    else if (type === TYPE.AXFR || type === TYPE.IXFR) {
      this.#refuse(request, query, RCODE.REFUSED, EDE.NOT_SUPPORTED)
    } else if (type === 0 || (isMetaType(type) && type !== TYPE.ANY)) {
      // RFC 9824 3.5 wants this for NXNAME; the others are no less impossible.
      this.#refuse(request, query, RCODE.FORMERR, EDE.INVALID_QUERY_TYPE)
    } else this.#answerLocally(request, query, question)
  }

  #answerOfItself(request: Request, query: Query, question: Question): void {
    const parts = serverTextAnswer(question, this.#settings.texts)
    if (parts === undefined) this.#refuse(request, query, RCODE.REFUSED, EDE.NOT_SUPPORTED)
    // No AA: nobody delegated these names to us.
    else this.#answerOwn(request, query, parts, false)
  }

  #answerLocally(request: Request, query: Query, question: Question): void {
    const { localZones, aliases: aliasesMax } = this.#settings
    const local = followLocally(localZones, question.name, question.type, aliasesMax)
    if (local === undefined) this.#checkRecursion(request, query, question)
    else if (local.kind === 'data') this.#answerOwn(request, query, ownAnswer(question, local), true)
    else if (local.kind === 'onward') {
      const { aliases, target } = local
      this.#checkRecursion(request, query, { ...question, name: target }, { question, rrsets: aliases })
    } else if (local.kind === 'refuse') this.#refuse(request, query, RCODE.REFUSED, EDE.BLOCKED)
    else {
      this.#counters.dropped('denied')
      request.reply(undefined)
    }
  }

  #checkRecursion(request: Request, query: Query, question: Question, aliases?: LocalAliases): void {
    const { address, addressOctets } = request.client
    const desired = (request.octets[2]! & FLAG_RD) !== 0
    if (desired || this.#settings.access.maySnoop(address, addressOctets)) {
      this.#answerFromCache(request, query, question, aliases, desired)
    } else if (aliases === undefined) {
      // RFC 8914 4.21.
      this.#refuse(request, query, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE)
    } else {
      // As far as we have it ourselves.
      const ours = { rcode: RCODE.NOERROR, answer: aliases.rrsets, authority: [], ede: [] }
      this.#answerOwn(request, query, ownAnswer(aliases.question, ours), true)
    }
  }

  #answerFromCache(
    request: Request,
    query: Query,
    question: Question,
    aliases: LocalAliases | undefined,
    recursionDesired: boolean,
  ): void {
    const nowMs = request.startMs
    const at = this.#answers.find(question.name, 0, question.name.length, question.type, nowMs)
    const { octets } = this.#answers
    const isCurrent = at >= 0 && entryPolicySequence(octets, at) >= this.#policy.sequence
    if (isCurrent && !(query.checkingDisabled && entryTranslated(octets, at))) {
      this.#counters.cacheHit()
      this.#answerEntry(request, query, question, aliases, octets, at, 'hit')
      const { name, type } = question
      const now = this.#moment(nowMs)
      const ageSeconds = entryAgeSeconds(octets, at, now)
      if (recursionDesired) this.#prefetching.hit(octets, at, ageSeconds, now, name, 0, name.length, type)
      return
    }
    this.#counters.cacheMiss()
    this.#resolve(request, query, question, aliases, recursionDesired)
  }

  #resolve(
    request: Request,
    query: Query,
    question: Question,
    aliases: LocalAliases | undefined,
    recursionDesired: boolean,
  ): void {
    const { octets, client, startMs, reply } = request
    const now = this.#moment(startMs)
    const judged = recursionDesired ? this.#rateLimit?.judgeRecursion(client, query, now) : RATE.PASS
    if (this.#isLimited(request, query, judged)) return
    const { key } = client
    this.#limits.asked(key, startMs)
    const { name, type } = question
    const { checkingDisabled } = query
    const cachedOnly = !recursionDesired
    const verdict = this.#verdictNeed(query, client)
    const asked = { name, type, checkingDisabled, cachedOnly, verdict, ...whoAsks(this.#whoAsks, client) }
    const resolved = this.#misses.resolve(key, asked)
    if (typeof resolved === 'string') {
      this.#shed(request, query, resolved)
      return
    }
    const waiting: Request = { octets, client: client.copy(), startMs, reply }
    resolved.then(
      ({ entry, stale = false, shed = false }) => {
        const nowMs = this.#clock.nowMs()
        const path = stale ? 'stale' : 'miss'
        if (shed) this.#shed(waiting, query, 'handover')
        else if (!query.addressProven && this.#limits.holdsLate(waiting, key, nowMs, stale)) {
          // What was found is cached for when it asks again.
          this.#counters.dropped('late')
          waiting.reply(undefined)
        } else
          this.#guarded(waiting, () => this.#answerEntry(waiting, query, question, aliases, entry, 0, path))
      },
      (error: unknown) => {
        this.#onFault(error)
        this.#refuse(waiting, query, RCODE.SERVFAIL, NO_EDE)
      },
    )
  }

  #verdictNeed({ wantsAuthenticity, checkingDisabled }: Query, client: Client): VerdictNeed {
    if (this.#enforcement.enforces(client)) return 'enforced'
    return wantsAuthenticity && !checkingDisabled ? 'wanted' : 'unneeded'
  }

  /** The truth for whoever is where it seems to be; silence else, lest we flood others. Rate limits are counted already. */
  #shed(request: Request, query: Query, limit?: FrontLimit): void {
    if (limit !== undefined) this.#counters.limitHit(limit, request.client.addressAlone)
    if (query.addressProven) {
      this.#refuse(request, query, RCODE.SERVFAIL, EDE.OVER_QUOTA)
      return
    }
    this.#counters.dropped(limit === undefined ? 'rate' : 'waiting')
    request.reply(undefined)
  }

  // --- replies -----------------------------------------------------------------------------------------------------

  #answerEntry(
    request: Request,
    query: Query,
    question: Question,
    aliases: LocalAliases | undefined,
    octets: Uint8Array,
    at: number,
    path: AnswerPath,
  ): void {
    const { name, type } = question
    const judged = aliases === undefined && entryStatus(octets, at) === 'secure'
    const sentinelHolds = judged && !query.checkingDisabled && this.#enforcement.enforces(request.client)
    if (sentinelHolds && sentinelForbids(name, type, this.#policy.anchors)) {
      // RFC 8509 3.2: as if it were bogus.
      this.#refuse(request, query, RCODE.SERVFAIL, EDE.DNSSEC_BOGUS)
      return
    }
    let entry = octets
    let entryAt = at
    if (aliases !== undefined) {
      const asOfMs = this.#clientAnswers.asOfMs(octets, at, this.#clock.nowMs())
      entry = writeAnswerEntry(behindAliases(aliases, parseAnswerEntry(octets, at, asOfMs)), asOfMs)
      entryAt = 0
    }
    if (type === TYPE.ANY && this.#settings.any === 'minimal' && request.client.transport === 'udp') {
      const asOfMs = this.#clientAnswers.asOfMs(entry, entryAt, this.#clock.nowMs())
      entry = minimalAny(entry, entryAt, asOfMs, query.dnssecOk)
      entryAt = 0
    }
    const { octets: asked, client } = request
    const ours = aliases !== undefined
    const ageSeconds = entryAgeSeconds(entry, entryAt, this.#moment(this.#clock.nowMs()))
    const length = this.#clientAnswers.write(
      Memory.of(entry),
      entryAt,
      Memory.of(asked),
      query,
      client,
      ageSeconds,
      this.#outMemory,
      ours,
    )
    this.#counters.answer(this.#clientAnswers.rcode, path, this.#secondsSince(request))
    request.reply(this.#out.slice(0, length))
  }

  #answerOwn(request: Request, query: Query, parts: AnswerParts, authoritative: boolean): void {
    const nowMs = this.#clock.nowMs()
    const minimal = parts.question.type === TYPE.ANY && request.client.transport === 'udp'
    const answer = minimal && this.#settings.any === 'minimal' ? parts.answer.slice(0, 1) : parts.answer
    const entry = writeAnswerEntry({ ...parts, answer }, nowMs)
    const ours = authoritative && parts.rcode !== RCODE.SERVFAIL
    const { writer } = this.#clientAnswers
    const length = writer.answer(
      new Memory(entry),
      0,
      Memory.of(request.octets),
      query,
      0,
      this.#outMemory,
      ours,
    )
    if (parts.rcode === RCODE.SERVFAIL) this.#counters.servfail(parts.ede[0]?.code)
    this.#counters.answer(parts.rcode, 'local', this.#secondsSince(request))
    request.reply(this.#out.slice(0, length))
  }

  #haveComeAgain(request: Request, query: Query): void {
    const length = this.#clientAnswers.writer.comeAgain(request.octets, query, this.#out)
    this.#counters.answer(comeAgainRcode(query), 'local', this.#secondsSince(request))
    request.reply(this.#out.slice(0, length))
  }

  #refuse(request: Request, query: Query, rcode: number, ede: number, recursionAvailable = true): void {
    const { writer } = this.#clientAnswers
    const length = writer.bare(request.octets, query, rcode, ede, this.#out, recursionAvailable)
    if (rcode === RCODE.SERVFAIL) this.#counters.servfail(ede === NO_EDE ? undefined : ede)
    this.#counters.answer(rcode, 'local', this.#secondsSince(request))
    request.reply(this.#out.slice(0, length))
  }

  /** To be used at once: the same object every time. */
  #moment(nowMs: number): Moment {
    this.#now[0] = nowMs
    return this.#now
  }

  #secondsSince({ startMs }: Request): number {
    return (this.#clock.nowMs() - startMs) / 1000
  }
}
