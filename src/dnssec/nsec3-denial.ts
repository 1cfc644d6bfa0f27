/** Denial by NSEC3 (RFC 5155 8, RFC 6840 4). */
import { TYPE } from '../wire/iana/rrtype.ts'
import { labelCount, lastLabels, type Name, wildcardOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { hasNxname, isSilentBelow } from './evidence.ts'
import { absenceOf, cutAt, exists, type Finding, type NoDsFinding, uncovered } from './finding.ts'
import type { EncloserProof, Nsec3Chain } from './nsec3-chain.ts'

/** RFC 5155 8.4: the name does not exist, nor does a wildcard that would stand for it. */
export function nsec3NameError(chain: Nsec3Chain, qname: Name): Finding {
  const proof = encloserOf(chain, qname)
  if ('kind' in proof) {
    const at = chain.matching(qname)
    if (at === undefined) return proof
    return hasNxname(at.types) ? { kind: 'proven', nxname: true } : exists(qname)
  }
  const { encloser: closestEncloser, cover } = proof
  const wildcard = wildcardOf(closestEncloser)
  if (wildcard !== undefined) {
    if (chain.matching(wildcard) !== undefined) return exists(wildcard)
    if (chain.covering(wildcard) === undefined) return uncovered('NSEC3', wildcard)
  }
  return { kind: cover.optOut ? 'opt-out' : 'proven', closestEncloser }
}

/** RFC 5155 8.5, 8.6, 8.7: the name, or the wildcard that stands for it, has no records of the type. */
export function nsec3NoData(chain: Nsec3Chain, zone: Name, qname: Name, qtype: number): Finding {
  const at = chain.matching(qname)
  if (at !== undefined) return absenceOf(qtype, at.types, qname, zone)
  const proof = encloserOf(chain, qname)
  if ('kind' in proof) return proof
  const { encloser: closestEncloser, cover } = proof
  const wildcard = wildcardOf(closestEncloser)
  const atWildcard = wildcard && chain.matching(wildcard)
  if (wildcard !== undefined && atWildcard !== undefined) {
    const absence = absenceOf(qtype, atWildcard.types, wildcard, zone)
    if (absence.kind !== 'proven') return absence
    return cover.optOut ? { kind: 'opt-out', closestEncloser } : { ...absence, closestEncloser }
  }
  // A wildcard whose hash was refused may be there.
  if (chain.exhausted) return { kind: 'missing', what: 'too many hashes' }
  // Within an opt-out span an unsigned delegation, or an empty non-terminal that leads only to such, has no NSEC3.
  if (cover.optOut) return { kind: 'opt-out', closestEncloser }
  return { kind: 'missing', what: `no NSEC3 matches ${formatName(qname)} or a wildcard for it` }
}

/** RFC 5155 8.8: nothing closer to the name than the wildcard below `closestEncloser` exists. */
export function nsec3WildcardAnswer(chain: Nsec3Chain, qname: Name, closestEncloser: Name): Finding {
  const nextCloser = lastLabels(qname, labelCount(closestEncloser) + 1)
  const cover = chain.covering(nextCloser)
  if (cover === undefined) return uncovered('NSEC3', nextCloser)
  return { kind: cover.optOut ? 'opt-out' : 'proven', closestEncloser }
}

/** RFC 5155 8.6, 8.9: what the zone says of a cut at `child`, seen from above. */
export function nsec3NoDs(chain: Nsec3Chain, zone: Name, child: Name): NoDsFinding {
  const at = chain.matching(child)
  if (at !== undefined) return cutAt(at.types, child)
  const proof = encloserOf(chain, child)
  if ('kind' in proof) return proof
  if (proof.cover.optOut) return { kind: 'opt-out' }
  const wildcard = wildcardOf(proof.encloser)
  const atWildcard = wildcard && chain.matching(wildcard)
  if (wildcard !== undefined && atWildcard !== undefined) {
    const absence = absenceOf(TYPE.DS, atWildcard.types, wildcard, zone)
    return absence.kind === 'wrong' ? absence : { kind: 'not-a-cut' }
  }
  if (wildcard !== undefined && chain.covering(wildcard) === undefined) return uncovered('NSEC3', wildcard)
  return { kind: 'name-error' }
}

/** The closest encloser, unless its record may not speak of the names below it (RFC 5155 8.3). */
function encloserOf(
  chain: Nsec3Chain,
  name: Name,
): EncloserProof | (Finding & { readonly kind: 'missing' | 'wrong' }) {
  const proof = chain.closestEncloser(name)
  if (proof === undefined) {
    return { kind: 'missing', what: `no NSEC3 proves the closest encloser of ${formatName(name)}` }
  }
  if (isSilentBelow(proof.match.types)) {
    return { kind: 'wrong', what: `${formatName(proof.encloser)} is a delegation or an alias of its subtree` }
  }
  return proof
}
