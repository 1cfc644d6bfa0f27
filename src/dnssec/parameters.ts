/** What every check takes from outside. */
import type { ProofBudget } from './budget.ts'
import type { KeyTable } from './keys.ts'
import type { NameHashes } from './nsec3-chain.ts'

/** What an operator has decided about signatures. */
export interface SignaturePolicy {
  readonly skewSecondsMin: number
  readonly skewSecondsMax: number
  readonly disabledAlgorithms: ReadonlySet<number>
  readonly disabledDigests: ReadonlySet<number>
}

/** The part of the circumstances that hangs on the operator and on what the platform can do. */
export function policyParameters(
  { skewSecondsMin, skewSecondsMax, disabledAlgorithms, disabledDigests }: SignaturePolicy,
  platform: { readonly algorithms: ReadonlySet<number>; readonly digests: ReadonlySet<number> },
): Pick<
  ValidationParameters,
  'skewSecondsMin' | 'skewSecondsMax' | 'algorithmSupported' | 'digestSupported'
> {
  return {
    skewSecondsMin,
    skewSecondsMax,
    algorithmSupported: (number) => platform.algorithms.has(number) && !disabledAlgorithms.has(number),
    digestSupported: (number) => platform.digests.has(number) && !disabledDigests.has(number),
  }
}

/** The circumstances of one validation. */
export interface ValidationParameters {
  /** Seconds since 1970 at which signatures are judged. */
  readonly nowSeconds: number
  /** Least tolerance at either end of a signature's validity, seconds; a tenth of its lifetime otherwise … */
  readonly skewSecondsMin: number
  /** … but no more than this. */
  readonly skewSecondsMax: number
  /** True when signatures of this DNSKEY algorithm can be verified and the operator has not disabled it. */
  algorithmSupported(algorithm: number): boolean
  /** The same for a DS digest type. */
  digestSupported(digestType: number): boolean
  /** Additional iterations above which an NSEC3 record is not computed (RFC 9276 3.2). */
  readonly nsec3IterationsMax: number
  readonly keys: KeyTable
  readonly budget: ProofBudget
  /** Hashes computed before, and the allowance for more; without them all are charged to the budget. */
  readonly nameHashes?: NameHashes
}
