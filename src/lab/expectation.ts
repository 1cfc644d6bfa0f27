/** What a resolver must answer, written down beside the zone that it is about, and the comparison with what it did answer. */
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'

/**
 * What an answer says of itself on the wire. `secure` is AD, `insecure` an answer without it, `bogus` SERVFAIL with an
 * error of validation, `failed` any other SERVFAIL, `unchecked` an answer to a question with CD, `unmarked` one to a
 * question with neither AD nor DO.
 */
export type WireVerdict = 'secure' | 'insecure' | 'bogus' | 'failed' | 'unchecked' | 'unmarked'

/** How a question is put: as dig does (AD set), with CD, or with neither AD nor DO. */
export type Manner = 'usual' | 'cd' | 'plain'

/** One question and what must come back. */
export interface Expectation {
  readonly name: string
  readonly type: string
  readonly manner: Manner
  readonly verdict: WireVerdict
  readonly rcode: number
  readonly ad: boolean
  /** The first Extended DNS Error, or undefined when there must be none. */
  readonly ede: number | undefined
  /** Whether the answer section holds records. */
  readonly data: boolean
  /** The DNSSEC algorithm that it depends on; where the platform lacks it, the zone counts as unsigned (EDE 1). */
  readonly algorithm?: number
}

/** What came back. */
export interface Observation {
  readonly rcode: number
  readonly ad: boolean
  readonly edes: readonly number[]
  readonly data: boolean
}

type Details = Partial<Pick<Expectation, 'ad' | 'rcode' | 'ede' | 'data' | 'algorithm'>>

/** Errors that say that data or its chain did not validate (RFC 8914 4.6 to 4.13, and the registry's 25). */
const VALIDATION_ERRORS: ReadonlySet<number> = new Set([
  EDE.DNSSEC_BOGUS,
  EDE.SIGNATURE_EXPIRED,
  EDE.SIGNATURE_NOT_YET_VALID,
  EDE.DNSKEY_MISSING,
  EDE.RRSIGS_MISSING,
  EDE.NO_ZONE_KEY_BIT_SET,
  EDE.NSEC_MISSING,
  EDE.SIGNATURE_EXPIRED_BEFORE_VALID,
])

/** A positive answer with AD, unless said otherwise. */
export function secure(name: string, type = 'A', details: Details = {}): Expectation {
  return expectation(name, type, 'usual', 'secure', { ad: true, ...details })
}

/** An answer without AD. */
export function insecure(name: string, type = 'A', details: Details = {}): Expectation {
  return expectation(name, type, 'usual', 'insecure', details)
}

/** SERVFAIL with this error of validation. */
export function bogus(name: string, type: string, ede: number): Expectation {
  return expectation(name, type, 'usual', 'bogus', { rcode: RCODE.SERVFAIL, ede, data: false })
}

/** SERVFAIL because there is no usable answer. */
export function failed(name: string, type: string, ede: number): Expectation {
  return expectation(name, type, 'usual', 'failed', { rcode: RCODE.SERVFAIL, ede, data: false })
}

/** With CD: the data, whatever it is worth. The error may still be told. */
export function unchecked(name: string, type = 'A', details: Details = {}): Expectation {
  return expectation(name, type, 'cd', 'unchecked', details)
}

/** Secure, but the client did not say that it understands AD (RFC 6840 5.7). */
export function plain(name: string, type = 'A'): Expectation {
  return expectation(name, type, 'plain', 'unmarked', {})
}

/** The name does not exist. */
export const NAME_ERROR: Details = { rcode: RCODE.NXDOMAIN, data: false }
/** The name exists, the type does not. */
export const NO_DATA: Details = { data: false }

function expectation(
  name: string,
  type: string,
  manner: Manner,
  verdict: WireVerdict,
  details: Details & { readonly ad?: boolean },
): Expectation {
  return {
    name,
    type,
    manner,
    verdict,
    rcode: RCODE.NOERROR,
    ad: false,
    ede: undefined,
    data: true,
    ...details,
  }
}

/** What must come back on a platform that verifies these algorithms only. */
export function onPlatform(expected: Expectation, supported: ReadonlySet<number>): Expectation {
  const { algorithm } = expected
  if (algorithm === undefined || supported.has(algorithm)) return expected
  return { ...expected, verdict: 'insecure', ad: false, ede: EDE.UNSUPPORTED_DNSKEY_ALGORITHM }
}

/** The verdict that an answer carries. */
export function verdictOf(observed: Observation, manner: Manner): WireVerdict {
  if (observed.rcode === RCODE.SERVFAIL) {
    return observed.edes.some((ede) => VALIDATION_ERRORS.has(ede)) ? 'bogus' : 'failed'
  }
  if (manner === 'cd') return 'unchecked'
  if (manner === 'plain' && !observed.ad) return 'unmarked'
  return observed.ad ? 'secure' : 'insecure'
}

/** True when the answer is as it must be. */
export function isMet(expected: Expectation, observed: Observation): boolean {
  // What is proven but no answer gets no AD (YXDOMAIN), and then looks on the wire like what is not proven.
  const verdict = expected.verdict === 'secure' && !expected.ad ? 'insecure' : expected.verdict
  return (
    verdictOf(observed, expected.manner) === verdict &&
    observed.rcode === expected.rcode &&
    observed.ad === expected.ad &&
    observed.data === expected.data &&
    (expected.manner === 'cd' || complaintOf(observed.edes) === expected.ede)
  )
}

/** The first error that an answer tells of. That it was made of cached proofs (RFC 8198) is none, and depends on what was asked before. */
export function complaintOf(edes: readonly number[]): number | undefined {
  return edes.find((ede) => ede !== EDE.SYNTHESIZED)
}
