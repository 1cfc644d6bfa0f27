/** Circumstances of a validation, for tests of the proof room. */
import { KEY_HANDLES_MAX, NSEC3_ITERATIONS_MAX } from '../../src/base/limits.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { PROOF_LIMITS, ProofBudget, type ProofLimits } from '../../src/dnssec/budget.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import { KeyTable } from '../../src/dnssec/keys.ts'
import type { ValidationParameters } from '../../src/dnssec/parameters.ts'

const ALGORITHMS = selfTest()
const DIGESTS = selfTestDigests()
/** No bound that a test of something else could meet. */
const FREE: ProofLimits = { ...PROOF_LIMITS, signatures: 1e9, failedSignatures: 1e9, sha1Calls: 1e9 }

/** What a test may choose. */
export interface ProofChoices {
  /** ISO text or seconds since 1970. */
  readonly at?: string | number
  readonly skewSeconds?: number
  readonly budget?: ProofBudget
  readonly keys?: KeyTable
  readonly nsec3IterationsMax?: number
  /** Taken as unsupported. */
  readonly withoutAlgorithms?: readonly number[]
  readonly withoutDigests?: readonly number[]
}

/** Parameters at 2026-10-04T14:15:00Z, without tolerance and without bounds unless chosen otherwise. */
export function proofParameters(choices: ProofChoices = {}): ValidationParameters {
  const {
    at = '2026-10-04T14:15:00Z',
    skewSeconds = 0,
    withoutAlgorithms = [],
    withoutDigests = [],
  } = choices
  return {
    nowSeconds: typeof at === 'number' ? at : Date.parse(at) / 1000,
    skewSecondsMin: skewSeconds,
    skewSecondsMax: skewSeconds,
    algorithmSupported: (algorithm) => ALGORITHMS.has(algorithm) && !withoutAlgorithms.includes(algorithm),
    digestSupported: (digestType) => DIGESTS.has(digestType) && !withoutDigests.includes(digestType),
    nsec3IterationsMax: choices.nsec3IterationsMax ?? NSEC3_ITERATIONS_MAX,
    keys: choices.keys ?? new KeyTable(KEY_HANDLES_MAX),
    budget: choices.budget ?? new ProofBudget(FREE),
  }
}
