/** What in an answer was made on the way: from a wildcard, or from a DNAME. */
import { TYPE } from '../wire/iana/rrtype.ts'
import { isStrictSubdomainOf, isWildcard, labelCount, type Name, wildcardOf } from '../wire/name.ts'
import { rrsigLabels } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'

/** True when an RRSIG says that the set was made from a wildcard (RFC 4034 3.1.3, RFC 4035 5.3.2). */
export function isExpanded(rrset: Rrset): boolean {
  const labels = labelCount(rrset.owner) - (isWildcard(rrset.owner) ? 1 : 0)
  return rrset.signatures.some((rdata) => (rrsigLabels(rdata) ?? labels) < labels)
}

/** A set that was made from the wildcard below `encloser`, as the wildcard owns it; undefined when that is too long a name. */
export function unexpanded(rrset: Rrset, encloser: Name): Rrset | undefined {
  const owner = wildcardOf(encloser)
  const labels = labelCount(encloser)
  const signatures = rrset.signatures.filter((rdata) => rrsigLabels(rdata) === labels)
  return owner && { ...rrset, owner, signatures }
}

/** True for the CNAME that we made from the DNAME before it (RFC 6672 3.1): nobody signs it. */
export function isSynthesised(rrset: Rrset, answer: readonly Rrset[]): boolean {
  const dname = answer[0]
  return (
    rrset.type === TYPE.CNAME &&
    rrset.signatures.length === 0 &&
    dname?.type === TYPE.DNAME &&
    isStrictSubdomainOf(rrset.owner, dname.owner)
  )
}
