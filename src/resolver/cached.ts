/** What the caches know of a name and type (RFC 1034 5.3.3 step 1). */
import type { CachedNegative, CachedRrset } from '../cache/rrset-cache.ts'
import { reasonFromNumber } from '../dnssec/reasons.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, type Name, parentOf } from '../wire/name.ts'
import { targetName } from '../wire/rdata/target.ts'
import { aliasByDname } from './classify.ts'
import type { Context, Data, Judgement } from './context.ts'

/** The answer as the caches have it, with its verdict if it was judged under the present policy. */
export function fromCache(context: Context, name: Name, type: number): Data | undefined {
  if (type === TYPE.ANY || type === TYPE.RRSIG) return undefined
  const { rrsets } = context
  const exact = rrsets.get(name, type)
  if (exact !== undefined) return positive(context, exact)
  const cname = type === TYPE.DS ? undefined : rrsets.get(name, TYPE.CNAME)
  if (cname !== undefined) return alias(context, cname)
  const denied = rrsets.getNegative(name, type)
  if (denied !== undefined) return negative(context, denied)
  const above = rrsets.nameErrorAbove(name)
  if (above !== undefined && above.entry.policySequence === context.policy.sequence) {
    return negative(context, above.entry)
  }
  return byDname(context, name, type)
}

function positive(context: Context, entry: CachedRrset): Data {
  const judged = judgement(context, entry)
  return { kind: 'records', rcode: RCODE.NOERROR, answer: [entry.rrset], authority: [], judged, server: '' }
}

function alias(context: Context, entry: CachedRrset): Data | undefined {
  const target = targetName(entry.rrset.rdatas[0]!)
  if (target === undefined) return undefined
  const judged = judgement(context, entry)
  return {
    kind: 'alias',
    rcode: RCODE.NOERROR,
    answer: [entry.rrset],
    authority: [],
    target,
    judged,
    server: '',
  }
}

function negative(context: Context, entry: CachedNegative): Data {
  const judged = judgement(context, entry)
  return { kind: 'negative', rcode: entry.rcode, answer: [], authority: entry.authority, judged, server: '' }
}

/** A secure DNAME above the name makes the alias without asking (RFC 6672 5.3.4). */
function byDname(context: Context, name: Name, type: number): Data | undefined {
  if (isRoot(name)) return undefined
  for (let above = parentOf(name); !isRoot(above); above = parentOf(above)) {
    const entry = context.rrsets.get(above, TYPE.DNAME)
    if (entry === undefined || entry.status !== 'secure') continue
    const made = aliasByDname(name, entry.rrset)
    const judged = judgement(context, entry)
    if (made === undefined || judged === undefined) continue
    const rcode = made.target === undefined ? RCODE.YXDOMAIN : RCODE.NOERROR
    return {
      kind: type === TYPE.CNAME && made.target !== undefined ? 'records' : 'alias',
      rcode,
      answer: made.answer,
      authority: [],
      target: type === TYPE.CNAME ? undefined : made.target,
      judged,
      server: '',
    }
  }
  return undefined
}

/** The verdict stored beside data; undefined when it is to be judged (again). */
function judgement(context: Context, entry: CachedRrset | CachedNegative): Judgement | undefined {
  if (entry.policySequence !== context.policy.sequence) return undefined
  if (entry.status === 'indeterminate' && context.policy.mode !== 'off') return undefined
  const reason = reasonFromNumber(entry.reason)
  return reason === undefined ? undefined : { status: entry.status, reason, detail: entry.detail }
}
