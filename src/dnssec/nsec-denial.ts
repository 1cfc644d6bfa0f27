/** Denial by NSEC (RFC 4035 5.4, RFC 6840 4, RFC 9824). */
import { TYPE } from '../wire/iana/rrtype.ts'
import {
  commonAncestor,
  compareNames,
  isStrictSubdomainOf,
  labelCount,
  lastLabels,
  type Name,
  namesEqual,
  wildcardOf,
} from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { type Evidence, hasNxname, isSilentBelow, type NsecRecord } from './evidence.ts'
import { absenceOf, cutAt, exists, type Finding, type NoDsFinding, uncovered } from './finding.ts'

/** A name that the zone does not hold, or holds only as an empty non-terminal. */
interface Gap {
  readonly isEmptyNonTerminal: boolean
  readonly closestEncloser: Name
  /** `*.` and the closest encloser; undefined when that would be too long to exist. */
  readonly wildcard: Name | undefined
}

/** The name does not exist, nor does a wildcard that would stand for it. */
export function nsecNameError(evidence: Evidence, qname: Name): Finding {
  const at = matching(evidence, qname)
  if (at !== undefined) return hasNxname(at.types) ? { kind: 'proven', nxname: true } : exists(qname)
  const gap = gapAt(evidence, qname)
  if (gap === undefined) return uncovered('NSEC', qname)
  if (gap.isEmptyNonTerminal) return exists(qname)
  const { closestEncloser, wildcard } = gap
  if (wildcard !== undefined) {
    if (matching(evidence, wildcard) !== undefined) return exists(wildcard)
    const wildcardGap = gapAt(evidence, wildcard)
    if (wildcardGap === undefined) return uncovered('NSEC', wildcard)
    if (wildcardGap.isEmptyNonTerminal) return exists(wildcard)
  }
  return { kind: 'proven', closestEncloser }
}

/** The name, or the wildcard that stands for it, has no records of the type. */
export function nsecNoData(evidence: Evidence, qname: Name, qtype: number): Finding {
  const at = matching(evidence, qname)
  if (at !== undefined) return absenceOf(qtype, at.types, qname, evidence.zone)
  const gap = gapAt(evidence, qname)
  if (gap === undefined) return uncovered('NSEC', qname)
  if (gap.isEmptyNonTerminal) return { kind: 'proven' }
  const { closestEncloser, wildcard } = gap
  const atWildcard = wildcard && matching(evidence, wildcard)
  if (wildcard === undefined || atWildcard === undefined) {
    // A wildcard may be an empty non-terminal itself, where names lie below the star (RFC 4592 2.2.2).
    const stands = wildcard !== undefined && gapAt(evidence, wildcard)?.isEmptyNonTerminal === true
    if (stands) return { kind: 'proven', closestEncloser }
    return { kind: 'missing', what: `no NSEC matches ${formatName(qname)} or a wildcard for it` }
  }
  const absence = absenceOf(qtype, atWildcard.types, wildcard, evidence.zone)
  return absence.kind === 'proven' ? { ...absence, closestEncloser } : absence
}

/** Nothing closer to the name than the wildcard below `closestEncloser` exists. */
export function nsecWildcardAnswer(evidence: Evidence, qname: Name, closestEncloser: Name): Finding {
  const nextCloser = lastLabels(qname, labelCount(closestEncloser) + 1)
  if (matching(evidence, nextCloser) !== undefined) return exists(nextCloser)
  const gap = gapAt(evidence, nextCloser)
  if (gap === undefined) return uncovered('NSEC', nextCloser)
  return gap.isEmptyNonTerminal ? exists(nextCloser) : { kind: 'proven', closestEncloser }
}

/** What the zone says of a cut at `child`, seen from above. */
export function nsecNoDs(evidence: Evidence, child: Name): NoDsFinding {
  const at = matching(evidence, child)
  if (at !== undefined) return cutAt(at.types, child)
  const gap = gapAt(evidence, child)
  if (gap === undefined) return uncovered('NSEC', child)
  if (gap.isEmptyNonTerminal) return { kind: 'not-a-cut' }
  // What a wildcard makes is no zone cut (RFC 4592 4.2).
  if (nsecNoData(evidence, child, TYPE.DS).kind === 'proven') return { kind: 'not-a-cut' }
  const finding = nsecNameError(evidence, child)
  return finding.kind === 'missing' || finding.kind === 'wrong' ? finding : { kind: 'name-error' }
}

function matching({ nsecs }: Evidence, name: Name): NsecRecord | undefined {
  return nsecs.find((nsec) => namesEqual(nsec.owner, name))
}

/** The gap that the name falls into, if a record that may speak of it spans the name. */
function gapAt({ nsecs }: Evidence, name: Name): Gap | undefined {
  const nsec = nsecs.find((candidate) => covers(candidate, name))
  if (nsec === undefined) return undefined
  const closestEncloser = closestEncloserOf(name, nsec)
  return {
    isEmptyNonTerminal: isStrictSubdomainOf(nsec.next, name),
    closestEncloser,
    wildcard: wildcardOf(closestEncloser),
  }
}

/** The deepest ancestor that exists of a name within the span: what shares more labels with it of the span's two ends. */
export function closestEncloserOf(name: Name, { owner, next }: Pick<NsecRecord, 'owner' | 'next'>): Name {
  const fromOwner = commonAncestor(name, owner)
  const fromNext = commonAncestor(name, next)
  return fromOwner.length > fromNext.length ? fromOwner : fromNext
}

function covers(nsec: NsecRecord, name: Name): boolean {
  if (compareNames(nsec.owner, name) >= 0) return false
  if (!nsec.isLast && compareNames(name, nsec.next) >= 0) return false
  return !(isSilentBelow(nsec.types) && isStrictSubdomainOf(name, nsec.owner))
}
