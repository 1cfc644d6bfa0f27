/** One question to one server: EDNS or not, UDP or TCP, until there is a whole message or a reason why not. */
import { UPSTREAM_TCP_TIMEOUT_MS } from '../base/limits.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { FormatError } from '../wire/format-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { type Message, parseHeader, parseMessage, type Question } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'
import type { Context, Job } from './context.ts'
import type { Endpoint, UpstreamFailure } from './ports.ts'
import type { Turn } from './server-pool.ts'
import { type TtlLimits, withinLimits } from './ttl-limits.ts'
import type { QuestionBudget } from './work-budget.ts'

/** What came of it: `limit` ends the question, `failed` only this server's turn. */
export type Exchanged = Answered | { readonly kind: 'limit'; readonly reason: Reason }

type Answered =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'failed'; readonly reason: string; readonly malformed?: boolean }

type Transport = 'udp' | 'tcp'

/** How a message is sent. */
interface Way {
  transport: Transport
  edns: boolean
  /** TCP was chosen because of an earlier question, so UDP has not been tried for this one. */
  tcpFromMemory: boolean
}

/** Messages sent to one server for one question at most: without EDNS, then by TCP, then by TCP without EDNS. */
const MESSAGES_PER_EXCHANGE_MAX = 4

/** Asks the server whose turn it is; it serves `zone` or is said to. */
export async function exchange(
  context: Context,
  job: Job,
  turn: Turn,
  zone: Name,
  question: Question,
  budget: QuestionBudget,
): Promise<Exchanged> {
  const { clock, servers } = context
  const { server } = turn
  const byTcp = servers.tcpOnly(server)
  const way: Way = {
    transport: byTcp ? 'tcp' : 'udp',
    edns: servers.edns(server) !== 'broken',
    tcpFromMemory: byTcp,
  }
  for (let sent = 0; sent < MESSAGES_PER_EXCHANGE_MAX; sent++) {
    const limit = job.budget.takeQuery(budget, clock.nowMs())
    if (limit !== undefined) {
      context.counters.limitHit(limit)
      return { kind: 'limit', reason: limit }
    }
    const outcome = await once(context, job, turn, zone, question, way)
    job.budget.lastYieldMs = clock.nowMs()
    if (outcome.kind === 'failed' && outcome.reason === NO_SOCKET)
      return { kind: 'limit', reason: 'overload' }
    if (!tryOtherwise(context, server, way, outcome)) return outcome
  }
  return { kind: 'failed', reason: 'no usable reply' }
}

/** Changes the way when the outcome calls for it; false when the outcome is final. */
function tryOtherwise({ servers }: Context, server: Endpoint, way: Way, outcome: Answered): boolean {
  const { transport } = way
  if (outcome.kind === 'failed') {
    if (way.tcpFromMemory) {
      // Somebody who guesses must not lock us out of a server that does not listen on TCP.
      way.tcpFromMemory = false
      way.transport = 'udp'
      return true
    }
    if (transport === 'tcp' || (outcome.reason !== 'near-miss' && outcome.reason !== TRUNCATED)) return false
    if (outcome.reason === 'near-miss') servers.requireTcp(server)
    way.transport = 'tcp'
    return true
  }
  const { message } = outcome
  // A server that was seen to know OPT does not forget it; somebody may wish us to (RFC 6891 7, TuDoor).
  if (way.edns && rejectsEdns(message) && servers.edns(server) !== 'works') {
    servers.ednsBroke(server)
    way.edns = false
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

async function once(
  context: Context,
  job: Job,
  { server, recursion, patienceMs: udpPatienceMs }: Turn,
  zone: Name,
  question: Question,
  { transport, edns }: Way,
): Promise<Answered> {
  const { clock, counters, servers, upstream } = context
  const id = context.random.below(0x1_0000)
  // Who judges for himself wants a forwarder's data whatever its own verdict (RFC 6840 5.9).
  const cd = recursion && context.policy.mode !== 'off'
  const opt = edns ? { edns: context.queryEdns.to(server) } : {}
  const message = writeQuery({ id, question, rd: recursion, cd, ...opt })
  const patienceMs = transport === 'tcp' ? UPSTREAM_TCP_TIMEOUT_MS : udpPatienceMs
  const leftMs = Math.max(1, job.budget.deadlineMs - clock.nowMs())
  const timeoutMs = Math.min(patienceMs, leftMs)
  counters.upstreamQuery(transport)
  servers.asked(server)
  const result = await upstream.ask({ server, transport, message, timeoutMs })
  context.noteWork(job.asked)
  context.betweenSteps()
  const tell = (outcome: string, octets: number, rttMs: number): void => {
    const { name, type } = question
    job.trace?.({ kind: 'exchange', server, transport, zone, name, type, outcome, octets, rttMs })
  }
  if (result.kind === 'failure') {
    const { reason } = result
    counters.upstreamFailure(reason)
    // A server that was not given its time has not failed.
    if (reason !== 'timeout' || leftMs >= patienceMs) noteFailure(context, server, transport, reason)
    tell(reason, 0, timeoutMs)
    if (reason === 'resources') return { kind: 'failed', reason: NO_SOCKET }
    return { kind: 'failed', reason: transport === 'tcp' ? `${reason} by TCP` : reason }
  }
  servers.replied(server, result.rttMs)
  const answered = read(result.message, transport, context.settings.ttlSeconds)
  if (answered.kind === 'message') {
    if (answered.message.edns !== undefined) servers.ednsWorked(server)
    tell(`rcode ${answered.message.rcode}`, result.message.length, result.rttMs)
  } else {
    if (answered.malformed === true) counters.upstreamFailure('malformed')
    tell(answered.reason, result.message.length, result.rttMs)
  }
  return answered
}

/** A datagram that was cut off in the middle of a record, as TC says. */
const TRUNCATED = 'truncated'
/** Nothing was sent, for want of sockets here: no server is to blame. */
const NO_SOCKET = 'no socket'

function read(octets: Uint8Array, transport: Transport, limits: TtlLimits): Answered {
  try {
    const message = parseMessage(octets)
    if (message.tc && transport === 'tcp')
      return { kind: 'failed', reason: 'truncated by TCP', malformed: true }
    return { kind: 'message', message: withinLimits(message, limits) }
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    if (transport === 'udp' && parseHeader(octets)?.tc === true) return { kind: 'failed', reason: TRUNCATED }
    return { kind: 'failed', reason: `malformed: ${fault.message}`, malformed: true }
  }
}

/** A failure counts against the server when it is the server's or the path's: not by TCP, which many refuse. */
function noteFailure(
  context: Context,
  server: Endpoint,
  transport: Transport,
  reason: UpstreamFailure,
): void {
  if (transport === 'tcp') return
  if (reason === 'timeout') context.servers.timedOut(server)
  else if (reason === 'refused' || reason === 'unreachable') context.servers.unreachable(server)
}
