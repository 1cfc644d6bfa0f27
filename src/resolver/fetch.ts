/**
 * Gets data from the authorities, unjudged: from the closest known zone cut down, referral by referral (RFC 1034
 * 5.3.3 steps 2 to 4), showing each zone no more of the name than it needs (RFC 9156).
 */
import { REFERRALS_MAX } from '../base/limits.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import type { Question } from '../wire/message.ts'
import { isRoot, labelCount, type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { askZone, type Useful } from './ask-zone.ts'
import { fromCache } from './cached.ts'
import { type Classified, classify } from './classify.ts'
import {
  type Context,
  type Fetched,
  failure,
  type Job,
  type ResolutionFailure,
  underFlight,
  unjudged,
} from './context.ts'
import { isExpanded } from './expansion.ts'
import { minimisedName } from './minimise.ts'
import { negativeTtlSeconds } from './negative-ttl.ts'
import { prime, serverNames } from './priming.ts'
import type { Cut } from './server-pool.ts'
import type { QuestionBudget } from './work-budget.ts'

type Meaning = Exclude<Classified, { kind: 'lame' }>
const NOBODY: ReadonlySet<string> = new Set()

/** Fetches, from the cache where it can, joining an equal question under way. */
export async function fetchData(context: Context, job: Job, name: Name, type: number): Promise<Fetched> {
  const known = fromCache(context, name, type)
  if (known !== undefined) return known
  const failed = context.failures.get(name, type)
  if (failed !== undefined) return failure(failed.reason, failed.detail)
  const key = `${type} ${nameKey(name)}`
  const work = async (flight: Job['flight']): Promise<Fetched> => {
    const data = await iterate(context, underFlight(job, flight), name, type, NOBODY)
    if (data.kind === 'failure') rememberFailure(context, name, type, data)
    else store(context, name, type, data)
    return data
  }
  const joined = await context.fetches.join(key, job.flight, work)
  if (joined.kind !== 'cycle') return joined.value
  return failure('address-loop', `${formatName(name)} ${formatType(type)} is needed to find itself`)
}

/** Fetches past the cache, from servers other than those in `avoid`; stores nothing. */
export function fetchFresh(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  avoid: ReadonlySet<string>,
): Promise<Fetched> {
  return iterate(context, job, name, type, avoid)
}

function rememberFailure(
  context: Context,
  name: Name,
  type: number,
  { reason, detail }: ResolutionFailure,
): void {
  // A circle depends on where the question came from; another way in may lead out of it.
  if (reason === 'address-loop') return
  context.failures.add(name, type, reason, detail, { limit: reason.startsWith('limit-') })
}

/** Keeps unjudged data: the address look-ups use it as it is, everybody else has it judged first. */
function store(context: Context, name: Name, type: number, data: Exclude<Fetched, ResolutionFailure>): void {
  const stamp = unjudged(context)
  if (data.kind === 'negative') {
    const { rcode, authority } = data
    const ttlSeconds = negativeTtlSeconds(authority)
    if (ttlSeconds > 0) context.rrsets.putNegative(name, type, { rcode, authority, ttlSeconds, ...stamp })
    return
  }
  if (type === TYPE.ANY || data.answer[0]?.type === TYPE.DNAME) return
  for (const rrset of data.answer) {
    if (rrset.type !== TYPE.RRSIG && !isExpanded(rrset))
      context.rrsets.put(rrset, { rank: RANK.ANSWER_AA, ...stamp })
  }
}

/** Where a question is in its way down. */
interface Descent {
  cut: Cut
  /** Labels that the present zone is known to answer for. */
  known: number
  /** Minimised questions asked. */
  step: number
  minimising: boolean
}

async function iterate(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  avoid: ReadonlySet<string>,
): Promise<Fetched> {
  const cut = await closestCut(context, job, type === TYPE.DS && !isRoot(name) ? parentOf(name) : name)
  if ('kind' in cut) return cut
  const budget: QuestionBudget = { queries: 0 }
  const way: Descent = {
    cut,
    known: labelCount(cut.zone),
    step: 0,
    minimising: context.settings.qnameMinimisation,
  }
  for (let referrals = 0; referrals < REFERRALS_MAX; ) {
    const asked = way.minimising ? nextName(context, way, name) : name
    const whole = namesEqual(asked, name)
    const question = { name: asked, type: whole ? type : TYPE.A, class: CLASS.IN }
    const reply = await ask(context, job, way.cut, question, budget, avoid)
    if (reply.kind === 'failure') {
      if (whole || reply.reason.startsWith('limit-')) return reply
      way.minimising = false
      continue
    }
    if (reply.value.kind === 'referral') {
      referrals++
      storeReferral(context, reply.value)
      way.cut = { zone: reply.value.zone, servers: serverNames(reply.value.ns) }
      way.known = labelCount(way.cut.zone)
    } else if (whole || settles(reply.value)) return toData(reply.value, reply.server)
    else learn(context, way, asked, reply.value)
  }
  return failure('limit-referrals', `${formatName(name)}: more than ${REFERRALS_MAX} delegations`)
}

function ask(
  context: Context,
  job: Job,
  cut: Cut,
  question: Question,
  budget: QuestionBudget,
  avoid: ReadonlySet<string>,
): Promise<Useful<Meaning> | ResolutionFailure> {
  return askZone<Meaning>(context, job, cut, question, budget, avoid, (message) =>
    classify(message, question, cut.zone),
  )
}

/** The deepest cut at or above the name that is in the cache; the root's is learnt if need be. */
async function closestCut(context: Context, job: Job, name: Name): Promise<Cut | ResolutionFailure> {
  const delegation = context.rrsets.closestDelegation(name)
  if (delegation !== undefined) {
    const { rrset } = delegation
    return isRoot(rrset.owner) ? rootCut(context, rrset) : { zone: rrset.owner, servers: serverNames(rrset) }
  }
  return prime(context, job)
}

function rootCut(context: Context, ns: Parameters<typeof serverNames>[0]): Cut {
  const hints = new Map(context.settings.rootHints.map((hint) => [nameKey(hint.name), hint.addresses]))
  return { zone: ns.owner, servers: serverNames(ns), hints }
}

/** The next minimised name that the cache does not settle already. */
function nextName(context: Context, way: Descent, name: Name): Name {
  for (;;) {
    const asked = minimisedName(name, way.known, way.step)
    if (namesEqual(asked, name)) return name
    const known = fromCache(context, asked, TYPE.A)
    if (known === undefined || (known.kind === 'negative' && known.rcode === RCODE.NXDOMAIN)) return asked
    way.known = labelCount(asked)
  }
}

/**
 * True when a reply to a minimised question settles the whole name: a signed denial of an ancestor denies all below
 * (its proof is the same one). An unsigned NXDOMAIN may come from a server that knows no empty non-terminals.
 */
function settles(reply: Meaning): boolean {
  if (reply.kind !== 'negative' || reply.rcode !== RCODE.NXDOMAIN) return false
  return reply.authority.some((set) => set.type !== TYPE.SOA && set.signatures.length > 0)
}

/** Takes note of a reply to a minimised question: there is no cut at `asked`, or nothing is to be gained there. */
function learn(context: Context, way: Descent, asked: Name, reply: Meaning): void {
  way.step++
  if (reply.kind === 'negative' && reply.rcode === RCODE.NXDOMAIN) {
    way.minimising = false
    return
  }
  way.known = labelCount(asked)
  if (reply.kind !== 'referral') store(context, asked, TYPE.A, toData(reply, ''))
}

function toData(
  reply: Exclude<Meaning, { kind: 'referral' }>,
  server: string,
): Exclude<Fetched, ResolutionFailure> {
  const { kind, authority } = reply
  if (reply.kind === 'negative') return { kind, rcode: reply.rcode, answer: [], authority, server }
  const { answer, target } = reply
  const rcode = kind === 'alias' && target === undefined ? RCODE.YXDOMAIN : RCODE.NOERROR
  return { kind, rcode, answer, authority, target, server }
}

function storeReferral(context: Context, referral: Extract<Meaning, { kind: 'referral' }>): void {
  const { zone, ns, glue, ds, proofs } = referral
  const { rrsets } = context
  const stamp = unjudged(context)
  rrsets.putDelegation(ns)
  for (const set of glue) rrsets.putGlue(set)
  if (ds !== undefined) rrsets.put(ds, { rank: RANK.ANSWER_AA, ...stamp })
  else if (proofs.length > 0) {
    const entry = {
      rcode: RCODE.NOERROR,
      authority: proofs,
      ttlSeconds: negativeTtlSeconds(proofs),
      ...stamp,
    }
    rrsets.putNegative(zone, TYPE.DS, entry)
  }
}
