/** A whole answer: from the name that was asked, alias by alias, to data, to a denial or to a failure. */
import { ALIASES_MAX } from '../base/limits.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { type Name, nameKey } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import type { Context, Job, Judgement, Proven } from './context.ts'
import { worseOf } from './judge.ts'

/** What is known of a question in the end. */
export interface Resolution {
  readonly rcode: number
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
  /** The worst verdict along the way; `indeterminate` with the reason where there is no answer. */
  readonly judged: Judgement
  /** Seconds that the whole may be kept; 0 for a failure, which the failure cache keeps. */
  readonly ttlSeconds: number
}

/** Resolves a client's question (RFC 1034 5.3.3). Never rejects for anything that the network says. */
export async function resolve(context: Context, job: Job, name: Name, type: number): Promise<Resolution> {
  const seen = new Set<string>()
  const links: Proven[] = []
  for (let at = name; ; ) {
    seen.add(nameKey(at))
    const found = await context.lookup(job, at, type)
    if (found.kind === 'failure') return servfail(found.reason, found.detail)
    links.push(found)
    if (found.kind !== 'alias' || found.target === undefined) return assemble(links)
    at = found.target
    if (seen.has(nameKey(at))) return servfail('alias-loop', `${formatName(at)} is an alias of itself`)
    if (links.length > ALIASES_MAX) {
      context.counters.limitHit('limit-aliases')
      return servfail('limit-aliases', `more than ${ALIASES_MAX} aliases from ${formatName(name)}`)
    }
  }
}

/** The resolution that is none. */
export function servfail(reason: Reason, detail: string): Resolution {
  const judged: Judgement = { status: 'indeterminate', reason, detail }
  return { rcode: RCODE.SERVFAIL, answer: [], authority: [], judged, ttlSeconds: 0 }
}

function assemble(links: readonly Proven[]): Resolution {
  const last = links[links.length - 1]!
  let judged = links[0]!.judged
  let ttlSeconds = Number.POSITIVE_INFINITY
  for (const link of links) {
    judged = worseOf(judged, link.judged)
    ttlSeconds = Math.min(ttlSeconds, link.ttlSeconds)
  }
  const answer = links.flatMap((link) => link.answer)
  const authority = links.flatMap((link) => link.authority.map((set) => capped(set, link.ttlSeconds)))
  return { rcode: last.rcode, answer, authority, judged, ttlSeconds }
}

/** RFC 2308 5: a denial's records say how long the denial may be kept. */
function capped(set: Rrset, ttlSeconds: number): Rrset {
  return set.ttlSeconds <= ttlSeconds ? set : { ...set, ttlSeconds }
}
