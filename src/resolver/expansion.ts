/** Wildcards in answers. */
import { isWildcard, labelCount } from '../wire/name.ts'
import { parseRrsig } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'

/** True when an RRSIG says that the set was made from a wildcard (RFC 4034 3.1.3, RFC 4035 5.3.2). */
export function isExpanded(rrset: Rrset): boolean {
  const labels = labelCount(rrset.owner) - (isWildcard(rrset.owner) ? 1 : 0)
  return rrset.signatures.some((rdata) => (parseRrsig(rdata)?.labels ?? labels) < labels)
}
