/** What one client query may cost, sub-queries included (DESIGN: "never reset by a retry"). */
import type { ProofBudget } from '../dnssec/budget.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { copyName, type Name, namesEqual } from '../wire/name.ts'
import type { HeldOctets, Holder } from './held-octets.ts'
import type { ResolverLimits } from './resolver-limits.ts'

/** Upstream queries of one of the questions that a client query needs. */
export interface QuestionBudget {
  queries: number
}

/** One per client query; every sub-query charges it. */
export class WorkBudget implements Holder {
  /** Signatures and hashes. */
  readonly proof: ProofBudget
  /** As they were when the query began. */
  readonly limits: ResolverLimits
  /** `clock.nowMs()` after which nothing more is asked. */
  readonly deadlineMs: number
  #queries = 0
  #nsLookups = 0
  #octets = 0
  readonly #held: HeldOctets
  /** A handful, as a rule: looking through them costs less than keys would. */
  readonly #questions: { readonly name: Name; readonly type: number; readonly budget: QuestionBudget }[] = []

  constructor(deadlineMs: number, proof: ProofBudget, limits: ResolverLimits, held: HeldOctets) {
    this.#held = held
    this.proof = proof
    this.limits = limits
    this.deadlineMs = deadlineMs
  }

  /** The allowance of one of the questions: the same one however often the question is tried. */
  question(name: Name, type: number): QuestionBudget {
    for (const known of this.#questions)
      if (known.type === type && namesEqual(known.name, name)) return known.budget
    const budget = { queries: 0 }
    // The name may be a view of a whole reply.
    this.#questions.push({ name: copyName(name), type, budget })
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
    const { upstreamQueries, upstreamQueriesPerQuestion } = this.limits
    if (this.#queries >= upstreamQueries) return 'limit-upstream-queries'
    if (question.queries >= upstreamQueriesPerQuestion) return 'limit-upstream-queries'
    this.#queries++
    question.queries++
    return undefined
  }

  /** Octets of replies received so far. */
  get octets(): number {
    return this.#octets
  }

  /**
   * Charges a reply.
   *
   * @returns the limit that forbids to read it, or undefined when it may be read
   */
  takeReply(octets: number, nowMs: number): Reason | undefined {
    this.#octets += octets
    if (this.#octets > this.limits.upstreamOctets) return 'limit-upstream-octets'
    return this.#held.add(this, nowMs) ? undefined : 'limit-upstream-octets'
  }

  /** Nothing that was received is held any more. */
  end(): void {
    this.#held.remove(this)
  }

  /** Whether there is enough left for a query that may turn out not to have been needed. */
  maySpare(question: QuestionBudget): boolean {
    const { upstreamQueries, upstreamQueriesPerQuestion } = this.limits
    return this.#queries < upstreamQueries / 2 && question.queries < upstreamQueriesPerQuestion / 2
  }

  /** Charges the look-up of one name-server name; false when no more are allowed. */
  takeNsLookup(): boolean {
    if (this.#nsLookups >= this.limits.nameServers) return false
    this.#nsLookups++
    return true
  }
}
