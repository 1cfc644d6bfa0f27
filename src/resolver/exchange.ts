/** One question to one server: EDNS or not, UDP or TCP, until there is a whole message or a reason why not. */
import { UDP_PAYLOAD_OCTETS, UPSTREAM_TCP_TIMEOUT_MS } from '../base/limits.ts'
import type { Reason } from '../dnssec/reasons.ts'
import { FormatError } from '../wire/format-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { type Message, parseMessage, type Question } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'
import type { Context, Job } from './context.ts'
import type { Endpoint, UpstreamFailure } from './ports.ts'
import type { QuestionBudget } from './work-budget.ts'

/** What came of it: `limit` ends the question, `failed` only this server's turn. */
export type Exchanged = Answered | { readonly kind: 'limit'; readonly reason: Reason }

type Answered =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'failed'; readonly reason: string }

/** Messages sent to one server for one question at most: without EDNS, then by TCP, then by TCP without EDNS. */
const MESSAGES_PER_EXCHANGE_MAX = 4

const EDNS = { version: 0, udpPayloadOctets: UDP_PAYLOAD_OCTETS, do: true, flags: 0, options: [] } as const

/** Asks `server`, which serves `zone` or is said to. */
export async function exchange(
  context: Context,
  job: Job,
  server: Endpoint,
  zone: Name,
  question: Question,
  budget: QuestionBudget,
): Promise<Exchanged> {
  const { clock, servers } = context
  let transport: 'udp' | 'tcp' = servers.tcpOnly(server.address) ? 'tcp' : 'udp'
  let edns = servers.edns(server.address) !== 'broken'
  for (let sent = 0; sent < MESSAGES_PER_EXCHANGE_MAX; sent++) {
    const limit = job.budget.takeQuery(budget, clock.nowMs())
    if (limit !== undefined) {
      context.counters.limitHit(limit)
      return { kind: 'limit', reason: limit }
    }
    const outcome = await once(context, job, server, zone, question, transport, edns)
    job.budget.lastYieldMs = clock.nowMs()
    if (outcome.kind === 'failed') {
      if (outcome.reason !== 'near-miss' || transport === 'tcp') return outcome
      servers.requireTcp(server.address)
      transport = 'tcp'
      continue
    }
    const { message } = outcome
    if (edns && rejectsEdns(message)) {
      servers.ednsBroke(server.address)
      edns = false
    } else if (message.tc && transport === 'udp') transport = 'tcp'
    else return outcome
  }
  return { kind: 'failed', reason: 'no usable reply' }
}

/** RFC 6891 7: what a server says that does not know OPT. One that answers with an OPT knows it. */
function rejectsEdns(message: Message): boolean {
  if (message.rcode === RCODE.BADVERS) return true
  return message.edns === undefined && (message.rcode === RCODE.FORMERR || message.rcode === RCODE.NOTIMP)
}

async function once(
  context: Context,
  job: Job,
  server: Endpoint,
  zone: Name,
  question: Question,
  transport: 'udp' | 'tcp',
  edns: boolean,
): Promise<Answered> {
  const { clock, counters, servers, upstream } = context
  const id = context.random.below(0x1_0000)
  const query = writeQuery({ id, question, rd: false, cd: false, ...(edns ? { edns: EDNS } : {}) })
  const patienceMs = transport === 'tcp' ? UPSTREAM_TCP_TIMEOUT_MS : servers.timeoutMs(server.address)
  const timeoutMs = Math.max(1, Math.min(patienceMs, job.budget.deadlineMs - clock.nowMs()))
  counters.upstreamQuery(transport)
  servers.asked(server.address)
  const askedMs = clock.nowMs()
  const result = await upstream.ask({ server, transport, message: query, timeoutMs })
  const tell = (outcome: string, octets: number, rttMs: number): void => {
    const { name, type } = question
    job.trace?.({ kind: 'exchange', server, transport, zone, name, type, outcome, octets, rttMs })
  }
  if (result.kind === 'failure') {
    counters.upstreamFailure(result.reason)
    noteFailure(context, server, transport, result.reason, askedMs)
    tell(result.reason, 0, timeoutMs)
    return { kind: 'failed', reason: result.reason }
  }
  servers.replied(server.address, result.rttMs)
  try {
    const message = parseMessage(result.message)
    if (message.edns !== undefined) servers.ednsWorked(server.address)
    tell(`rcode ${message.rcode}`, result.message.length, result.rttMs)
    return { kind: 'message', message }
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    counters.upstreamFailure('malformed')
    tell(`malformed: ${fault.message}`, result.message.length, result.rttMs)
    return { kind: 'failed', reason: 'malformed' }
  }
}

/** A failure counts against the server when it is the server's or the path's: not by TCP, which many refuse. */
function noteFailure(
  context: Context,
  server: Endpoint,
  transport: 'udp' | 'tcp',
  reason: UpstreamFailure,
  askedMs: number,
): void {
  if (transport === 'tcp') return
  if (reason === 'timeout') context.servers.timedOut(server.address, askedMs)
  else if (reason === 'refused' || reason === 'unreachable') context.servers.unreachable(server.address)
}
