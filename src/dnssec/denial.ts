/** Proofs that something does not exist (RFC 4035 5.4, RFC 5155 8, RFC 6840 4, RFC 9824). */
import { formatType } from '../wire/iana/rrtype.ts'
import { isStrictSubdomainOf, isSubdomainOf, type Name } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type DenialRecord, type Evidence, readEvidence } from './evidence.ts'
import type { Finding, NoDsFinding } from './finding.ts'
import { nsecNameError, nsecNoData, nsecNoDs, nsecWildcardAnswer } from './nsec-denial.ts'
import type { Nsec3Chain } from './nsec3-chain.ts'
import { nsec3NameError, nsec3NoData, nsec3NoDs, nsec3WildcardAnswer } from './nsec3-denial.ts'
import type { ValidationParameters } from './parameters.ts'
import { REASONS, type Reason } from './reasons.ts'

export type { DenialRecord } from './evidence.ts'

/** What a denial proves. The caller has verified the records' signatures under the keys of the one zone. */
export type DenialVerdict =
  | {
      readonly status: 'secure'
      /** The deepest ancestor that exists, where the proof names it. */
      readonly closestEncloser?: Name
      /** The name is denied by its own record, as a NODATA answer (RFC 9824): rcode NXDOMAIN would be the truth. */
      readonly nxname?: true
    }
  | {
      readonly status: 'insecure'
      readonly reason: 'opt-out' | 'nsec3-iterations'
      readonly closestEncloser?: Name
      /** Empty for opt-out. */
      readonly detail: string
    }
  | { readonly status: 'bogus'; readonly reason: Reason; readonly detail: string }

/** What the parent says of a possible zone cut without a DS set. */
export interface NoDsVerdict {
  /**
   * - `insecure-delegation`: name servers and no DS: the zone is not signed
   * - `opt-out`: the name may be an unsigned delegation; taken as one (RFC 5155 8.9)
   * - `not-a-cut`: the name exists and is no delegation
   * - `name-error`: the name does not exist
   * - `nsec3-iterations`: the proof is too dear to read (RFC 9276 3.2)
   * - `bogus`: nothing is proven, or the opposite
   */
  readonly kind: 'insecure-delegation' | 'opt-out' | 'not-a-cut' | 'name-error' | 'nsec3-iterations' | 'bogus'
  readonly reason: Reason
  /** Empty unless bogus, or too dear to read. */
  readonly detail: string
}

/**
 * Some records of a zone, and what they prove. They are read, and names hashed, when first needed and then once,
 * however many proofs are tried. The caller has verified their signatures.
 */
export class Denial {
  readonly zone: Name
  readonly #records: readonly DenialRecord[]
  readonly #p: ValidationParameters
  #read: Evidence | undefined

  constructor(zone: Name, records: readonly DenialRecord[], p: ValidationParameters) {
    this.zone = zone
    this.#records = records
    this.#p = p
  }

  get #evidence(): Evidence {
    this.#read ??= readEvidence(this.zone, this.#records, this.#p)
    return this.#read
  }

  /** NXDOMAIN. */
  nameError(qname: Name): DenialVerdict {
    const { zone } = this
    if (!isSubdomainOf(qname, zone)) return foreign(qname, zone)
    const evidence = this.#evidence
    const byNsec = (): Finding => nsecNameError(evidence, qname)
    const finding = search(evidence, byNsec, (chain) => nsec3NameError(chain, qname))
    const subject = `${formatName(qname)} NXDOMAIN in ${formatName(zone)}`
    return verdictOf(finding, evidence, subject, 'denial-missing')
  }

  /** NODATA: at the name itself, at a wildcard, at an empty non-terminal, or by NXNAME. */
  noData(qname: Name, qtype: number): DenialVerdict {
    const { zone } = this
    if (!isSubdomainOf(qname, zone)) return foreign(qname, zone)
    const evidence = this.#evidence
    const byNsec = (): Finding => nsecNoData(evidence, qname, qtype)
    const finding = search(evidence, byNsec, (chain) => nsec3NoData(chain, zone, qname, qtype))
    const subject = `${formatName(qname)} ${formatType(qtype)} NODATA in ${formatName(zone)}`
    return verdictOf(finding, evidence, subject, 'denial-missing')
  }

  /**
   * That an answer was rightly made from the wildcard below `closestEncloser`: the next closer name does not exist
   * (RFC 4035 5.3.4, RFC 5155 8.8).
   */
  wildcardAnswer(qname: Name, closestEncloser: Name): DenialVerdict {
    const { zone } = this
    if (!isSubdomainOf(closestEncloser, zone) || !isStrictSubdomainOf(qname, closestEncloser))
      return foreign(qname, zone)
    const evidence = this.#evidence
    const byNsec = (): Finding => nsecWildcardAnswer(evidence, qname, closestEncloser)
    const finding = search(evidence, byNsec, (chain) => nsec3WildcardAnswer(chain, qname, closestEncloser))
    const subject = `${formatName(qname)} from a wildcard in ${formatName(zone)}`
    return verdictOf(finding, evidence, subject, 'wildcard-proof-missing')
  }

  /**
   * What the parent zone says of `child` in a referral or in an answer to a DS question: never by records of the child
   * itself (RFC 6840 4.1).
   */
  noDs(child: Name): NoDsVerdict {
    const { zone } = this
    const subject = `${formatName(child)} without DS in ${formatName(zone)}`
    if (!isStrictSubdomainOf(child, zone)) {
      const detail = `${subject}: ${formatName(zone)} is not its parent`
      return { kind: 'bogus', reason: 'denial-wrong', detail }
    }
    const evidence = this.#evidence
    const byNsec = (): NoDsFinding => nsecNoDs(evidence, child)
    const finding = search(evidence, byNsec, (chain) => nsec3NoDs(chain, zone, child))
    switch (finding.kind) {
      case 'insecure-delegation':
        return { kind: finding.kind, reason: 'unsigned-delegation', detail: '' }
      case 'opt-out':
        return { kind: finding.kind, reason: 'opt-out', detail: '' }
      case 'not-a-cut':
      case 'name-error':
        return { kind: finding.kind, reason: 'secure', detail: '' }
      default: {
        const verdict = failure(finding, evidence, subject, 'denial-missing')
        const { status, reason, detail } = verdict
        return { kind: status === 'insecure' ? verdict.reason : status, reason, detail }
      }
    }
  }
}

/** `Denial.nameError`, where nothing else is asked of the records. */
export function proveNameError(
  qname: Name,
  zone: Name,
  records: readonly DenialRecord[],
  p: ValidationParameters,
): DenialVerdict {
  return new Denial(zone, records, p).nameError(qname)
}

/** `Denial.noData`, where nothing else is asked of the records. */
export function proveNoData(
  qname: Name,
  qtype: number,
  zone: Name,
  records: readonly DenialRecord[],
  p: ValidationParameters,
): DenialVerdict {
  return new Denial(zone, records, p).noData(qname, qtype)
}

/** `Denial.wildcardAnswer`, where nothing else is asked of the records. */
export function proveWildcardAnswer(
  qname: Name,
  closestEncloser: Name,
  zone: Name,
  records: readonly DenialRecord[],
  p: ValidationParameters,
): DenialVerdict {
  return new Denial(zone, records, p).wildcardAnswer(qname, closestEncloser)
}

/** `Denial.noDs`, where nothing else is asked of the records. */
export function proveNoDs(
  child: Name,
  zone: Name,
  records: readonly DenialRecord[],
  p: ValidationParameters,
): NoDsVerdict {
  return new Denial(zone, records, p).noDs(child)
}

type Failed = { readonly kind: 'missing' | 'wrong'; readonly what: string }

function isFailed<F extends Finding | NoDsFinding>(finding: F | Failed): finding is Failed {
  return finding.kind === 'missing' || finding.kind === 'wrong'
}

/** Asks the NSEC records, then the NSEC3 records; a zone in transition may have both. */
function search<F extends Finding | NoDsFinding>(
  evidence: Evidence,
  byNsec: () => F,
  byNsec3: (chain: Nsec3Chain) => F,
): F | Failed {
  const first: F | Failed =
    evidence.nsecs.length > 0 ? byNsec() : { kind: 'missing', what: 'no NSEC or NSEC3' }
  if (!isFailed(first) || evidence.nsec3 === undefined) return first
  const second = byNsec3(evidence.nsec3)
  return isFailed(second) && first.kind === 'wrong' ? first : second
}

function verdictOf(finding: Finding, evidence: Evidence, subject: string, missing: Reason): DenialVerdict {
  if (isFailed(finding)) return failure(finding, evidence, subject, missing)
  if (finding.kind === 'opt-out') {
    return { status: 'insecure', reason: 'opt-out', closestEncloser: finding.closestEncloser, detail: '' }
  }
  const { kind, ...found } = finding
  return { status: 'secure', ...found }
}

type Failure =
  | { readonly status: 'insecure'; readonly reason: 'nsec3-iterations'; readonly detail: string }
  | { readonly status: 'bogus'; readonly reason: Reason; readonly detail: string }

/** What to say where nothing was proven. */
function failure(finding: Failed, evidence: Evidence, subject: string, missing: Reason): Failure {
  if (evidence.nsec3?.exhausted) return bogus('too-much-work', subject, 'limit nsec3-sha1-calls')
  if (finding.kind === 'wrong') return bogus('denial-wrong', subject, finding.what)
  if (evidence.tooManyIterations) {
    const reason = 'nsec3-iterations'
    return { status: 'insecure', reason, detail: `${subject}: ${REASONS[reason].text}` }
  }
  if (evidence.refused !== undefined) return bogus('denial-wrong', subject, evidence.refused)
  return bogus(missing, subject, finding.what)
}

function bogus(reason: Reason, subject: string, what: string): Failure {
  return { status: 'bogus', reason, detail: `${subject}: ${what}` }
}

function foreign(name: Name, zone: Name): DenialVerdict {
  const detail = `${formatName(name)} is not a name of ${formatName(zone)}`
  return { status: 'bogus', reason: 'denial-wrong', detail }
}
