/** The resolver as a whole: its parts put together, and the door through which questions come in. */

import {
  DENIAL_ZONES_MAX,
  FAILURES_REMEMBERED_MAX,
  KEY_HANDLES_MAX,
  REPORT_AGENTS_MAX,
  SERVERS_REMEMBERED_MAX,
  ZONES_TRUSTED_MAX,
} from '../base/limits.ts'
import type { AnswerWriter } from '../cache/answer-cache.ts'
import { type AnswerParts, writeAnswerEntry } from '../cache/answer-entry.ts'
import { DenialRanges } from '../cache/denial-ranges.ts'
import { ExpiringTable } from '../cache/expiring-table.ts'
import { FailureCache } from '../cache/failure-cache.ts'
import type { RrsetCache } from '../cache/rrset-cache.ts'
import { ServerTable } from '../cache/server-table.ts'
import { ProofBudget } from '../dnssec/budget.ts'
import { type KeyImport, KeyTable } from '../dnssec/keys.ts'
import { REASONS } from '../dnssec/reasons.ts'
import type { ExtendedError } from '../wire/edns.ts'
import { CLASS } from '../wire/iana/class.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { foldName, type Name, nameKey, ROOT } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import { type Context, failure, type Job, type Judgement, underFlight } from './context.ts'
import { DataFirst, inTimeForClient, type ResolveStep, resolveStep } from './data-first.ts'
import { Dns64 } from './dns64.ts'
import { fetchData, fetchFresh } from './fetch.ts'
import { HeldOctets } from './held-octets.ts'
import { Flight, InFlight, type Joined } from './in-flight.ts'
import { isRefusal } from './joining.ts'
import { trustTable } from './known-trust.ts'
import { freshKeys, lookup } from './lookup.ts'
import { Outstanding } from './outstanding.ts'
import type {
  AskedQuestion,
  ClientQuestion,
  ClientReply,
  Clock,
  EngineCounters,
  LateVerdict,
  LiveResolverSettings,
  Random,
  ResolverPolicy,
  ResolverPort,
  ResolverSettings,
  RootCopy,
  Trace,
  Upstream,
  Watch,
  WorkNote,
} from './ports.ts'
import { PrivateAddresses } from './private-addresses.ts'
import { ProofTurns } from './proof-turns.ts'
import { QueryEdns } from './query-edns.ts'
import { closestReferral, recall } from './recall.ts'
import { Refreshes } from './refreshes.ts'
import { type Resolution, servfail } from './resolve.ts'
import type { ResolverLimits } from './resolver-limits.ts'
import { Routes } from './routes.ts'
import { ServerCookies } from './server-cookies.ts'
import { type Outcome, StaleAnswers } from './stale.ts'
import { WorkBudget } from './work-budget.ts'

/** What an engine is made of. */
export interface ResolverParts {
  readonly clock: Clock
  readonly random: Random
  readonly upstream: Upstream
  readonly policy: ResolverPolicy
  readonly settings: ResolverSettings
  readonly counters: EngineCounters
  readonly rrsets: RrsetCache
  readonly answers: AnswerWriter
  /** Algorithms and digests that the platform passed the self-test for. */
  readonly platform: Context['platform']
  /** How public keys are read, where `platform` names more algorithms than production has. */
  readonly importKey?: KeyImport
  /** Told of our own faults, each a bug; the question gets SERVFAIL. */
  readonly onFault: (fault: unknown) => void
  /** Entries of each small table (servers, zones, keys, failures), where the usual bounds are more than is wanted. */
  readonly tableEntriesMax?: number
  /** Nobody is told when left out. */
  readonly noteWork?: WorkNote
  /** Nobody is told when left out. */
  readonly onLateVerdict?: LateVerdict
  /** See `Context.betweenSteps`. */
  readonly betweenSteps?: () => void
  /** Nothing is watched when left out. */
  readonly watch?: Watch | undefined
}

/** A validating resolver without I/O of its own. */
export class Resolver implements ResolverPort {
  readonly #context: Context
  readonly #watch: Watch | undefined
  readonly #answers: AnswerWriter
  readonly #onFault: (fault: unknown) => void
  #privateAddresses: PrivateAddresses
  #limits: ResolverLimits
  readonly #questions: InFlight<Outcome>
  readonly #refreshes: Refreshes
  readonly #judged: ResolveStep
  /** How questions are resolved where validation is not enforced for everybody. */
  readonly #dataFirst: DataFirst
  readonly #onLateVerdict: LateVerdict
  /** Undefined where nothing is given after its end. */
  readonly #stale: StaleAnswers | undefined

  constructor({
    answers,
    onFault,
    importKey,
    noteWork = () => {},
    onLateVerdict = () => {},
    betweenSteps = () => {},
    watch,
    tableEntriesMax = Number.POSITIVE_INFINITY,
    ...parts
  }: ResolverParts) {
    const nowMs = (): number => parts.clock.nowMs()
    const atMost = (max: number): number => Math.min(max, tableEntriesMax)
    const servers = new ServerTable({ nowMs, max: atMost(SERVERS_REMEMBERED_MAX) })
    this.#limits = parts.settings.limits
    const context: Context = {
      ...parts,
      limits: () => this.#limits,
      noteWork,
      betweenSteps,
      denials: new DenialRanges({ nowMs, zonesMax: atMost(DENIAL_ZONES_MAX) }),
      routes: new Routes(parts.settings.routes),
      rootCopy: { copy: undefined },
      local: parts.settings.local,
      outstanding: new Outstanding(parts.settings.outstanding, parts.counters),
      held: new HeldOctets(),
      proofTurns: new ProofTurns(parts.clock),
      queryEdns: new QueryEdns(parts.settings.clientStrings),
      failures: new FailureCache({ nowMs, max: atMost(FAILURES_REMEMBERED_MAX) }),
      servers,
      cookies: parts.settings.cookies ? new ServerCookies(servers, parts.random) : undefined,
      keys: new KeyTable(atMost(KEY_HANDLES_MAX), importKey),
      trust: trustTable(atMost(ZONES_TRUSTED_MAX), nowMs),
      reports: { agents: new ExpiringTable({ max: atMost(REPORT_AGENTS_MAX), nowMs }), underWay: 0 },
      vainRetries: new ExpiringTable<number>({ max: atMost(ZONES_TRUSTED_MAX), nowMs }),
      brokenLinks: new ExpiringTable({ max: atMost(FAILURES_REMEMBERED_MAX), nowMs }),
      leftAlone: new ExpiringTable({ max: atMost(ZONES_TRUSTED_MAX), nowMs }),
      refetches: new ExpiringTable<true>({ max: atMost(ZONES_TRUSTED_MAX), nowMs }),
      primings: new InFlight(parts.clock),
      asks: new InFlight(parts.clock),
      fetches: new InFlight(parts.clock),
      lookups: new InFlight(parts.clock),
      lookup: (job, name, type, anew) => lookup(context, job, name, type, anew),
      fetchData: (job, name, type, anew) => fetchData(context, job, name, type, anew),
      aside: (work) => void work(this.#job(this.#flight(), undefined)).catch(onFault),
      beside: (work) => void work().catch(onFault),
      renew: (key, work) => {
        if (parts.settings.prefetch) {
          this.#refreshes.begin(key, () => work(this.#job(this.#flight(), undefined)))
        }
      },
    }
    this.#context = context
    this.#questions = new InFlight(parts.clock)
    this.#judged = resolveStep(context)
    this.#dataFirst = new DataFirst({
      context,
      judged: this.#judged,
      job: (flight, question) => this.#job(flight, undefined, question),
      flight: () => this.#flight(),
    })
    this.#onLateVerdict = onLateVerdict
    this.#watch = watch
    this.#answers = answers
    this.#onFault = onFault
    this.#privateAddresses = new PrivateAddresses(parts.settings)
    const { clock, policy, counters } = parts
    const max = atMost(FAILURES_REMEMBERED_MAX)
    const refreshes = new Refreshes({
      nowMs,
      counters,
      onFault,
      underWayMax: () => this.#limits.refreshes,
      max,
    })
    this.#refreshes = refreshes
    const { serveStale: settings, originalTtls } = parts.settings
    this.#stale =
      settings &&
      new StaleAnswers({ clock, policy, answers, refreshes, settings, originalTtls, onFault, max })
  }

  /** Questions, look-ups and fetches under way: all 0 when nobody waits and nothing is fetched in advance. */
  get inFlight(): { readonly questions: number; readonly lookups: number; readonly fetches: number } {
    const { lookups, fetches } = this.#context
    return { questions: this.#questions.size, lookups: lookups.size, fetches: fetches.size }
  }

  /** Octets of replies that questions under way hold which received many. */
  get heldOctets(): number {
    return this.#context.held.octets
  }

  /** Resolves one question; equal ones are resolved once. The entry is also stored in the answer cache. */
  async resolve(question: ClientQuestion, trace?: Trace): Promise<ClientReply> {
    if (question.cachedOnly === true) return this.#recall(question)
    if (trace !== undefined) {
      const { entry } = await this.#answer(question, this.#job(this.#flight(), trace, question), false)
      return { entry }
    }
    const resolveIt = (): Promise<Outcome> => this.#forClient(question)
    if (this.#stale === undefined || this.#isApart(question)) return { entry: (await resolveIt()).entry }
    return this.#stale.answer(this.#key(question), question, resolveIt)
  }

  /** Fresh data before old, and an old answer before a referral. */
  #recall(question: ClientQuestion): ClientReply {
    const name = foldName(question.name)
    const fresh = recall(this.#context, name, question.type)
    const old = fresh === undefined ? this.#stale?.atOnce(this.#key(question), question) : undefined
    if (old !== undefined) return old
    const known = fresh ?? closestReferral(this.#context, name, question.type)
    return { entry: this.#write(question, this.#job(this.#flight(), undefined), known) }
  }

  /**
   * Forgets what is known of a name and all below it (or of the name alone), or everything: answers, records, denials,
   * failures, keys. Answers to other names that lead there by an alias stay.
   *
   * @returns answers and RRsets that went
   */
  flush(name?: Name, alone = false): number {
    const { rrsets, denials, failures, trust, vainRetries, refetches, leftAlone } = this.#context
    denials.flush(name)
    // These are small, and soon known again.
    for (const table of [failures, trust, vainRetries, refetches, leftAlone]) table.clear()
    return this.#answers.flush(name, alone) + rrsets.flush(name, alone)
  }

  /** From the next answer and the next query on; answers that are cached are as they were. */
  configure(settings: LiveResolverSettings): void {
    this.#privateAddresses = new PrivateAddresses({ ...this.#context.settings, ...settings })
    this.#limits = settings.limits
    this.#context.local = settings.local
    this.#context.outstanding.limits = settings.outstanding
  }

  /** From now on this copy of the root zone answers in place of the root servers; undefined for none. */
  setRootCopy(copy: RootCopy | undefined): void {
    this.#context.rootCopy.copy = copy
  }

  prefetch(name: Name, type: number): void {
    if (!this.#context.settings.prefetch || this.#isLocal(name, type)) return
    const question = { name, type, checkingDisabled: false }
    this.#refreshes.begin(this.#key(question), async () => {
      const { ending } = await this.#resolveOnce(question, true)
      return ending === 'answer'
    })
  }

  /** True when other clients may be given something else, so that the answer cache is not for this one. */
  #isApart({ checkingDisabled, type }: ClientQuestion): boolean {
    return this.#context.settings.dns64 !== undefined && checkingDisabled && Dns64.concerns(type)
  }

  #key(question: ClientQuestion): string {
    const { name, type } = question
    return `${this.#isApart(question) ? 'apart ' : ''}${this.#context.policy.sequence} ${type} ${nameKey(name)}`
  }

  /** The judged answer, or, for a client that need not wait for the verdict, the data when it is there. */
  async #forClient(question: ClientQuestion): Promise<Outcome> {
    const judged = this.#resolveOnce(question, false)
    const { policy, clock } = this.#context
    const { verdict = 'enforced' } = question
    if (verdict === 'enforced' || !policy.sparesSome) return judged
    const data = await this.#dataFirst.data(this.#key(question), question, foldName(question.name), false)
    const outcome = data === undefined ? await judged : await inTimeForClient(clock, verdict, judged)
    if (data === undefined || outcome !== undefined) return outcome ?? judged
    judged.then(({ entry }) => this.#onLateVerdict(question, entry)).catch(this.#onFault)
    const entry = this.#write(question, this.#job(this.#flight(), undefined), data)
    const { ttlSeconds } = data
    return { entry, ending: 'answer', judged: data.judged, ttlSeconds, cached: false }
  }

  /** Joins an equal question under way, or answers it. */
  async #resolveOnce(question: ClientQuestion, anew: boolean): Promise<Outcome> {
    const work = (flight: Flight): Promise<Outcome> => this.#watched(question, flight, anew)
    // Equal questions have equal allowances, so one that met a limit is not tried again for those who waited with it …
    const flight = this.#flight()
    const join = (): Promise<Joined<Outcome>> => this.#questions.join(this.#key(question), flight, work)
    let joined = await join()
    // … but another client may have a place where this one has none.
    if (joined.kind === 'followed' && isRefusal(joined.value.judged.reason)) joined = await join()
    if ('value' in joined) return joined.value
    // A client's flight is waited for by nobody, so it can be part of no cycle: its time is up, and its leader's nearly.
    const late = servfail(failure('limit-time', 'an equal question was at it for too long'))
    return this.#store(question, this.#job(flight, undefined), { ...late, uncached: true })
  }

  async #watched(question: ClientQuestion, flight: Flight, anew: boolean): Promise<Outcome> {
    const watched = this.#watch?.(question)
    const outcome = await this.#answer(question, this.#job(flight, watched?.trace, question), anew)
    watched?.ended(outcome.judged)
    return outcome
  }

  /** Fetches and judges the root's DNSKEY set: `secure` means that the node can validate. */
  async checkRoot(trace?: Trace): Promise<Judgement> {
    try {
      const found = await lookup(this.#context, this.#job(this.#flight(), trace), ROOT, TYPE.DNSKEY)
      if (found.kind !== 'failure') return found.judged
      return { status: 'indeterminate', reason: found.reason, detail: found.detail }
    } catch (fault) {
      this.#onFault(fault)
      return { status: 'indeterminate', reason: 'internal', detail: '' }
    }
  }

  /**
   * The records that the servers of a name give now, past the cache; nobody vouches for them. An alias is given as it is.
   * A text says why there are none. Keys that are proven are kept, so that they serve from now on.
   */
  async fetchRecords(name: Name, type: number): Promise<readonly Rrset[] | string> {
    try {
      const job = this.#job(this.#flight(), undefined)
      const data = await (type === TYPE.DNSKEY
        ? freshKeys(this.#context, job, name)
        : fetchFresh(this.#context, job, name, type, new Set()))
      if (data.kind === 'failure') return data.detail === '' ? REASONS[data.reason].text : data.detail
      return data.kind === 'negative' ? `${formatName(name)} has no ${formatType(type)}` : data.answer
    } catch (fault) {
      this.#onFault(fault)
      return REASONS.internal.text
    }
  }

  #flight(): Flight {
    return new Flight(this.#context.clock.nowMs() + this.#limits.timeMs)
  }

  #job(flight: Flight, trace: Trace | undefined, asked?: AskedQuestion): Job {
    const { counters, policy } = this.#context
    const limits = this.#limits
    const proof = new ProofBudget(limits.proof, counters)
    const budget = new WorkBudget(flight.deadlineMs, proof, limits, this.#context.held)
    const { sequence } = policy
    return underFlight({ budget, trace, flight, depth: 0, policySequence: sequence, asked }, flight)
  }

  async #answer(question: ClientQuestion, job: Job, anew: boolean): Promise<Outcome> {
    this.#context.noteWork(question)
    let resolution: Resolution
    try {
      // In lower case, since some servers answer so and the question must come back as it went (attack V36).
      const name = foldName(question.name)
      resolution = this.#context.policy.sparesSome
        ? await this.#dataFirst.answer(this.#key(question), question, job, name, anew)
        : await this.#judged(job, question, name, anew)
    } catch (fault) {
      this.#onFault(fault)
      resolution = servfail(failure('internal', ''))
    } finally {
      job.budget.end()
    }
    return this.#store(question, job, resolution)
  }

  /** The answer as octets. */
  #write({ name, type }: ClientQuestion, { policySequence }: Job, resolution: Resolution): Uint8Array {
    const { judged, rcode, authority, ttlSeconds, translated = false } = resolution
    const { answer, owner: stripped } = this.#privateAddresses.removedFrom(resolution.answer)
    const nowMs = this.#context.clock.nowMs()
    const parts: AnswerParts = {
      question: { name, type, class: CLASS.IN },
      rcode,
      answer: this.#shown(answer),
      authority: this.#shown(authority),
      status: judged.status,
      reason: REASONS[judged.reason].number,
      ede:
        stripped === undefined
          ? extendedErrors(resolution, name, type)
          : [...extendedErrors(resolution, name, type), blocked(stripped)],
      policySequence,
      ttlSeconds,
      link: judged.link,
      // RFC 6672 2.2: with YXDOMAIN nothing answers the question, so there is nothing for AD to speak of.
      authenticated:
        judged.status === 'secure' && stripped === undefined && !translated && rcode !== RCODE.YXDOMAIN,
      translated,
    }
    return writeAnswerEntry(parts, nowMs)
  }

  /** The sets with the TTLs that clients are to see; how long the answer stands is said beside them. */
  #shown(sets: readonly Rrset[]): readonly Rrset[] {
    if (!this.#context.settings.originalTtls) return sets
    return sets.map((set) => ({ ...set, ttlSeconds: set.givenTtlSeconds ?? set.ttlSeconds }))
  }

  #isLocal(name: Name, type: number): boolean {
    return this.#context.local?.(name, type) !== undefined
  }

  #store(question: ClientQuestion, job: Job, resolution: Resolution): Outcome {
    const { name, type } = question
    const { judged, ttlSeconds, cached, uncached } = resolution
    const entry = this.#write(question, job, resolution)
    const outcome: Outcome = { entry, ending: endingOf(resolution), judged, ttlSeconds, cached }
    // What must not be kept still ends what was known before.
    const nowMs = this.#context.clock.nowMs()
    if (this.#isApart(question) || isRefusal(judged.reason)) return outcome
    // It may have been asked before the name was local; hits are served before local zones are looked at.
    const isKept = !uncached && !this.#isLocal(name, type)
    if (isKept) this.#answers.put(name, type, entry, nowMs, this.#stale?.keptMs(question, outcome))
    this.#stale?.note(this.#key(question), outcome)
    return outcome
  }
}

/** `bogus` only where there is data that did not validate: a chain that could not be fetched is a failure. */
function endingOf({ judged, rcode }: Resolution): Outcome['ending'] {
  if (judged.status === 'bogus') {
    return judged.transient === true && judged.reason !== 'too-much-work' ? 'failure' : 'bogus'
  }
  return rcode === RCODE.SERVFAIL ? 'failure' : 'answer'
}

/** The most exact error first; one that was not tried again just now says so beside it (RFC 8914 4.14). */
function extendedErrors(resolution: Resolution, name: Name, type: number): ExtendedError[] {
  const errors = errorsOfVerdict(resolution, name, type)
  // Where the rest does not validate, that is why.
  if (resolution.misshapen === true)
    errors.unshift({ code: EDE.OTHER, text: `${formatName(name)} ${formatType(type)}: ${MISSHAPEN}` })
  return errors
}

const MISSHAPEN = 'the authority sent address records of a wrong length; they were left out'

function errorsOfVerdict({ judged, cached }: Resolution, name: Name, type: number): ExtendedError[] {
  const { ede, text } = REASONS[judged.reason]
  if (ede === undefined) return []
  const asked = `${formatName(name)} ${formatType(type)}`
  const told = judged.detail === '' ? `${asked}: ${text}` : judged.detail
  const errors = [{ code: ede, text: told }]
  // No key was found because nobody gave any: both are worth telling.
  if (judged.reason === 'dnskey-unreachable') errors.push({ code: EDE.NO_REACHABLE_AUTHORITY, text: told })
  const old = REASONS['cached-failure']
  return cached ? [...errors, { code: old.ede, text: `${asked}: ${old.text}` }] : errors
}

function blocked(owner: Name): ExtendedError {
  const { ede, text } = REASONS['private-address']
  return { code: ede, text: `${formatName(owner)}: ${text}` }
}
