/** The resolver as a whole: its parts put together, and the door through which questions come in. */

import { KEY_HANDLES_MAX, ZONES_TRUSTED_MAX } from '../base/limits.ts'
import type { AnswerWriter } from '../cache/answer-cache.ts'
import { type AnswerParts, writeAnswerEntry } from '../cache/answer-entry.ts'
import { ExpiringTable } from '../cache/expiring-table.ts'
import { FailureCache } from '../cache/failure-cache.ts'
import type { RrsetCache } from '../cache/rrset-cache.ts'
import { ServerTable } from '../cache/server-table.ts'
import { ProofBudget } from '../dnssec/budget.ts'
import { KeyTable } from '../dnssec/keys.ts'
import { REASONS } from '../dnssec/reasons.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { nameKey, ROOT } from '../wire/name.ts'
import type { Context, Job, Judgement, KnownTrust } from './context.ts'
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
import { type Resolution, resolve, servfail } from './resolve.ts'
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
  /** Told of our own faults, each a bug; the question gets SERVFAIL. */
  readonly onFault: (fault: unknown) => void
}

/** A validating resolver without I/O of its own. */
export class Resolver implements ResolverPort {
  readonly #context: Context
  readonly #answers: AnswerWriter
  readonly #onFault: (fault: unknown) => void
  readonly #questions = new InFlight<Uint8Array>()

  constructor({ answers, onFault, ...parts }: ResolverParts) {
    const nowMs = (): number => parts.clock.nowMs()
    const context: Context = {
      ...parts,
      failures: new FailureCache({ nowMs }),
      servers: new ServerTable({ nowMs }),
      keys: new KeyTable(KEY_HANDLES_MAX),
      trust: new ExpiringTable<KnownTrust>({ max: ZONES_TRUSTED_MAX, nowMs }),
      fetches: new InFlight(),
      lookups: new InFlight(),
      lookup: (job, name, type) => lookup(context, job, name, type),
      fetch: (job, name, type) => fetchData(context, job, name, type),
    }
    this.#context = context
    this.#answers = answers
    this.#onFault = onFault
  }

  /** Questions, look-ups and fetches under way: all 0 when nobody waits. */
  get inFlight(): { readonly questions: number; readonly lookups: number; readonly fetches: number } {
    const { lookups, fetches } = this.#context
    return { questions: this.#questions.size, lookups: lookups.size, fetches: fetches.size }
  }

  /** Resolves one question; equal ones are resolved once. The entry is also stored in the answer cache. */
  async resolve(question: ClientQuestion, trace?: Trace): Promise<ClientReply> {
    const key = `${question.type} ${nameKey(question.name)}`
    const work = (flight: Flight): Promise<Uint8Array> => this.#answer(question, this.#job(flight, trace))
    if (trace !== undefined) return { entry: await work(new Flight()) }
    const joined = await this.#questions.join(key, new Flight(), work)
    // A client's flight is waited for by nobody, so it can be part of no cycle.
    return { entry: joined.kind === 'cycle' ? await work(new Flight()) : joined.value }
  }

  /** Fetches and judges the root's DNSKEY set: `secure` means that the node can validate. */
  async checkRoot(trace?: Trace): Promise<Judgement> {
    try {
      const found = await lookup(this.#context, this.#job(new Flight(), trace), ROOT, TYPE.DNSKEY)
      if (found.kind !== 'failure') return found.judged
      return { status: 'indeterminate', reason: found.reason, detail: found.detail }
    } catch (fault) {
      this.#onFault(fault)
      return { status: 'indeterminate', reason: 'internal', detail: '' }
    }
  }

  #job(flight: Flight, trace: Trace | undefined): Job {
    const { clock, counters } = this.#context
    const budget = new WorkBudget(clock.nowMs(), new ProofBudget(undefined, counters))
    return { budget, trace, flight, depth: 0 }
  }

  async #answer(question: ClientQuestion, job: Job): Promise<Uint8Array> {
    let resolution: Resolution
    try {
      resolution = await resolve(this.#context, job, question.name, question.type)
    } catch (fault) {
      this.#onFault(fault)
      resolution = servfail('internal', '')
    }
    return this.#store(question, resolution)
  }

  #store({ name, type }: ClientQuestion, resolution: Resolution): Uint8Array {
    const { clock, policy } = this.#context
    const { judged, rcode, answer, authority, ttlSeconds } = resolution
    const { ede, text, number } = REASONS[judged.reason]
    const nowMs = clock.nowMs()
    const parts: AnswerParts = {
      question: { name, type, class: CLASS.IN },
      rcode,
      answer,
      authority,
      status: judged.status,
      reason: number,
      ede: ede === undefined ? [] : [{ code: ede, text: judged.detail === '' ? text : judged.detail }],
      policySequence: policy.sequence,
      ttlSeconds,
      authenticated: judged.status === 'secure',
    }
    const entry = writeAnswerEntry(parts, nowMs)
    if (ttlSeconds > 0) this.#answers.put(name, type, entry, nowMs)
    return entry
  }
}
