/** What the caches know of a name and type (RFC 1034 5.3.3 step 1). */
import type { CachedVerdict } from '../cache/entry-head.ts'
import type { CachedNegative, CachedRrset } from '../cache/rrset-cache.ts'
import { reasonFromNumber } from '../dnssec/reasons.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, isStrictSubdomainOf, isSubdomainOf, type Name, ROOT } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import { aliasByDname } from './classify.ts'
import type { Context, Data, Judgement } from './context.ts'

/** Data out of the cache. */
export interface CachedData extends Data {
  /** Seconds that the whole has left. */
  readonly ttlSeconds: number
  /** It is in the last tenth of its lifetime. */
  readonly aging: boolean
}

/**
 * The answer as the caches have it, with its verdict if it was judged under the present policy.
 *
 * @param anew leaves out what is in the last tenth of its lifetime: it is to be fetched again
 */
export function fromCache(context: Context, name: Name, type: number, anew = false): CachedData | undefined {
  const known = inCache(context, name, type)
  return anew && known?.aging === true ? undefined : known
}

function inCache(context: Context, name: Name, type: number): CachedData | undefined {
  if (type === TYPE.ANY || type === TYPE.RRSIG) return undefined
  const { rrsets, settings } = context
  const exact = rrsets.get(name, type)
  if (exact !== undefined) return positive(context, exact)
  const cname = LIVES_BESIDE_CNAME.has(type) ? undefined : rrsets.get(name, TYPE.CNAME)
  if (cname !== undefined) return alias(context, cname)
  const denied = rrsets.getNegative(name, type)
  if (denied !== undefined && !isDeniedElsewhere(context, name, denied)) return negative(context, denied)
  const route = context.routes.of(name, type)
  const above = settings.nxdomainCut ? rrsets.nameErrorAbove(name) : undefined
  if (above !== undefined && (route === undefined || isStrictSubdomainOf(above.name, route.name)))
    return { ...negative(context, above.entry), denied: above.name }
  return byDname(context, name, type, route?.name)
}

/**
 * Where a route begins, NXDOMAIN may be what the zone above says, when it was asked for the DS set, and then it
 * is not about the zone of the route.
 */
function isDeniedElsewhere({ routes }: Context, name: Name, { rcode }: CachedNegative): boolean {
  return rcode === RCODE.NXDOMAIN && routes.beginsAt(name)
}

/** Types that are not asked for at the target of an alias: the parent's side of a cut, and the alias's own proof. */
const LIVES_BESIDE_CNAME: ReadonlySet<number> = new Set([TYPE.DS, TYPE.NSEC])

/** What all data out of the cache has in common. */
const CACHED = { rcode: RCODE.NOERROR, authority: [], server: '' } as const

function positive(context: Context, verdict: CachedRrset): CachedData {
  const { rrset, aging } = verdict
  const judged = judgement(context, verdict)
  const { ttlSeconds } = rrset
  return {
    kind: 'records',
    rcode: RCODE.NOERROR,
    answer: [rrset],
    authority: [],
    judged,
    ttlSeconds,
    aging,
    server: '',
  }
}

function alias(context: Context, { rrset, aging, ...verdict }: CachedRrset): CachedData | undefined {
  const target = targetName(rrset.rdatas[0]!)
  if (target === undefined) return undefined
  const judged = judgement(context, verdict)
  return { ...CACHED, kind: 'alias', answer: [rrset], target, judged, ttlSeconds: rrset.ttlSeconds, aging }
}

function negative(context: Context, entry: CachedNegative): CachedData {
  const { rcode, authority, ttlSeconds, aging } = entry
  const judged = judgement(context, entry)
  return { kind: 'negative', rcode, answer: [], authority, judged, ttlSeconds, aging, server: '' }
}

/**
 * A secure DNAME above the name makes the alias without asking (RFC 6672 5.3.4).
 *
 * @param top where the route begins that holds the name: what lies above says nothing of it
 */
function byDname(context: Context, name: Name, type: number, top: Name = ROOT): CachedData | undefined {
  if (isRoot(name)) return undefined
  for (let from = name[0]! + 1; name[from] !== 0; from += name[from]! + 1) {
    if (!context.rrsets.has(name, TYPE.DNAME, from)) continue
    const above = name.subarray(from) as Name
    if (!isSubdomainOf(above, top)) break
    const entry = context.rrsets.get(above, TYPE.DNAME)
    if (entry === undefined || entry.status !== 'secure') continue
    const made = aliasByDname(name, entry.rrset)
    const judged = judgement(context, entry)
    if (made === undefined || judged === undefined) continue
    const { answer, target } = made
    const lifetime = { ttlSeconds: entry.rrset.ttlSeconds, aging: entry.aging }
    if (target === undefined)
      return { ...CACHED, kind: 'alias', rcode: RCODE.YXDOMAIN, answer, judged, ...lifetime }
    if (type === TYPE.CNAME) return { ...CACHED, kind: 'records', answer, judged, ...lifetime }
    return { ...CACHED, kind: 'alias', answer, target, judged, ...lifetime }
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
