/**
 * Gets data from the authorities, unjudged: from the closest known zone cut down, referral by referral (RFC 1034
 * 5.3.3 steps 2 to 4), showing each zone no more of the name than it needs (RFC 9156).
 */
import { formatEndpoint } from '../base/address.ts'
import { PREFETCH_TTL_SECONDS_MIN } from '../base/limits.ts'
import { RANK } from '../cache/rrset-cache.ts'
import { CLASS } from '../wire/iana/class.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { formatType, TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, labelCount, type Name, nameKey, namesEqual, parentOf } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { rrsigSigner } from '../wire/rdata/rrsig.ts'
import { type Asking, askZone } from './ask-zone.ts'
import { type CachedData, fromCache } from './cached.ts'
import { type Classified, classify, type Meaning, noteMisshapen } from './classify.ts'
import {
  type Context,
  type Data,
  type Fetched,
  failure,
  type Job,
  type ResolutionFailure,
  type Soon,
  type Useful,
  unjudged,
} from './context.ts'
import { addressesByName, type Cut, serverNames } from './cut.ts'
import { isExpanded } from './expansion.ts'
import { classifyForwarded } from './forwarded.ts'
import { isLimit, share } from './joining.ts'
import { proveAhead } from './keys-ahead.ts'
import { minimisedName } from './minimise.ts'
import type { Route } from './ports.ts'
import { prime, rootCut } from './priming.ts'
import { askRootCopy, ROOT_COPY } from './root-copy.ts'
import { isDelegatedBelow, routeCut } from './routes.ts'
import { isChained } from './trust.ts'
import { cappedTo, negativeTtlSeconds } from './ttl-limits.ts'
import { verifiedCut } from './verified-cut.ts'

const NOBODY: ReadonlySet<string> = new Set()
/** Among the failures: no record type, the delegation as such. */
const DELEGATION = 0

/**
 * Fetches, from the cache where it can, joining an equal question under way.
 *
 * @param anew fetches again what is in the last tenth of its lifetime
 */
export function fetchData(context: Context, job: Job, name: Name, type: number, anew = false): Soon<Fetched> {
  const known = fromCache(context, name, type, anew)
  if (known !== undefined) return known
  const failed = context.failures.get(name, type)
  if (failed !== undefined) {
    return { ...failure(failed.reason, failed.detail), ttlSeconds: failed.ttlSeconds, cached: true }
  }
  const key = `${type} ${nameKey(name)}`
  const subject = (): string => `${formatName(name)} ${formatType(type)}`
  return share(context, context.fetches, key, job, subject, async (own) => {
    const data = await iterate(context, own, name, type, startingAt(context))
    if (data.kind === 'failure') return rememberFailure(context, name, type, data)
    context.failures.remove(name, type)
    store(context, own, name, type, data)
    return data
  })
}

/**
 * Fetches past the cache, from servers other than those in `avoid`; stores nothing. The whole name is asked for at
 * once, unless minimisation is strict: what a server got wrong may have been the shortened question (RFC 9156 3).
 */
export function fetchFresh(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  avoid: ReadonlySet<string>,
): Promise<Fetched> {
  return iterate(context, job, name, type, { avoid, minimising: isStrict(context), fresh: true })
}

/** Keeps a failure of the zone or of its servers (RFC 9520). What depends on the asker is not kept: see `joining.ts`. */
function rememberFailure(
  context: Context,
  name: Name,
  type: number,
  failed: ResolutionFailure,
): ResolutionFailure {
  // A circle depends on where the question came from; another way in may lead out of it.
  if (failed.reason === 'address-loop' || failed.unneeded === true || isLimit(failed.reason)) return failed
  // Only a failure that was seen lasts longer each time: a probe of the servers may succeed any moment.
  const options = { limit: failed.untried === true }
  return { ...failed, ttlSeconds: context.failures.add(name, type, failed.reason, failed.detail, options) }
}

/** Keeps unjudged data: the address look-ups use it as it is, everybody else has it judged first. */
function store(context: Context, job: Job, name: Name, type: number, data: Data): void {
  if (data.uncached === true) return
  const stamp = unjudged(job)
  if (data.kind === 'negative') {
    const { rcode, authority } = data
    const ttlSeconds = negativeTtlSeconds(authority, context.settings.ttlSeconds)
    if (ttlSeconds > 0) context.rrsets.putNegative(name, type, { rcode, authority, ttlSeconds, ...stamp })
    return
  }
  if (type === TYPE.ANY) return
  // What a DNAME makes is made again from it, and it serves again only when it is secure.
  const own = data.answer[0]?.type === TYPE.DNAME ? [] : data.answer
  for (const rrset of [...own, ...(data.further ?? [])]) {
    if (rrset.type !== TYPE.RRSIG && !isExpanded(rrset))
      context.rrsets.put(rrset, { rank: RANK.ANSWER_AA, ...stamp })
  }
}

/** How a question is to be put. */
interface Manner {
  readonly avoid: ReadonlySet<string>
  readonly minimising: boolean
  /** What servers say now is wanted, not what a copy of a zone says. */
  readonly fresh: boolean
}

function startingAt(context: Context): Manner {
  return { avoid: NOBODY, minimising: context.settings.qnameMinimisation !== 'off', fresh: false }
}

/** No server gets to see more of a name than it needs, whatever it makes of the rest. */
function isStrict({ settings }: Context): boolean {
  return settings.qnameMinimisation === 'strict'
}

/** Where a question is in its way down. */
interface Descent {
  cut: Cut
  /** The cut was in the cache before this question. */
  cutFromCache: boolean
  /** The zone whose referral led here and said whether the zone is signed; undefined when nothing did. */
  parent: Name | undefined
  /** The proof of the zone was begun. */
  isProved: boolean
  /** Labels that the present zone is known to answer for. */
  known: number
  /** Questions asked. */
  step: number
  minimising: boolean
  /** A route whose servers failed and that is passed over. */
  past: Route | undefined
  /** How the last minimised question failed. */
  failed: ResolutionFailure | undefined
}

async function iterate(
  context: Context,
  job: Job,
  name: Name,
  type: number,
  { avoid, minimising, fresh }: Manner,
): Promise<Fetched> {
  const holder = type === TYPE.DS && !isRoot(name) ? parentOf(name) : name
  const cut = await closestCut(context, job, holder)
  if (cut.kind === 'failure') return cut
  const way = descentFrom(cut, minimising)
  const budget = job.budget.question(name, type)
  const most = job.budget.limits.referrals
  for (let referrals = 0; referrals < most; ) {
    const asked = way.minimising && !forwards(way.cut) ? nextName(context, job, way, name) : name
    const whole = namesEqual(asked, name)
    const question = { name: asked, type: whole ? type : context.settings.minimisedType, class: CLASS.IN }
    const beside = (): void => proveBeside(context, job, way, name, type)
    const mayBeLeftOut = !whole && !isStrict(context)
    const asking = { cut: way.cut, question, budget, avoid, probing: !whole, mayBeLeftOut, beside }
    const reply = (fresh ? undefined : askHere(context, job, asking)) ?? (await ask(context, job, asking))
    way.step++
    if (reply.kind === 'failure') {
      if (reply.unneeded === true) return reply
      if (await climb(context, job, way, reply)) continue
      if (isLimit(reply.reason)) return reply
      if (mayBeLeftOut) {
        way.minimising = false
        way.failed = reply
      } else if (await fallBack(context, job, way, holder)) way.minimising = minimising
      // Servers that are left alone because of the shortened question have failed by that one.
      else return reply.untried === true ? (way.failed ?? reply) : reply
    } else if (reply.value.kind === 'referral') {
      referrals++
      const { zone, ns, foreign } = reply.value
      const hints = context.settings.foreignGlue ? { hints: addressesByName(foreign) } : {}
      const referred: Cut = { kind: 'cut', zone, servers: serverNames(ns), ...hints }
      const below = await verifiedCut(context, job, referred)
      if (below.kind === 'failure') return below
      const { ds, proofs } = reply.value
      enter(way, below, false, ds !== undefined || proofs.length > 0 ? way.cut.zone : undefined)
    } else if (whole) return toData(reply.value, reply.server, undefined, saidBy(way.cut, reply))
    else if (settles(context, way.cut.zone, reply.value)) return toData(reply.value, reply.server, asked)
    else learn(context, job, way, asked, reply.value)
  }
  context.counters.limitHit('limit-referrals', way.cut.zone)
  return failure('limit-referrals', `${formatName(name)}: more than ${most} delegations`)
}

function descentFrom(cut: Cut, minimising: boolean): Descent {
  return {
    cut,
    cutFromCache: true,
    parent: undefined,
    isProved: false,
    known: labelCount(cut.zone),
    step: 0,
    minimising,
    past: undefined,
    failed: undefined,
  }
}

function enter(way: Descent, cut: Cut, fromCache: boolean, parent?: Name): void {
  way.cut = cut
  way.cutFromCache = fromCache
  way.parent = parent
  way.isProved = false
  way.known = labelCount(cut.zone)
}

/** Has the zone proven while its servers are asked, for who will judge what they say. Not where the operator gave them. */
function proveBeside(context: Context, { judge }: Job, way: Descent, name: Name, type: number): void {
  const { cut, parent, isProved, past } = way
  if (judge === undefined || isProved || cut.route !== undefined || past !== undefined) return
  way.isProved = true
  proveAhead(context, judge, { zone: cut.zone, parent, name, type })
}

/**
 * Steps back to the zone above when nobody knows (any more) where the servers of a cached delegation are, or when the
 * only ones known do not help: the glue may have run out before the NS set did, and the parent gives both anew.
 */
async function climb(context: Context, job: Job, way: Descent, failed: ResolutionFailure): Promise<boolean> {
  const { reason, detail, lacksGlue } = failed
  const { zone } = way.cut
  const isNowhere = reason === 'no-server-address' || reason === 'address-loop' || lacksGlue === true
  if (isRoot(zone) || way.cut.route !== undefined || !isNowhere) return false
  // Fresh from the parent and no better: the parent is not asked again for a while (TsuNAME, B03).
  if (!way.cutFromCache) context.failures.add(zone, DELEGATION, reason, detail)
  if (context.failures.get(zone, DELEGATION) !== undefined) return false
  const above = await closestCut(context, job, parentOf(zone), way.past)
  if (above.kind === 'failure') return false
  enter(way, above, true)
  return true
}

/** Leaves a route whose servers failed for what would hold without it, where the operator wants that. */
async function fallBack(context: Context, job: Job, way: Descent, holder: Name): Promise<boolean> {
  const { route } = way.cut
  if (route?.fallback !== true) return false
  const cut = await closestCut(context, job, holder, route)
  if (cut.kind === 'failure') return false
  enter(way, cut, true)
  way.past = route
  way.failed = undefined
  return true
}

/** Asks the servers of a zone, joining the same question to them under way: a question is outstanding once (A04). */
function ask(
  context: Context,
  job: Job,
  asking: Omit<Asking<Meaning>, 'read'>,
): Promise<Useful<Meaning> | ResolutionFailure> {
  const { cut, question, budget, avoid, probing, mayBeLeftOut, beside } = asking
  const work = async (own: Job): Promise<Useful<Meaning> | ResolutionFailure> => {
    const classifyReply = forwards(cut) ? classifyForwarded : classify
    const read = (message: Parameters<typeof classify>[0]): ReturnType<typeof classify> =>
      onOneRoute(context, cut, noteMisshapen(message, classifyReply(message, question, cut.zone)))
    const reply = await askZone<Meaning>(context, own, {
      cut,
      question,
      budget,
      avoid,
      probing,
      mayBeLeftOut,
      beside,
      read,
    })
    if (reply.kind === 'useful' && reply.value.kind === 'referral')
      storeReferral(context, own, cut, reply.value)
    return reply
  }
  if (avoid.size > 0) return work(job)
  const { name, type } = question
  const key = `${cut.route?.kind ?? ''} ${type} ${nameKey(cut.zone)}${nameKey(name)}`
  const subject = (): string => `${formatName(name)} ${formatType(type)}`
  // Asked for a part of a longer name the same question may be content with less.
  const isEnough = (reply: Useful<Meaning> | ResolutionFailure): boolean =>
    reply.kind === 'failure'
      ? mayBeLeftOut === true || reply.leftOut !== true
      : probing || reply.isDoubted !== true
  return share(context, context.asks, key, job, subject, work, isEnough)
}

/** What a copy of the root zone says in place of its servers; undefined where they have to be asked. */
function askHere(
  context: Context,
  job: Job,
  { cut, question }: Pick<Asking<Meaning>, 'cut' | 'question'>,
): Useful<Meaning> | undefined {
  const message = isRoot(cut.zone) && cut.route === undefined ? askRootCopy(context, question) : undefined
  const value = message && onOneRoute(context, cut, classify(message, question, cut.zone))
  if (value === undefined || value.kind === 'lame') return undefined
  if (value.kind === 'referral') storeReferral(context, job, cut, value)
  return { kind: 'useful', value, server: ROOT_COPY, endpoint: undefined }
}

function forwards({ route }: Cut): boolean {
  return route?.kind === 'forward'
}

/** Who said it, where that was a forwarder, and to whom errors in it may be reported. */
type Said = Pick<Data, 'forwarder' | 'uncached' | 'agent'>

function saidBy(cut: Cut, { endpoint, agent }: Useful<Meaning>): Said {
  if (!forwards(cut)) return agent === undefined ? {} : { agent }
  const forwarder = endpoint && formatEndpoint(endpoint)
  const from = forwarder === undefined ? {} : { forwarder }
  return cut.route?.cache === false ? { ...from, uncached: true } : from
}

/** Without the later part of an alias's chain where another route begins: only its own servers know what lies there. */
function onOneRoute({ routes }: Context, { zone }: Cut, reply: Classified): Classified {
  if (reply.kind !== 'alias' || reply.further.length === 0) return reply
  const route = routes.closest(zone)
  const gap = reply.further.findIndex((set) => routes.closest(set.owner) !== route)
  return gap < 0 ? reply : { ...reply, further: reply.further.slice(0, gap) }
}

/**
 * The deepest cut at or above the name: a route, a delegation in the cache, or the root, which is learnt if need be.
 *
 * @param past a route at or above the name that is passed over, and all below it
 */
function closestCut(context: Context, job: Job, name: Name, past?: Route): Soon<Cut | ResolutionFailure> {
  const { rrsets, routes } = context
  const route = past === undefined ? routes.closest(name) : routes.above(past)
  const delegation = rrsets.closestDelegation(name)
  if (route !== undefined && (delegation === undefined || !isDelegatedBelow(delegation.rrset.owner, route)))
    return routeCut(route)
  if (delegation === undefined) return prime(context, job)
  const { rrset, aging } = delegation
  if (aging && (rrset.givenTtlSeconds ?? 0) >= PREFETCH_TTL_SECONDS_MIN) renewCut(context, rrset.owner)
  if (isRoot(rrset.owner)) return rootCut(context, rrset)
  return verifiedCut(context, job, { kind: 'cut', zone: rrset.owner, servers: serverNames(rrset) })
}

/** Has the delegation of a zone in use given anew, so that no question has to go by the zone above when it runs out. */
function renewCut(context: Context, zone: Name): void {
  context.renew(`cut ${nameKey(zone)}`, async (job) => {
    if (isRoot(zone)) return (await prime(context, job)).kind === 'cut'
    const cut = await closestCut(context, job, parentOf(zone))
    if (cut.kind === 'failure' || forwards(cut)) return false
    const question = { name: zone, type: context.settings.minimisedType, class: CLASS.IN }
    const budget = job.budget.question(zone, DELEGATION)
    const asking = { cut, question, budget, avoid: NOBODY, probing: true }
    const reply = askHere(context, job, asking) ?? (await ask(context, job, asking))
    return reply.kind === 'useful' && reply.value.kind === 'referral'
  })
}

/** The next minimised name that the cache does not settle already. */
function nextName(context: Context, job: Job, way: Descent, name: Name): Name {
  for (;;) {
    const asked = minimisedName(name, way.known, way.step, job.budget.limits.minimisedLabels)
    if (namesEqual(asked, name)) return name
    const known = fromCache(context, asked, context.settings.minimisedType)
    if (known === undefined || !isNoCut(known, way.cut.zone)) return asked
    way.known = labelCount(asked)
  }
}

/** True when cached data about a name shows that this zone itself answers for it, so that no other zone begins there. */
function isNoCut(known: CachedData, zone: Name): boolean {
  if (known.kind === 'negative') {
    const soa = known.authority.find((set) => set.type === TYPE.SOA)
    return known.rcode === RCODE.NOERROR && soa !== undefined && namesEqual(soa.owner, zone)
  }
  const signature = known.answer[0]?.signatures[0]
  const signer = signature && rrsigSigner(signature)
  return signer !== undefined && namesEqual(signer, zone)
}

/**
 * True when a reply to a minimised question settles the whole name: a signed denial of an ancestor denies all below
 * (RFC 8020 2), where the signatures will be looked at. Else an NXDOMAIN may come from a server that knows no empty
 * non-terminals; it is believed only when minimisation is strict.
 */
function settles(
  context: Context,
  zone: Name,
  reply: Meaning,
): reply is Extract<Meaning, { kind: 'negative' }> {
  if (reply.kind !== 'negative' || reply.rcode !== RCODE.NXDOMAIN) return false
  if (isStrict(context)) return true
  if (!context.settings.nxdomainCut || !isChained(context, zone)) return false
  return reply.authority.some((set) => set.type !== TYPE.SOA && set.signatures.length > 0)
}

/** Takes note of a reply to a minimised question: there is no cut at `asked`, or nothing is to be gained there. */
function learn(
  context: Context,
  job: Job,
  way: Descent,
  asked: Name,
  reply: Exclude<Meaning, { kind: 'referral' }>,
): void {
  if (reply.kind === 'negative' && reply.rcode === RCODE.NXDOMAIN) {
    way.minimising = false
    return
  }
  way.known = labelCount(asked)
  store(context, job, asked, context.settings.minimisedType, toData(reply, ''))
}

/** Spelt out: all data looks alike then, and is read quickly. */
function toData(
  reply: Exclude<Meaning, { kind: 'referral' }>,
  server: string,
  denied?: Name,
  { forwarder, uncached, agent }: Said = {},
): Data {
  const { kind, authority, misshapen } = reply
  const said = reply.kind === 'negative' ? DENIED : reply
  const { answer, target, further, contradicted } = said
  const holds = kind === 'alias' && target === undefined ? RCODE.YXDOMAIN : RCODE.NOERROR
  const rcode = reply.kind === 'negative' ? reply.rcode : holds
  return {
    kind,
    rcode,
    answer,
    authority,
    target,
    contradicted,
    misshapen,
    further,
    denied,
    server,
    forwarder,
    agent,
    uncached,
  }
}

/** What a denial lacks. */
const DENIED = { answer: [], target: undefined, further: undefined, contradicted: undefined }

/** Keeps a referral, for no longer than the delegation of the zone that gave it lives (CVE-2022-30698). */
function storeReferral(
  context: Context,
  job: Job,
  { zone: parent, route }: Cut,
  referral: Extract<Meaning, { kind: 'referral' }>,
): void {
  const { zone, ns, glue, ds, proofs } = referral
  const { routes, rrsets } = context
  const stamp = unjudged(job)
  // What a stub zone falls back to must not stand before it when its own servers are back: it serves this question.
  const isFallback = route === undefined && routes.beginsAt(parent)
  // A stub zone has no delegation that could end.
  rrsets.putDelegation(isFallback ? cappedTo(ns, 0) : ns, route === undefined ? parent : undefined)
  for (const set of glue) rrsets.putGlue(set, zone)
  if (ds !== undefined) rrsets.put(ds, { rank: RANK.ANSWER_AA, ...stamp })
  else if (proofs.length > 0) {
    const ttlSeconds = negativeTtlSeconds(proofs, context.settings.ttlSeconds)
    rrsets.putNegative(zone, TYPE.DS, { rcode: RCODE.NOERROR, authority: proofs, ttlSeconds, ...stamp })
  }
}
