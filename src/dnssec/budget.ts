/** Bounds on the work of proving, per client query, sub-queries included (KeyTrap, NSEC3 closest-encloser attacks). */
import { FAILED_SIGNATURES_MAX, NSEC3_SHA1_CALLS_MAX, SIGNATURES_MAX } from '../base/limits.ts'

/** A bound of the whole query; a label value of metrics. */
export type QueryProofLimit = 'signatures' | 'failed-signatures' | 'nsec3-sha1-calls'

/** Any bound of this room: the query's, and those within one RRset or proof. */
export type ProofLimit = QueryProofLimit | 'rrsigs-per-rrset' | 'keys-per-tag' | 'ds-tried' | 'denial-rrsets'

/** How much may be done. */
export interface ProofLimits {
  readonly signatures: number
  readonly failedSignatures: number
  readonly sha1Calls: number
}

/** How much was done. */
export interface ProofCounts {
  signatures: number
  failedSignatures: number
  sha1Calls: number
}

/** Who counts along, over all queries. */
export interface ProofCounters {
  signatureVerification(algorithm: number): void
  nsec3Hash(calls: number): void
  limitHit(limit: ProofLimit): void
}

const DEFAULT_LIMITS: ProofLimits = {
  signatures: SIGNATURES_MAX,
  failedSignatures: FAILED_SIGNATURES_MAX,
  sha1Calls: NSEC3_SHA1_CALLS_MAX,
}

/** Who may be asked for SHA-1 calls. */
export interface Sha1Allowance {
  /** Asks for `calls` SHA-1 calls; false when they must not be done. */
  takeSha1(calls: number): boolean
}

/** The allowance of one client query. It only ever shrinks: no retry and no restart resets it. */
export class ProofBudget implements Sha1Allowance {
  readonly counts: ProofCounts = { signatures: 0, failedSignatures: 0, sha1Calls: 0 }
  readonly #limits: ProofLimits
  readonly #counters: ProofCounters | undefined
  #exceeded: QueryProofLimit | undefined

  constructor(limits: ProofLimits = DEFAULT_LIMITS, counters?: ProofCounters) {
    this.#limits = limits
    this.#counters = counters
  }

  /** The first bound that refused work, or undefined. Once set, the query at hand must fail; its zone must not. */
  get exceeded(): QueryProofLimit | undefined {
    return this.#exceeded
  }

  /** Asks for one signature verification; false when it must not be done. */
  takeSignature(algorithm: number): boolean {
    if (this.counts.failedSignatures >= this.#limits.failedSignatures)
      return this.#refuse('failed-signatures')
    if (this.counts.signatures >= this.#limits.signatures) return this.#refuse('signatures')
    this.counts.signatures++
    this.#counters?.signatureVerification(algorithm)
    return true
  }

  /** Tells that a verification failed, or that a key could not be imported (CVE-2025-8677). */
  signatureFailed(): void {
    this.counts.failedSignatures++
  }

  /** Asks for `calls` SHA-1 calls, each NSEC3 iteration being one; false when they must not be done. */
  takeSha1(calls: number): boolean {
    if (this.counts.sha1Calls + calls > this.#limits.sha1Calls) return this.#refuse('nsec3-sha1-calls')
    this.counts.sha1Calls += calls
    this.#counters?.nsec3Hash(calls)
    return true
  }

  /**
   * An allowance for hashes that are of use but not needed: half of this one, so that what has to be proven can be.
   * To be refused by it is no fault of the query.
   */
  get spare(): Sha1Allowance {
    return {
      takeSha1: (calls) =>
        this.counts.sha1Calls + calls <= this.#limits.sha1Calls / 2 && this.takeSha1(calls),
    }
  }

  /** Counts a bound within one RRset or proof: what lies beyond it is passed over, the query goes on. */
  note(limit: ProofLimit): void {
    this.#counters?.limitHit(limit)
  }

  #refuse(limit: QueryProofLimit): false {
    if (this.#exceeded === undefined) {
      this.#exceeded = limit
      this.#counters?.limitHit(limit)
    }
    return false
  }
}
