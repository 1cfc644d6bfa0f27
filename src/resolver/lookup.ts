/**
 * One name and type, with its verdict: from the cache where it was judged before, else fetched and judged. Data that
 * does not validate is asked of other servers before anybody hears `bogus`.
 */
import { BOGUS_RETRIES_MAX, BOGUS_TTL_SECONDS, LIMIT_FAILURE_TTL_SECONDS } from '../base/limits.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { REASONS } from '../dnssec/reasons.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseRrsig } from '../wire/rdata/rrsig.ts'
import type { Rrset } from '../wire/record.ts'
import { fromCache } from './cached.ts'
import {
  type Context,
  type Data,
  type Found,
  failure,
  type Job,
  type Judgement,
  type Proven,
  underFlight,
} from './context.ts'
import { isExpanded } from './expansion.ts'
import { fetchFresh } from './fetch.ts'
import { judge } from './judge.ts'
import { forgetKeys } from './trust.ts'

/** A zone's keys must be at least this old before a wrong tag makes us fetch them anew: no stranger can make us hurry. */
const KEY_AGE_MS_BEFORE_REFETCH = 30_000

/** Looks up, joining an equal question under way. */
export async function lookup(context: Context, job: Job, name: Name, type: number): Promise<Found> {
  const known = fromCache(context, name, type)
  if (known?.judged !== undefined) return { ...known, judged: known.judged, ttlSeconds: lifetime(known) }
  const key = `${type} ${nameKey(name)}`
  const work = (flight: Job['flight']): Promise<Found> => prove(context, underFlight(job, flight), name, type)
  const joined = await context.lookups.join(key, job.flight, work)
  if (joined.kind === 'cycle') {
    return failure('address-loop', `${formatName(name)} ${formatType(type)} depends on itself`)
  }
  if (joined.kind === 'followed' && metLimit(joined.value)) {
    // The leader ran out of its own allowance; this query still has one.
    const again = await context.lookups.join(key, job.flight, work)
    return again.kind === 'cycle' ? joined.value : again.value
  }
  return joined.value
}

function metLimit(found: Found): boolean {
  return isLimit(found.kind === 'failure' ? found.reason : found.judged.reason)
}

/** True for a reason that says something of the question's allowance, nothing of the zone. */
export function isLimit(reason: string): boolean {
  return reason.startsWith('limit-') || reason === 'too-much-work'
}

function lifetime(data: Data): number {
  const sets = data.kind === 'negative' ? data.authority : data.answer
  return Math.min(...sets.map((set) => set.ttlSeconds))
}

async function prove(context: Context, job: Job, name: Name, type: number): Promise<Found> {
  const asked = new Set<string>()
  let verdict: Proven | undefined
  for (let attempt = 0; attempt <= BOGUS_RETRIES_MAX; attempt++) {
    const data =
      attempt === 0 ? await context.fetch(job, name, type) : await fetchFresh(context, job, name, type, asked)
    if (data.kind === 'failure') {
      if (verdict === undefined) return data
      break
    }
    const proven = await judge(context, job, name, type, data)
    const judged = unfinished(job, proven)
    if (judged !== undefined) return { ...proven, judged, ttlSeconds: LIMIT_FAILURE_TTL_SECONDS }
    if (proven.judged.status !== 'bogus') return keep(context, name, type, proven)
    verdict ??= proven
    if (!worthAsking(context, proven)) break
    if (data.server !== '') asked.add(data.server)
  }
  return keep(context, name, type, verdict!)
}

/**
 * The verdict on data that could not be judged to the end: not proven, so not served, but nothing is known against
 * the zone either. Kept for seconds and stored nowhere; a client that sets CD still gets the data.
 */
function unfinished(job: Job, { judged }: Proven): Judgement | undefined {
  if (judged.status !== 'bogus') return undefined
  if (job.budget.proof.exceeded !== undefined) return { ...judged, reason: 'too-much-work', transient: true }
  return judged.transient === true ? judged : undefined
}

/** A fault in the message itself may be one server's; keys that are missing may have been published since. */
function worthAsking(context: Context, { judged, answer, authority }: Proven): boolean {
  if (judged.reason === 'dnskey-missing') {
    for (const set of [...answer, ...authority]) {
      const signer = parseRrsig(set.signatures[0] ?? new Uint8Array(0))?.signer
      if (signer !== undefined && forgetKeys(context, signer, KEY_AGE_MS_BEFORE_REFETCH)) return true
    }
  }
  return true
}

/** Stores what was judged, and gives it on. */
function keep(context: Context, name: Name, type: number, proven: Proven): Proven {
  const { judged, ttlSeconds: provenSeconds } = proven
  const ttlSeconds = judged.status === 'bogus' ? Math.min(provenSeconds, BOGUS_TTL_SECONDS) : provenSeconds
  const { status, reason, detail } = judged
  const stamp = { status, reason: REASONS[reason].number, detail, policySequence: context.policy.sequence }
  if (judged.status === 'bogus') context.counters.bogus(judged.reason)
  if (proven.kind === 'negative') {
    const { rcode, authority } = proven
    context.rrsets.putNegative(name, type, { rcode, authority, ttlSeconds, ...stamp })
  } else if (type !== TYPE.ANY) {
    for (const rrset of proven.answer) {
      if (!keepable(proven, rrset)) continue
      context.rrsets.put(rrset, { rank: RANK.ANSWER_AA, ttlSeconds, ...stamp })
    }
  }
  return { ...proven, ttlSeconds }
}

/**
 * What may answer again from the RRset cache. Not what a wildcard made: it needs its proof beside it. Not what a
 * DNAME made: the DNAME makes it again. A DNAME only when secure (attack A07).
 */
function keepable(proven: Proven, rrset: Rrset): boolean {
  if (rrset.type === TYPE.RRSIG) return false
  if (rrset.type === TYPE.DNAME && proven.kind === 'alias') return proven.judged.status === 'secure'
  if (rrset.type === TYPE.CNAME && proven.answer[0]?.type === TYPE.DNAME) return false
  return !isExpanded(rrset)
}
