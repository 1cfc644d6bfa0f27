/** What one client query may cost, sub-queries included (DESIGN: "never reset by a retry"). */
import { NS_LOOKUPS_MAX, UPSTREAM_QUERIES_MAX, UPSTREAM_QUERIES_PER_QUESTION_MAX } from '../base/limits.ts'
import type { ProofBudget } from '../dnssec/budget.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { type Name, nameKey } from '../wire/name.ts'

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
  readonly #questions = new Map<string, QuestionBudget>()
  /** When the event loop last got a turn while this query's signatures were checked. */
  lastYieldMs: number

  constructor(nowMs: number, deadlineMs: number, proof: ProofBudget) {
    this.proof = proof
    this.deadlineMs = deadlineMs
    this.lastYieldMs = nowMs
  }

  /** The allowance of one of the questions: the same one however often the question is tried. */
  question(name: Name, type: number): QuestionBudget {
    const key = `${type} ${nameKey(name)}`
    const budget = this.#questions.get(key) ?? { queries: 0 }
    this.#questions.set(key, budget)
    return budget
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

  /** Whether there is enough left for a query that may turn out not to have been needed. */
  maySpare(question: QuestionBudget): boolean {
    return (
      this.#queries < UPSTREAM_QUERIES_MAX / 2 && question.queries < UPSTREAM_QUERIES_PER_QUESTION_MAX / 2
    )
  }

  /** Charges the look-up of one name-server name; false when no more are allowed. */
  takeNsLookup(): boolean {
    if (this.#nsLookups >= NS_LOOKUPS_MAX) return false
    this.#nsLookups++
    return true
  }
}
