/** One question to one server: EDNS or not, UDP or TCP, until there is a whole message or a reason why not. */
import {
  UPSTREAM_TCP_AFTER_SILENCE_MS_MAX,
  UPSTREAM_TCP_TIMEOUT_MS_MAX,
  UPSTREAM_TCP_TIMEOUT_MS_MIN,
  UPSTREAM_TIMEOUT_GROWTH,
} from '../base/limits.ts'
import { REASONS, type Reason } from '../dnssec/reasons.ts'
import type { EdnsOption } from '../wire/edns.ts'
import { FormatError } from '../wire/format-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Message, parseHeader, parseOwnMessage, type Question } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'
import type { Context, Job } from './context.ts'
import type { Endpoint, UpstreamFailure, UpstreamResult } from './ports.ts'
import type { Racer } from './race.ts'
import type { CookieVerdict } from './server-cookies.ts'
import type { Turn } from './server-pool.ts'
import { inRandomCase, takeSpelling } from './spelling.ts'
import { type TtlLimits, withinLimits } from './ttl-limits.ts'
import type { QuestionBudget } from './work-budget.ts'
import { zoneToName } from './zone-to-name.ts'

/** What came of it: `limit` ends the question, `failed` only this server's turn. */
export type Exchanged = Answered | { readonly kind: 'limit'; readonly reason: Reason }

type Answered =
  | { readonly kind: 'message'; readonly message: Message; readonly cookie?: CookieVerdict }
  | { readonly kind: 'failed'; readonly reason: string; readonly malformed?: boolean }

type Transport = 'udp' | 'tcp'

/** How a message is sent. */
interface Way {
  transport: Transport
  edns: boolean
  /** It was sent with OPT before, and the server did not take that. */
  rejected: boolean
  /** The server gave another cookie, and wanted the question with that. */
  newCookie: boolean
  /** Datagrams that came without the cookie that they should have. */
  foreign: number
  /** The name is asked for in random letters. */
  mixed: boolean
  /** A datagram had it in other letters. */
  misspelt: boolean
  /** TCP was chosen because of an earlier question, so UDP has not been tried for this one. */
  tcpFromMemory: boolean
}

/** Messages sent to one server for one question at most: with another cookie or without EDNS, then by TCP, then by TCP without EDNS. */
const MESSAGES_PER_EXCHANGE_MAX = 4

/**
 * Datagrams without the server's cookie, TCP tried in vain between them, after which it is asked without one: somebody
 * else would have had to guess as often, and again for the reply to that.
 */
const FOREIGN_DATAGRAMS_MAX = 2

/** Asks the server whose turn it is; it serves `zone` or is said to. */
export async function exchange(
  context: Context,
  job: Job,
  racer: Racer,
  zone: Name,
  question: Question,
  budget: QuestionBudget,
): Promise<Exchanged> {
  const { clock, servers } = context
  const { server } = racer.turn
  const byTcp = servers.tcpOnly(server)
  const way: Way = {
    transport: byTcp || racer.turn.isAfterSilence ? 'tcp' : 'udp',
    edns: servers.edns(server) !== 'broken' || isSigned(context, zone),
    rejected: false,
    newCookie: false,
    foreign: 0,
    mixed: context.settings.mixedCase && mayMix(context, racer),
    misspelt: false,
    tcpFromMemory: byTcp,
  }
  const { outstanding } = context
  for (let sent = 0; sent < MESSAGES_PER_EXCHANGE_MAX; sent++) {
    if (outstanding.isFullFor(job.asked?.client) && outstanding.forbids('outstanding-per-client', zone))
      return { kind: 'limit', reason: 'limit-outstanding-per-client' }
    const limit = job.budget.takeQuery(budget, clock.nowMs())
    if (limit !== undefined) {
      context.counters.limitHit(limit, zoneToName(context, job, zone))
      return { kind: 'limit', reason: limit }
    }
    const outcome = await once(context, job, racer, zone, question, way)
    if (outcome.kind === 'limit') return outcome
    // Somebody else had the answer: all that was still of interest is how long this took.
    if (racer.over) return outcome
    if (outcome.kind === 'failed' && outcome.reason === NO_SOCKET)
      return { kind: 'limit', reason: 'overload' }
    const before = way.transport
    if (tryOtherwise(context, server, way, outcome)) {
      // One that is asked by TCP need not answer, and there is somebody else.
      if (before === 'udp' && way.transport === 'tcp' && !racer.turn.isAlone)
        racer.asksAnew(context.servers.tcpLateMs(server))
      continue
    }
    if (way.rejected) noteWithoutEdns(context, server, zone, outcome)
    return outcome
  }
  return { kind: 'failed', reason: 'no usable reply' }
}

/** Changes the way when the outcome calls for it; false when the outcome is final. */
function tryOtherwise({ servers, cookies }: Context, server: Endpoint, way: Way, outcome: Answered): boolean {
  const { transport } = way
  if (outcome.kind === 'failed') {
    if (way.tcpFromMemory) {
      // Somebody who guesses must not lock us out of a server that does not listen on TCP.
      way.tcpFromMemory = false
      way.transport = 'udp'
      return true
    }
    if (outcome.reason === FOREIGN_COOKIE && ++way.foreign === FOREIGN_DATAGRAMS_MAX) {
      cookies?.lost(server)
      return true
    }
    if (transport === 'tcp' && way.foreign > 0) {
      way.transport = 'udp'
      return true
    }
    if (outcome.reason === MISSPELT) way.misspelt = true
    if (transport === 'tcp' && way.misspelt && way.mixed) {
      // Nobody can say by which of the two it was spelt so, and it is to be heard.
      servers.lettersChanged(server)
      way.mixed = false
      way.transport = 'udp'
      return true
    }
    const isWorthTcp = [NEAR_MISS, TRUNCATED, FOREIGN_COOKIE, MISSPELT].includes(outcome.reason)
    if (transport === 'tcp' || !isWorthTcp) return false
    if (outcome.reason === NEAR_MISS) servers.requireTcp(server)
    way.transport = 'tcp'
    return true
  }
  const { message, cookie } = outcome
  if (cookie === 'unfit') return true
  if (cookie === 'retry') {
    // RFC 7873 5.3: by TCP when it does not like that one either.
    if (way.newCookie) way.transport = 'tcp'
    way.newCookie = true
    return true
  }
  // A server that was seen to know OPT does not forget it; somebody may wish us to (RFC 6891 7, TuDoor).
  if (way.edns && rejectsEdns(message) && servers.edns(server) !== 'works') {
    way.edns = false
    way.rejected = true
    return true
  }
  if (!message.tc || transport === 'tcp') return false
  way.transport = 'tcp'
  return true
}

/** RFC 6891 7: what a server says that does not know OPT. One that answers with an OPT knows it. */
function rejectsEdns(message: Message): boolean {
  if (message.rcode === RCODE.BADVERS) return true
  return message.edns === undefined && (message.rcode === RCODE.FORMERR || message.rcode === RCODE.NOTIMP)
}

/**
 * Remembers a server that answers without OPT what it did not take with it (RFC 6891 7); one that fails either way is
 * broken otherwise, perhaps for a moment. Nor is it remembered for a zone that is signed: no answer without OPT can be
 * right there, so it is asked with OPT each time, and its zone is well as soon as the server is.
 */
function noteWithoutEdns(context: Context, server: Endpoint, zone: Name, outcome: Answered): void {
  const { servers } = context
  if (outcome.kind === 'failed' || isSigned(context, zone) || servers.edns(server) === 'works') return
  const { rcode } = outcome.message
  if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) servers.ednsBroke(server)
}

/** Whether signatures are to be expected of a zone, as far as is known without asking. */
function isSigned({ policy, rrsets }: Context, zone: Name): boolean {
  return policy.anchors.of(zone).length > 0 || rrsets.get(zone, TYPE.DS) !== undefined
}

async function once(
  context: Context,
  job: Job,
  racer: Racer,
  zone: Name,
  question: Question,
  { transport, edns, mixed }: Way,
): Promise<Exchanged> {
  const { clock, counters, servers, upstream } = context
  const { server, recursion } = racer.turn
  const id = context.random.below(0x1_0000)
  // Who judges for himself wants a forwarder's data whatever its own verdict (RFC 6840 5.9).
  const cd = recursion && context.policy.mode !== 'off'
  const cookie = edns ? context.cookies?.to(server) : undefined
  const opt = edns ? { edns: context.queryEdns.to(server, cookie) } : {}
  const asked = mixed ? inRandomCase(question.name, context.random) : question.name
  const sent = mixed ? { ...question, name: asked } : question
  const message = writeQuery({ id, question: sent, rd: recursion, cd, ...opt })
  const startMs = clock.nowMs()
  const patienceMs = transport === 'tcp' ? tcpPatienceMs(context, racer.turn) : racer.turn.patienceMs
  const leftMs = Math.max(1, job.budget.deadlineMs - startMs)
  const timeoutMs = Math.min(patienceMs, leftMs)
  counters.upstreamQuery(transport)
  const { outstanding } = context
  const client = job.asked?.client
  const asker = { zone, client }
  const quota = servers.asked(server)
  quota.sent(asker)
  outstanding.sent(client)
  const tell = (outcome: string, octets: number, rttMs: number): void => {
    racer.giveUp = undefined
    const { name, type } = question
    const when = { startMs, rttMs, timeoutMs }
    job.trace?.({ kind: 'exchange', server, transport, zone, name, type, outcome, octets, ...when })
  }
  if (job.trace !== undefined) racer.giveUp = () => tell(LATE, 0, clock.nowMs() - startMs)
  let isUp: boolean | undefined
  let result: UpstreamResult
  try {
    result = await upstream.ask({ server, transport, message, timeoutMs })
    isUp = showsUp(result, transport, leftMs < patienceMs)
  } finally {
    outstanding.ended(client)
    quota.ended(asker, isUp, outstanding.limits.backOff)
  }
  if (transport === 'tcp') noteTcp(context, racer, result, leftMs < patienceMs)
  if (result.kind === 'failure') {
    const { reason } = result
    counters.upstreamFailure(reason)
    if (isUp === false && reason === 'timeout') {
      servers.timedOut(server, startMs)
      if (mixed) servers.askedMixed(server, false)
      if (cookie !== undefined) context.cookies?.unanswered(server, cookie)
    } else if (isUp === false) servers.unreachable(server)
  } else {
    racer.heard = true
    servers.replied(server, result.rttMs)
  }
  if (racer.over) return { kind: 'failed', reason: LATE }
  context.noteWork(job.asked)
  context.betweenSteps()
  if (result.kind === 'failure') {
    const { reason } = result
    const shown = reason === 'refused' ? CONNECTION_REFUSED : reason
    tell(shown, 0, clock.nowMs() - startMs)
    if (reason === 'resources') return { kind: 'failed', reason: NO_SOCKET }
    return { kind: 'failed', reason: transport === 'tcp' ? `${shown} by TCP` : shown }
  }
  const { message: octets, rttMs } = result
  const limit = job.budget.takeReply(octets.length, clock.nowMs())
  if (limit !== undefined) {
    tell(REASONS[limit].text, octets.length, rttMs)
    counters.limitHit(limit, zoneToName(context, job, zone))
    return { kind: 'limit', reason: limit }
  }
  const isRight = takeSpelling(octets, asked, question.name)
  if (mixed && !isBelieved(context, server, transport, isRight)) {
    tell(MISSPELT, octets.length, rttMs)
    return { kind: 'failed', reason: MISSPELT }
  }
  const answered = withCookie(
    context,
    server,
    cookie,
    read(octets, transport, context.settings.ttlSeconds),
    transport,
  )
  if (answered.kind === 'message') {
    if (answered.message.edns !== undefined) servers.ednsWorked(server)
    tell(`rcode ${answered.message.rcode}`, octets.length, rttMs)
  } else {
    if (answered.malformed === true) counters.upstreamFailure('malformed')
    if (answered.reason === FOREIGN_COOKIE) counters.upstreamFailure(FOREIGN_COOKIE)
    tell(answered.reason, octets.length, rttMs)
  }
  return answered
}

/** The reply, seen in the light of its cookie. */
function withCookie(
  { cookies }: Context,
  server: Endpoint,
  sent: EdnsOption | undefined,
  answered: Answered,
  transport: Transport,
): Answered {
  if (cookies === undefined || sent === undefined || answered.kind === 'failed') return answered
  const cookie = cookies.judge(server, sent, answered.message, transport)
  if (cookie === 'foreign') return { kind: 'failed', reason: FOREIGN_COOKIE }
  return cookie === 'good' ? answered : { ...answered, cookie }
}

/** A server that was not seen to repeat letters may drop questions in mixed ones: it is tried again without. */
function mayMix({ servers }: Context, { turn }: Racer): boolean {
  return !servers.changesLetters(turn.server) && (turn.isFirst || servers.repeatsLetters(turn.server))
}

/** A datagram in other letters may be somebody else's; a connection's reply shows what the server does to them. */
function isBelieved(
  { counters, servers }: Context,
  server: Endpoint,
  transport: Transport,
  isRight: boolean,
): boolean {
  if (isRight) {
    servers.askedMixed(server, true)
    return true
  }
  counters.upstreamFailure(MISSPELT)
  if (transport === 'udp') return false
  servers.lettersChanged(server)
  return true
}

/**
 * What a server did by TCP. Where it was silent to the question by UDP as well, that may be for the question's sake, and says
 * nothing of other questions.
 */
function noteTcp({ servers }: Context, { turn }: Racer, result: UpstreamResult, isCutShort: boolean): void {
  const isAnswered = result.kind === 'reply'
  const isOurs = !isAnswered && (result.reason === 'resources' || (result.reason === 'timeout' && isCutShort))
  if (turn.isAfterSilence && !isOurs) servers.askedAfterSilence(turn.server, isAnswered)
  else if (!turn.isAfterSilence && (isAnswered || result.reason === 'timeout'))
    servers.byTcp(turn.server, isAnswered)
}

/** A connection takes a round trip before the question does, and the first packet of it may be lost. */
function tcpPatienceMs({ servers }: Context, { server, isAfterSilence }: Turn): number {
  const patienceMs = UPSTREAM_TIMEOUT_GROWTH * 2 * servers.timeoutMs(server)
  if (isAfterSilence && servers.answersAfterSilence(server) !== true)
    return Math.min(patienceMs, UPSTREAM_TCP_AFTER_SILENCE_MS_MAX)
  return Math.min(Math.max(patienceMs, UPSTREAM_TCP_TIMEOUT_MS_MIN), UPSTREAM_TCP_TIMEOUT_MS_MAX)
}

/** Too many datagrams that did not match. */
const NEAR_MISS = 'near-miss'
/** A reply without the cookie that it should have. */
const FOREIGN_COOKIE = 'cookie'
/** The question's name in other letters than it was asked in. */
const MISSPELT = 'letters'
/** Nobody waits for the reply any more. */
const LATE = 'late'
/** A datagram that was cut off in the middle of a record, as TC says. */
const TRUNCATED = 'truncated'
/** Nothing was sent, for want of sockets here: no server is to blame. */
const NO_SOCKET = 'no socket'
/** Nobody listens there: `refused` alone would be read as the rcode. */
const CONNECTION_REFUSED = 'connection refused'

function read(octets: Uint8Array, transport: Transport, limits: TtlLimits): Answered {
  try {
    const message = parseOwnMessage(octets)
    if (message.tc && transport === 'tcp')
      return { kind: 'failed', reason: 'truncated by TCP', malformed: true }
    return { kind: 'message', message: withinLimits(message, limits) }
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    if (transport === 'udp' && parseHeader(octets)?.tc === true) return { kind: 'failed', reason: TRUNCATED }
    return { kind: 'failed', reason: `malformed: ${fault.message}`, malformed: true }
  }
}

/**
 * Whether the server answers, as far as this says: undefined where it was not given its time, or where what failed may be
 * of our own making. Nor does TCP count against it, which many refuse.
 */
function showsUp(result: UpstreamResult, transport: Transport, isCutShort: boolean): boolean | undefined {
  if (result.kind === 'reply') return true
  if (transport === 'tcp' || !ITS_FAULTS.has(result.reason)) return undefined
  return result.reason === 'timeout' && isCutShort ? undefined : false
}

/** The server's, or the path's. */
const ITS_FAULTS: ReadonlySet<UpstreamFailure> = new Set(['timeout', 'refused', 'unreachable'])
