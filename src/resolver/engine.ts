/** The resolver as a whole: its parts put together, and the door through which questions come in. */

import {
  DENIAL_ZONES_MAX,
  FAILURES_REMEMBERED_MAX,
  KEY_HANDLES_MAX,
  QUERY_TIME_MS_MAX,
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
import { TYPE } from '../wire/iana/rrtype.ts'
import { foldName, type Name, nameKey, ROOT } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type Context, failure, type Job, type Judgement, type KnownTrust } from './context.ts'
import { fetchData } from './fetch.ts'
import { Flight, InFlight } from './in-flight.ts'
import { lookup } from './lookup.ts'
import type {
  ClientQuestion,
  ClientReply,
  Clock,
  EngineCounters,
  Random,
  ResolverPolicy,
  ResolverPort,
  ResolverSettings,
  Trace,
  Upstream,
} from './ports.ts'
import { PrivateAddresses } from './private-addresses.ts'
import { recall } from './recall.ts'
import { type Resolution, resolve, servfail } from './resolve.ts'
import { Routes } from './routes.ts'
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
}

/** A validating resolver without I/O of its own. */
export class Resolver implements ResolverPort {
  readonly #context: Context
  readonly #answers: AnswerWriter
  readonly #onFault: (fault: unknown) => void
  readonly #privateAddresses: PrivateAddresses
  readonly #questions: InFlight<Uint8Array>

  constructor({
    answers,
    onFault,
    importKey,
    tableEntriesMax = Number.POSITIVE_INFINITY,
    ...parts
  }: ResolverParts) {
    const nowMs = (): number => parts.clock.nowMs()
    const atMost = (max: number): number => Math.min(max, tableEntriesMax)
    const context: Context = {
      ...parts,
      denials: new DenialRanges({ nowMs, zonesMax: atMost(DENIAL_ZONES_MAX) }),
      routes: new Routes(parts.settings.routes),
      failures: new FailureCache({ nowMs, max: atMost(FAILURES_REMEMBERED_MAX) }),
      servers: new ServerTable({ nowMs, max: atMost(SERVERS_REMEMBERED_MAX) }),
      keys: new KeyTable(atMost(KEY_HANDLES_MAX), importKey),
      trust: new ExpiringTable<KnownTrust>({ max: atMost(ZONES_TRUSTED_MAX), nowMs }),
      vainRetries: new ExpiringTable<number>({ max: atMost(ZONES_TRUSTED_MAX), nowMs }),
      primings: new InFlight(parts.clock),
      asks: new InFlight(parts.clock),
      fetches: new InFlight(parts.clock),
      lookups: new InFlight(parts.clock),
      lookup: (job, name, type) => lookup(context, job, name, type),
      fetchData: (job, name, type) => fetchData(context, job, name, type),
      aside: (work) => void work(this.#job(this.#flight(), undefined)).catch(onFault),
    }
    this.#context = context
    this.#questions = new InFlight(parts.clock)
    this.#answers = answers
    this.#onFault = onFault
    this.#privateAddresses = new PrivateAddresses(parts.settings)
  }

  /** Questions, look-ups and fetches under way: all 0 when nobody waits. */
  get inFlight(): { readonly questions: number; readonly lookups: number; readonly fetches: number } {
    const { lookups, fetches } = this.#context
    return { questions: this.#questions.size, lookups: lookups.size, fetches: fetches.size }
  }

  /** Resolves one question; equal ones are resolved once. The entry is also stored in the answer cache. */
  async resolve(question: ClientQuestion, trace?: Trace): Promise<ClientReply> {
    if (question.cachedOnly === true) {
      const known = recall(this.#context, foldName(question.name), question.type)
      return { entry: this.#store(question, this.#job(this.#flight(), trace), known) }
    }
    const key = `${this.#context.policy.sequence} ${question.type} ${nameKey(question.name)}`
    const work = (flight: Flight): Promise<Uint8Array> => this.#answer(question, this.#job(flight, trace))
    if (trace !== undefined) return { entry: await work(this.#flight()) }
    // Equal questions have equal allowances, so one that met a limit is not tried again for those who waited with it.
    const joined = await this.#questions.join(key, this.#flight(), work)
    // A client's flight is waited for by nobody: it can be part of no cycle, and who led it came before us.
    return { entry: 'value' in joined ? joined.value : await work(this.#flight()) }
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

  #flight(): Flight {
    return new Flight(this.#context.clock.nowMs() + QUERY_TIME_MS_MAX)
  }

  #job(flight: Flight, trace: Trace | undefined): Job {
    const { clock, counters, policy } = this.#context
    const budget = new WorkBudget(clock.nowMs(), flight.deadlineMs, new ProofBudget(undefined, counters))
    return { budget, trace, flight, depth: 0, policySequence: policy.sequence }
  }

  async #answer(question: ClientQuestion, job: Job): Promise<Uint8Array> {
    let resolution: Resolution
    try {
      // In lower case, since some servers answer so and the question must come back as it went (attack V36).
      resolution = await resolve(this.#context, job, foldName(question.name), question.type)
    } catch (fault) {
      this.#onFault(fault)
      resolution = servfail(failure('internal', ''))
    }
    return this.#store(question, job, resolution)
  }

  #store(
    { name, type, cachedOnly }: ClientQuestion,
    { policySequence }: Job,
    resolution: Resolution,
  ): Uint8Array {
    const { judged, rcode, authority, ttlSeconds, uncached } = resolution
    const { answer, owner: stripped } = this.#privateAddresses.removedFrom(resolution.answer)
    const nowMs = this.#context.clock.nowMs()
    const parts: AnswerParts = {
      question: { name, type, class: CLASS.IN },
      rcode,
      answer,
      authority,
      status: judged.status,
      reason: REASONS[judged.reason].number,
      ede:
        stripped === undefined
          ? extendedErrors(resolution)
          : [...extendedErrors(resolution), blocked(stripped)],
      policySequence,
      ttlSeconds,
      authenticated: judged.status === 'secure' && stripped === undefined,
    }
    const entry = writeAnswerEntry(parts, nowMs)
    const kept = ttlSeconds > 0 && cachedOnly !== true && !uncached
    if (kept) this.#answers.put(name, type, entry, nowMs)
    return entry
  }
}

/** The most exact error first; one that was not tried again just now says so beside it (RFC 8914 4.14). */
function extendedErrors({ judged, cached }: Resolution): ExtendedError[] {
  const { ede, text } = REASONS[judged.reason]
  if (ede === undefined) return []
  const errors = [{ code: ede, text: judged.detail === '' ? text : judged.detail }]
  // No key was found because nobody gave any: both are worth telling.
  if (judged.reason === 'dnskey-unreachable') errors.push({ code: EDE.NO_REACHABLE_AUTHORITY, text: '' })
  const old = REASONS['cached-failure']
  return cached ? [...errors, { code: old.ede, text: old.text }] : errors
}

function blocked(owner: Name): ExtendedError {
  const { ede, text } = REASONS['private-address']
  return { code: ede, text: `${formatName(owner)}: ${text}` }
}
