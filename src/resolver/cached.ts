/** What the caches know of a name and type (RFC 1034 5.3.3 step 1). */
import type { CachedVerdict } from '../cache/entry-head.ts'
import type { CachedNegative, CachedRrset } from '../cache/rrset-cache.ts'
import { reasonFromNumber } from '../dnssec/reasons.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, type Name, parentOf } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import { aliasByDname } from './classify.ts'
import type { Context, Data, Judgement } from './context.ts'
import { cappedTo } from './ttl-limits.ts'

/** Data out of the cache. */
export interface CachedData extends Data {
  /** Seconds that the whole has left. */
  readonly ttlSeconds: number
}

/** The answer as the caches have it, with its verdict if it was judged under the present policy. */
export function fromCache(context: Context, name: Name, type: number): CachedData | undefined {
  if (type === TYPE.ANY || type === TYPE.RRSIG) return undefined
  const { rrsets, settings } = context
  const exact = rrsets.get(name, type)
  if (exact !== undefined) return positive(context, exact)
  const cname = LIVES_BESIDE_CNAME.has(type) ? undefined : rrsets.get(name, TYPE.CNAME)
  if (cname !== undefined) return alias(context, cname)
  const denied = rrsets.getNegative(name, type)
  if (denied !== undefined) return negative(context, denied)
  const above = settings.nxdomainCut ? rrsets.nameErrorAbove(name) : undefined
  if (above !== undefined) return { ...negative(context, above.entry), denied: above.name }
  return byDname(context, name, type)
}

/** Types that are not asked for at the target of an alias: the parent's side of a cut, and the alias's own proof. */
const LIVES_BESIDE_CNAME: ReadonlySet<number> = new Set([TYPE.DS, TYPE.NSEC])

/** What all data out of the cache has in common. */
const CACHED = { rcode: RCODE.NOERROR, authority: [], server: '' } as const

function positive(context: Context, { rrset, ...verdict }: CachedRrset): CachedData {
  const judged = judgement(context, verdict)
  return { ...CACHED, kind: 'records', answer: [rrset], judged, ttlSeconds: rrset.ttlSeconds }
}

function alias(context: Context, { rrset, ...verdict }: CachedRrset): CachedData | undefined {
  const target = targetName(rrset.rdatas[0]!)
  if (target === undefined) return undefined
  const judged = judgement(context, verdict)
  return { ...CACHED, kind: 'alias', answer: [rrset], target, judged, ttlSeconds: rrset.ttlSeconds }
}

function negative(context: Context, entry: CachedNegative): CachedData {
  const { rcode, ttlSeconds } = entry
  const judged = judgement(context, entry)
  // RFC 2308 5: the SOA counts down with the denial, so that nothing made of it lives longer.
  const authority = entry.authority.map((set) => cappedTo(set, ttlSeconds))
  return { ...CACHED, kind: 'negative', rcode, answer: [], authority, judged, ttlSeconds }
}

/** A secure DNAME above the name makes the alias without asking (RFC 6672 5.3.4). */
function byDname(context: Context, name: Name, type: number): CachedData | undefined {
  if (isRoot(name)) return undefined
  for (let above = parentOf(name); !isRoot(above); above = parentOf(above)) {
    const entry = context.rrsets.get(above, TYPE.DNAME)
    if (entry === undefined || entry.status !== 'secure') continue
    const made = aliasByDname(name, entry.rrset)
    const judged = judgement(context, entry)
    if (made === undefined || judged === undefined) continue
    const { answer, target } = made
    const { ttlSeconds } = entry.rrset
    if (target === undefined)
      return { ...CACHED, kind: 'alias', rcode: RCODE.YXDOMAIN, answer, judged, ttlSeconds }
    if (type === TYPE.CNAME) return { ...CACHED, kind: 'records', answer, judged, ttlSeconds }
    return { ...CACHED, kind: 'alias', answer, target, judged, ttlSeconds }
  }
  return undefined
}

/** The verdict stored beside data; undefined when it is to be judged (again). */
function judgement(context: Context, entry: CachedVerdict): Judgement | undefined {
  if (entry.policySequence !== context.policy.sequence) return undefined
  if (entry.status === 'indeterminate' && context.policy.mode !== 'off') return undefined
  const reason = reasonFromNumber(entry.reason)
  return reason === undefined ? undefined : { status: entry.status, reason, detail: entry.detail }
}
