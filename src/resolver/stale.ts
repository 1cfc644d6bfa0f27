/**
 * Answers that have run out, given while nothing newer is to be had (RFC 8767). They are whole answers out of the
 * answer cache, so nothing has to be put together again from records. Their verdict has run out with them: a signature bounds
 * how long it proves anything (RFC 4035 5.3.3), so none is secure any more and none gets AD.
 */
import {
  BOGUS_TTL_SECONDS,
  FAILURES_REMEMBERED_MAX,
  QUERY_TIME_MS_MAX,
  REFRESH_PAUSE_SECONDS,
} from '../base/limits.ts'
import type { AnswerWriter } from '../cache/answer-cache.ts'
import {
  entryPolicySequence,
  entryStatus,
  entryStoredMs,
  parseAnswerEntry,
  writeAnswerEntry,
} from '../cache/answer-entry.ts'
import { ExpiringTable } from '../cache/expiring-table.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import type { ExtendedError } from '../wire/edns.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType } from '../wire/iana/rrtype.ts'
import { formatName } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import type { Judgement } from './context.ts'
import type { ClientQuestion, ClientReply, Clock, ResolverPolicy, ServeStale } from './ports.ts'
import type { Refreshes } from './refreshes.ts'

/** What a resolution came to. */
export interface Outcome {
  readonly entry: Uint8Array
  /** `failure`: there is no answer at all. */
  readonly ending: 'answer' | 'failure' | 'bogus'
  readonly judged: Judgement
  /** Seconds that it stands. */
  readonly ttlSeconds: number
  /** A failure that happened before: nobody was asked again. */
  readonly cached: boolean
}

/** Why nothing newer came of a question; without a verdict where it is under way for long. */
type Trouble = Pick<Outcome, 'ending' | 'judged'> | { readonly ending: 'slow' }

/** What it needs of the engine. */
export interface StaleAnswersOptions {
  readonly clock: Clock
  readonly policy: ResolverPolicy
  readonly answers: AnswerWriter
  readonly refreshes: Refreshes
  readonly settings: ServeStale
  /** `ResolverSettings.originalTtls`: the records keep the TTLs of the answer. */
  readonly originalTtls: boolean
  readonly onFault: (fault: unknown) => void
  /** Questions in trouble remembered. */
  readonly max?: number
}

/** Stands between the clients' questions and their resolution. */
export class StaleAnswers {
  readonly #parts: StaleAnswersOptions
  /** Questions of which nothing came lately, by key: their old answers are given at once. */
  readonly #troubles: ExpiringTable<Trouble>

  constructor(parts: StaleAnswersOptions) {
    this.#parts = parts
    const { clock, max = FAILURES_REMEMBERED_MAX } = parts
    this.#troubles = new ExpiringTable({ max, nowMs: () => clock.nowMs() })
  }

  /**
   * The answer to a question: a fresh one when it comes in time, else an old one if there is one. The resolution goes
   * on then, and its answer is for the next client.
   *
   * @param key names the question
   */
  async answer(
    key: string,
    question: ClientQuestion,
    resolveIt: () => Promise<Outcome>,
  ): Promise<ClientReply> {
    const old = this.#oldAnswer(question)
    if (old === undefined) return { entry: (await resolveIt()).entry }
    const trouble = this.#troubles.get(key)
    if (trouble !== undefined) {
      if (this.#standsIn(old, question, trouble)) return this.#reply(old, trouble)
      return { entry: (await resolveIt()).entry }
    }
    const { refreshes } = this.#parts
    if (!refreshes.admits(key)) return this.#reply(old, SLOW)
    const outcome = await this.#inTime(refreshes.run(key, resolveIt))
    if (outcome === undefined) {
      this.#troubles.set(key, SLOW, QUERY_TIME_MS_MAX)
      return this.#reply(old, SLOW)
    }
    return this.#standsIn(old, question, outcome) ? this.#reply(old, outcome) : { entry: outcome.entry }
  }

  /** An old answer that may be given without asking anybody: its zone is in trouble, or clients need not wait at all. */
  atOnce(key: string, question: ClientQuestion): ClientReply | undefined {
    const old = this.#oldAnswer(question)
    if (old === undefined) return undefined
    const trouble = this.#troubles.get(key) ?? (this.#parts.settings.clientTimeoutMs === 0 ? SLOW : undefined)
    if (trouble === undefined || !this.#standsIn(old, question, trouble)) return undefined
    return this.#reply(old, trouble)
  }

  /** Takes note of what a question came to, whoever asked it. */
  note(key: string, { ending, judged, ttlSeconds, cached }: Outcome): void {
    if (ending === 'answer') {
      this.#troubles.delete(key)
      return
    }
    const bogus = ending === 'bogus'
    // RFC 8767 5 lets 30 seconds pass; a server that answers with an error is asked again as RFC 9520 3.2 says.
    const pauseSeconds = !cached && SILENCES.has(judged.reason) ? REFRESH_PAUSE_SECONDS : 0
    const lifetimeMs = 1000 * (bogus ? BOGUS_TTL_SECONDS : Math.max(ttlSeconds, pauseSeconds))
    if (cached && this.#troubles.remainingMs(key) >= lifetimeMs) return
    this.#troubles.set(key, { ending, judged }, lifetimeMs)
  }

  /**
   * How long after its end an old answer is kept from being replaced by what came of its question, milliseconds. What
   * is bogus ends an older answer, except one that may be given even then.
   */
  keptMs({ name, type }: ClientQuestion, { ending }: Pick<Outcome, 'ending'>): number {
    const { answers, clock, settings } = this.#parts
    const staleMs = settings.maxSeconds * 1000
    if (ending !== 'bogus') return staleMs
    if (!settings.afterBogus) return 0
    const old = answers.stale(name, type, clock.nowMs(), staleMs)
    return old !== undefined && entryStatus(old, 0) === 'secure' ? staleMs : 0
  }

  /** Judged under the present policy, or none: what has changed since might have made it bogus. */
  #oldAnswer({ name, type }: ClientQuestion): Uint8Array | undefined {
    const { answers, clock, policy, settings } = this.#parts
    const old = answers.stale(name, type, clock.nowMs(), settings.maxSeconds * 1000)
    return old !== undefined && entryPolicySequence(old, 0) === policy.sequence ? old : undefined
  }

  /** Whether the old answer is better than what came of the question. */
  #standsIn(
    old: Uint8Array,
    { checkingDisabled, verdict = 'enforced' }: ClientQuestion,
    { ending }: Pick<Trouble, 'ending'> | Pick<Outcome, 'ending'>,
  ): boolean {
    if (ending !== 'bogus') return ending !== 'answer'
    const { policy, settings } = this.#parts
    // Who checks himself, or is spared, gets what there is now.
    const enforced = policy.mode === 'enforce' && verdict === 'enforced' && !checkingDisabled
    return settings.afterBogus && enforced && entryStatus(old, 0) === 'secure'
  }

  /** What the work comes to, or undefined when the client has waited long enough. */
  #inTime(work: Promise<Outcome>): Promise<Outcome | undefined> {
    const { clock, settings, onFault } = this.#parts
    if (settings.clientTimeoutMs === 0) {
      work.catch(onFault)
      return Promise.resolve(undefined)
    }
    return new Promise((resolve, reject) => {
      let waiting = true
      const cancel = clock.after(settings.clientTimeoutMs, () => {
        waiting = false
        resolve(undefined)
      })
      work.then(resolve, (fault: unknown) => (waiting ? reject(fault) : onFault(fault))).finally(cancel)
    })
  }

  #reply(old: Uint8Array, trouble: Trouble): ClientReply {
    const { clock, settings, originalTtls } = this.#parts
    const { ttlSeconds } = settings
    const nowMs = clock.nowMs()
    const parts = parseAnswerEntry(old, 0, originalTtls ? entryStoredMs(old, 0) : nowMs)
    const reason: Reason = parts.rcode === RCODE.NXDOMAIN ? 'stale-name-error' : 'stale-answer'
    const { name, type } = parts.question
    const asked = `${formatName(name)} ${formatType(type)}`
    const withTtl = (set: Rrset): Rrset => (originalTtls ? set : { ...set, ttlSeconds })
    const entry = writeAnswerEntry(
      {
        ...parts,
        answer: parts.answer.map(withTtl),
        authority: parts.authority.map(withTtl),
        status: 'indeterminate',
        reason: REASONS[reason].number,
        ede: [
          { code: REASONS[reason].ede, text: `${asked}: ${REASONS[reason].text}` },
          ...cause(trouble, asked),
          ...parts.ede,
        ],
        ttlSeconds,
        authenticated: false,
      },
      nowMs,
    )
    return { entry, stale: true }
  }
}

const SLOW: Trouble = { ending: 'slow' }

/** Reasons that mean that nobody answered. */
const SILENCES: ReadonlySet<Reason> = new Set<Reason>(['no-reachable-authority', 'limit-time'])

/** Why the answer is an old one, if that is known. */
function cause(trouble: Trouble, asked: string): ExtendedError[] {
  if (trouble.ending === 'slow') return []
  const { reason, detail } = trouble.judged
  const { ede, text } = REASONS[reason]
  const code = trouble.ending === 'bogus' ? EDE.DNSSEC_BOGUS : ede
  return code === undefined ? [] : [{ code, text: detail === '' ? `${asked}: ${text}` : detail }]
}
