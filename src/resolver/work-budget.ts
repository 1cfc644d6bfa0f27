/** What one client query may cost, sub-queries included (DESIGN: "never reset by a retry"). */
import {
  NS_LOOKUPS_MAX,
  QUERY_TIME_MS_MAX,
  UPSTREAM_QUERIES_MAX,
  UPSTREAM_QUERIES_PER_QUESTION_MAX,
} from '../base/limits.ts'
import type { ProofBudget } from '../dnssec/budget.ts'
import type { Reason } from '../dnssec/reasons.ts'

/** Upstream queries of one of the questions that a client query needs. */
export interface QuestionBudget {
  queries: number
}

/** One per client query; every sub-query charges it. */
export class WorkBudget {
  /** Signatures and hashes. */
  readonly proof: ProofBudget
  /** `clock.nowMs()` after which nothing more is asked. */
  readonly deadlineMs: number
  #queries = 0
  #nsLookups = 0
  /** When the event loop last got a turn while this query's signatures were checked. */
  lastYieldMs: number

  constructor(nowMs: number, proof: ProofBudget) {
    this.proof = proof
    this.deadlineMs = nowMs + QUERY_TIME_MS_MAX
    this.lastYieldMs = nowMs
  }

  /** Upstream queries sent so far. */
  get queries(): number {
    return this.#queries
  }

  /**
   * Charges one upstream query.
   *
   * @returns the limit that forbids it, or undefined when it may be sent
   */
  takeQuery(question: QuestionBudget, nowMs: number): Reason | undefined {
    if (nowMs >= this.deadlineMs) return 'limit-time'
    if (this.#queries >= UPSTREAM_QUERIES_MAX) return 'limit-upstream-queries'
    if (question.queries >= UPSTREAM_QUERIES_PER_QUESTION_MAX) return 'limit-upstream-queries'
    this.#queries++
    question.queries++
    return undefined
  }

  /** Charges the look-up of one name-server name; false when no more are allowed. */
  takeNsLookup(): boolean {
    if (this.#nsLookups >= NS_LOOKUPS_MAX) return false
    this.#nsLookups++
    return true
  }
}
