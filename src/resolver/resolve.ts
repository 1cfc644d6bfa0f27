/** A whole answer: from the name that was asked, alias by alias, to data, to a denial or to a failure. */
import { LIMIT_FAILURE_TTL_SECONDS, LOCAL_TTL_SECONDS } from '../base/limits.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Name, nameKey, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import type { Rrset } from '../wire/record.ts'
import {
  type Context,
  type Found,
  failure,
  type Job,
  type Judgement,
  type Proven,
  proven,
  type ResolutionFailure,
} from './context.ts'
import { worseOf } from './judge.ts'
import { keep } from './lookup.ts'
import type { LocalAnswer } from './ports.ts'
import { synthesise } from './synthesis.ts'
import { cappedTo } from './ttl-limits.ts'
import { zoneToName } from './zone-to-name.ts'

/** What is known of a question in the end. */
export interface Resolution {
  readonly rcode: number
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
  /** The worst verdict along the way; `indeterminate` with the reason where there is no answer. */
  readonly judged: Judgement
  /** Seconds that the whole may be kept. */
  readonly ttlSeconds: number
  /** A failure that happened before: nobody was asked again. */
  readonly cached: boolean
  /** Part of it comes from a forwarder of which nothing is kept. */
  readonly uncached: boolean
  /** Records that no record of their type can look like were left out on the way. */
  readonly misshapen?: boolean
  /** Not what the zones said but made of it (DNS64): not for clients that set CD, and never authenticated. */
  readonly translated?: boolean
}

/**
 * Resolves a client's question (RFC 1034 5.3.3). Never rejects for anything that the network says.
 *
 * @param anew fetches again what is in the last tenth of its lifetime
 */
export async function resolve(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew = false,
): Promise<Resolution> {
  return resolveFrom(context, job, name, type, anew, false)
}

/**
 * The same for a name that no client asked for, but that stands for what one did (DNS64): what is answered here counts for it too.
 */
export function resolveDerived(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew: boolean,
): Promise<Resolution> {
  return resolveFrom(context, job, name, type, anew, true)
}

/** @param isDerived the front has not looked whether the name is answered here */
async function resolveFrom(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew: boolean,
  isDerived: boolean,
): Promise<Resolution> {
  const seen = new Set<string>()
  const links: Proven[] = []
  for (let at = name; ; ) {
    seen.add(nameKey(at))
    const own = isDerived || links.length > 0 ? context.local?.(at, type) : undefined
    if (own?.kind === 'refuse' || own?.kind === 'deny') return REFUSED
    const found = own === undefined ? await lookupForClient(context, job, at, type, anew) : served(own)
    if (found.kind === 'failure') return servfail(found, links)
    links.push(found)
    if (found.kind !== 'alias' || found.target === undefined) return assemble(links)
    // A DNAME that leaves the name as it is has said all there is to say.
    if (namesEqual(found.target, at) && found.answer[0]?.type === TYPE.DNAME) return assemble(links)
    at = found.target
    if (seen.has(nameKey(at))) {
      return servfail(failure('alias-loop', `${formatName(at)} is an alias of itself`), links)
    }
    const most = job.budget.limits.aliases
    if (links.length > most) {
      context.counters.limitHit('limit-aliases', zoneToName(context, job, name))
      const detail = `more than ${most} aliases from ${formatName(name)}`
      return servfail(failure('limit-aliases', detail), links)
    }
  }
}

/** An alias that leads to a name that is blocked: nothing is said of either. */
const REFUSED: Resolution = {
  rcode: RCODE.REFUSED,
  answer: [],
  authority: [],
  judged: { status: 'indeterminate', reason: 'blocked', detail: '' },
  ttlSeconds: 0,
  cached: false,
  uncached: true,
}

const LOCAL: Judgement = { status: 'indeterminate', reason: 'local-data', detail: '' }

/** What is answered here, as a link of the chain. It may change at any time, so what it is part of is not kept. */
function served(own: Exclude<LocalAnswer, { kind: 'refuse' | 'deny' }>): Proven {
  const { answer } = own
  const isData = own.kind === 'data'
  const kind = isData && answer.length > 0 ? 'records' : isData ? 'negative' : 'alias'
  const rcode = isData ? own.rcode : RCODE.NOERROR
  const authority = isData ? own.authority : []
  const target = isData ? undefined : own.target
  const ttlSeconds = Math.min(LOCAL_TTL_SECONDS, ...[...answer, ...authority].map((set) => set.ttlSeconds))
  return proven({ kind, rcode, answer, authority, target, server: '', uncached: true }, LOCAL, ttlSeconds)
}

/**
 * What is known of the absence of a DS set may have come with a referral, and then without the SOA that tells a client
 * how long to keep it (RFC 2308 3). The parent is asked for that; what was proven stands where it gives nothing better.
 */
async function lookupForClient(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  anew: boolean,
): Promise<Found> {
  const found = await context.lookup(job, name, type, anew)
  if (type !== TYPE.DS || found.kind !== 'negative' || found.judged.status === 'bogus') return found
  const isWhole = found.authority.some((set) => set.type === TYPE.SOA)
  // Who was asked just now has said what there is to say.
  if (isWhole || found.server !== '') return found
  const made = synthesise(context, job, name, type)
  if (made !== undefined) return made
  const beganMs = context.clock.nowMs()
  context.rrsets.remove(name, type)
  const asked = await context.lookup(job, name, type)
  if (asked.kind !== 'failure' && asked.judged.status !== 'bogus') return asked
  const ttlSeconds = found.ttlSeconds - Math.ceil((context.clock.nowMs() - beganMs) / 1000)
  return ttlSeconds > 0 ? keep(context, job, name, type, { ...found, ttlSeconds }) : found
}

/**
 * The resolution that is none. What fails behind an alias that is bogus already fails because of that.
 *
 * @param links the aliases on the way
 */
export function servfail(failed: ResolutionFailure, links: readonly Proven[] = []): Resolution {
  const { reason, detail, ttlSeconds = LIMIT_FAILURE_TTL_SECONDS, cached = false } = failed
  const bogus = links.find(({ judged }) => judged.status === 'bogus')
  const judged: Judgement = bogus?.judged ?? { status: 'indeterminate', reason, detail }
  return { rcode: RCODE.SERVFAIL, answer: [], authority: [], judged, ttlSeconds, cached, uncached: false }
}

/** The answer that the links of a chain of aliases make. */
export function assemble(links: readonly Proven[]): Resolution {
  const { rcode } = links[links.length - 1]!
  let judged = links[0]!.judged
  let ttlSeconds = Number.POSITIVE_INFINITY
  for (const link of links) {
    judged = worseOf(judged, link.judged)
    ttlSeconds = Math.min(ttlSeconds, link.ttlSeconds)
  }
  const uncached = links.some((link) => link.uncached === true)
  const misshapen = links.some((link) => link.misshapen === true)
  const answer = eachOnce(links.length === 1 ? links[0]!.answer : links.flatMap((link) => link.answer))
  const authority = eachOnce(
    // RFC 2308 5: a denial's records say how long the denial may be kept.
    links.flatMap((link) => link.authority.map((set) => cappedTo(set, link.ttlSeconds))),
  )
  return { rcode, answer, authority, judged, ttlSeconds, cached: false, uncached, misshapen }
}

/** Two aliases of one zone may bring the same DNAME or the same proof. */
function eachOnce(sets: readonly Rrset[]): readonly Rrset[] {
  if (sets.length < 2) return sets
  const once = new Map<string, Rrset>()
  for (const set of sets) {
    const key = `${set.type} ${nameKey(set.owner)}`
    if (!once.has(key)) once.set(key, set)
  }
  return [...once.values()]
}
