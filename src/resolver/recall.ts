/** What the caches alone know, for a question without RD (RFC 1034 4.3.2). Nobody is asked. */
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, type Name, parentOf } from '../wire/name.ts'
import { fromCache } from './cached.ts'
import { type Context, failure, type Proven } from './context.ts'
import { assemble, type Resolution, servfail } from './resolve.ts'

/** What was judged under the present policy, as far as aliases lead; undefined without any. */
export function recall(context: Context, name: Name, type: number): Resolution | undefined {
  const links: Proven[] = []
  for (let at: Name | undefined = name; at !== undefined && links.length <= context.limits().aliases; ) {
    const known = fromCache(context, at, type)
    if (known?.judged === undefined) break
    links.push({ ...known, judged: known.judged })
    at = known.kind === 'alias' ? known.target : undefined
  }
  return links.length > 0 ? assemble(links) : undefined
}

/** The closest delegation (RFC 1034 4.3.2 step 4). The NS set is the parent's, which nobody signs. */
export function closestReferral({ rrsets }: Context, name: Name, type: number): Resolution {
  const delegation = rrsets.closestDelegation(type === TYPE.DS && !isRoot(name) ? parentOf(name) : name)
  if (delegation === undefined) return servfail(failure('not-cached', ''))
  return {
    rcode: RCODE.NOERROR,
    answer: [],
    authority: [delegation.rrset],
    judged: { status: 'indeterminate', reason: 'not-judged', detail: '' },
    ttlSeconds: delegation.rrset.ttlSeconds,
    cached: true,
    uncached: false,
  }
}
