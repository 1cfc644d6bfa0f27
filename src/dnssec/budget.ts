/** Bounds on the work of proving, per client query, sub-queries included (KeyTrap, NSEC3 closest-encloser attacks). */
import {
  DENIAL_RRSETS_MAX,
  DS_TRIED_MAX,
  FAILED_SIGNATURES_MAX,
  KEYS_PER_TAG_MAX,
  NSEC3_SHA1_CALLS_MAX,
  RRSIGS_PER_RRSET_MAX,
  SIGNATURES_MAX,
} from '../base/limits.ts'
import type { Name } from '../wire/name.ts'

/** A bound of the whole query; a label value of metrics. */
export type QueryProofLimit = 'signatures' | 'failed-signatures' | 'nsec3-sha1-calls'

/** Any bound of this room: the query's, and those within one RRset or proof. */
export type ProofLimit = QueryProofLimit | 'rrsigs-per-rrset' | 'keys-per-tag' | 'ds-tried' | 'denial-rrsets'

/** How much may be done: for the whole query, … */
export interface ProofLimits {
  readonly signatures: number
  readonly failedSignatures: number
  readonly sha1Calls: number
  /** … for one RRset, … */
  readonly rrsigsPerRrset: number
  /** … for one RRSIG or DS record, … */
  readonly keysPerTag: number
  /** … for one DNSKEY set, … */
  readonly dsTried: number
  /** … and for one denial. */
  readonly denialRrsets: number
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
  /** `zone` is the one whose data it was. */
  limitHit(limit: ProofLimit, zone: Name): void
}

/** What holds where nobody says otherwise. */
export const PROOF_LIMITS: ProofLimits = {
  signatures: SIGNATURES_MAX,
  failedSignatures: FAILED_SIGNATURES_MAX,
  sha1Calls: NSEC3_SHA1_CALLS_MAX,
  rrsigsPerRrset: RRSIGS_PER_RRSET_MAX,
  keysPerTag: KEYS_PER_TAG_MAX,
  dsTried: DS_TRIED_MAX,
  denialRrsets: DENIAL_RRSETS_MAX,
}

/** Who may be asked for SHA-1 calls. */
export interface Sha1Allowance {
  /** Asks for `calls` SHA-1 calls, for names of `zone`; false when they must not be done. */
  takeSha1(calls: number, zone: Name): boolean
}

/** The allowance of one client query. It only ever shrinks: no retry and no restart resets it. */
export class ProofBudget implements Sha1Allowance {
  readonly counts: ProofCounts = { signatures: 0, failedSignatures: 0, sha1Calls: 0 }
  readonly limits: ProofLimits
  readonly #counters: ProofCounters | undefined
  #exceeded: QueryProofLimit | undefined

  constructor(limits: ProofLimits = PROOF_LIMITS, counters?: ProofCounters) {
    this.limits = limits
    this.#counters = counters
  }

  /** The first bound that refused work, or undefined. Once set, the query at hand must fail; its zone must not. */
  get exceeded(): QueryProofLimit | undefined {
    return this.#exceeded
  }

  /** Asks for one signature verification, of data of `zone`; false when it must not be done. */
  takeSignature(algorithm: number, zone: Name): boolean {
    if (this.counts.failedSignatures >= this.limits.failedSignatures)
      return this.#refuse('failed-signatures', zone)
    if (this.counts.signatures >= this.limits.signatures) return this.#refuse('signatures', zone)
    this.counts.signatures++
    this.#counters?.signatureVerification(algorithm)
    return true
  }

  /** No signature may be verified any more: there is no use in asking for others. */
  get isSpent(): boolean {
    const { counts, limits } = this
    return counts.failedSignatures >= limits.failedSignatures || counts.signatures >= limits.signatures
  }

  /** Tells that a verification failed, or that a key could not be imported (CVE-2025-8677). */
  signatureFailed(): void {
    this.counts.failedSignatures++
  }

  /** Asks for `calls` SHA-1 calls, each NSEC3 iteration being one; false when they must not be done. */
  takeSha1(calls: number, zone: Name): boolean {
    if (this.counts.sha1Calls + calls > this.limits.sha1Calls) return this.#refuse('nsec3-sha1-calls', zone)
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
      takeSha1: (calls, zone) =>
        this.counts.sha1Calls + calls <= this.limits.sha1Calls / 2 && this.takeSha1(calls, zone),
    }
  }

  /** Counts a bound within one RRset or proof: what lies beyond it is passed over, the query goes on. */
  note(limit: ProofLimit, zone: Name): void {
    this.#counters?.limitHit(limit, zone)
  }

  #refuse(limit: QueryProofLimit, zone: Name): false {
    if (this.#exceeded === undefined) {
      this.#exceeded = limit
      this.#counters?.limitHit(limit, zone)
    }
    return false
  }
}
