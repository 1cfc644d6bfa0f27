/** An authoritative server as a function: the octets of a query in, the octets of its replies out. */

import { answerFrom, type ZoneAnswer, type ZoneQuestion, zoneFor } from '../authority/answer.ts'
import { UDP_PAYLOAD_OCTETS, UDP_PAYLOAD_OCTETS_MIN } from '../base/limits.ts'
import { type Edns, optLength } from '../wire/edns.ts'
import { FormatError } from '../wire/format-error.ts'
import { CLASS } from '../wire/iana/class.ts'
import { OPCODE } from '../wire/iana/opcode.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Header, type Message, parseHeader, parseMessage } from '../wire/message.ts'
import type { Rrset } from '../wire/record.ts'
import { MessageWriter } from '../wire/writer.ts'
import type { ServedZone } from './served-zone.ts'

/** What carries a query and its replies. */
export type Transport = 'udp' | 'tcp'

/** One message back, and how long the server waits before it sends it. */
export interface LabReply {
  readonly message: Uint8Array
  readonly delayMs: number
}

/**
 * A server. No reply is silence; several are several messages, as a forger's beside the true one.
 * The same function serves a real socket (`server.ts`) and the simulated network (`network.ts`).
 */
export type Authority = (query: Uint8Array, transport: Transport) => readonly LabReply[]

/** Changes an answer before it becomes octets. `zone` is the one that the question fell into. */
export type Rewrite = (answer: ZoneAnswer, question: ZoneQuestion, zone: ServedZone | undefined) => ZoneAnswer

/** An authority for some zones, with changes to its answers applied in order. */
export function authorityOf(zones: readonly ServedZone[], rewrites: readonly Rewrite[] = []): Authority {
  return (query, transport) => {
    const message = replyTo(zones, query, transport, rewrites)
    return message === undefined ? [] : [{ message, delayMs: 0 }]
  }
}

/** Answers one message, or nothing when it is no query at all. */
export function replyTo(
  zones: readonly ServedZone[],
  octets: Uint8Array,
  transport: Transport,
  rewrites: readonly Rewrite[] = [],
): Uint8Array | undefined {
  const header = parseHeader(octets)
  if (header === undefined || header.qr) return undefined
  const query = readQuery(octets)
  if (query === undefined) return writeReply(header, undefined, failure(RCODE.FORMERR), transport)
  const fault = faultOf(query)
  if (fault !== undefined) return writeReply(header, query, failure(fault), transport)
  const { name, type } = query.questions[0]!
  const question = { name, type, dnssec: query.edns?.do === true }
  const zone = zoneFor(zones, name, type)
  let answer = answerFrom(zones, question)
  for (const rewrite of rewrites) answer = rewrite(answer, question, zone)
  return writeReply(header, query, answer, transport)
}

/** The octets as a query; undefined when they are malformed or a reply. */
export function readQuery(octets: Uint8Array): Message | undefined {
  try {
    const message = parseMessage(octets)
    return message.qr ? undefined : message
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function faultOf(query: Message): number | undefined {
  if (query.opcode !== OPCODE.QUERY) return RCODE.NOTIMP
  if (query.questions.length !== 1) return RCODE.FORMERR
  if (query.edns !== undefined && query.edns.version !== 0) return RCODE.BADVERS
  const { type, class: queryClass } = query.questions[0]!
  if (queryClass !== CLASS.IN || type === TYPE.AXFR || type === TYPE.IXFR) return RCODE.REFUSED
  return undefined
}

/** An answer that is only an rcode. */
export function failure(rcode: number): ZoneAnswer {
  return { rcode, authoritative: false, answer: [], authority: [], additional: [] }
}

/** An answer as octets; truncated where the transport has no room for it. Without `query`, no question is repeated. */
export function writeReply(
  header: Header,
  query: Message | undefined,
  answer: ZoneAnswer,
  transport: Transport,
): Uint8Array {
  const offered = query?.edns?.udpPayloadOctets ?? 0
  const udpLimit = Math.min(UDP_PAYLOAD_OCTETS, Math.max(UDP_PAYLOAD_OCTETS_MIN, offered))
  const limit = transport === 'tcp' ? undefined : udpLimit
  return (
    tryWrite(header, query, answer, limit, false) ??
    tryWrite(header, query, { ...answer, answer: [], authority: [], additional: [] }, limit, true)!
  )
}

const REPLY_EDNS: Edns = {
  version: 0,
  udpPayloadOctets: UDP_PAYLOAD_OCTETS,
  do: false,
  flags: 0,
  options: [],
}

/** Undefined when the answer does not fit. Glue of a referral counts (RFC 9471), other additional records do not. */
function tryWrite(
  header: Header,
  query: Message | undefined,
  answer: ZoneAnswer,
  limit: number | undefined,
  truncated: boolean,
): Uint8Array | undefined {
  const writer = new MessageWriter(limit)
  writer.header({
    id: header.id,
    qr: true,
    opcode: header.opcode,
    aa: answer.authoritative,
    tc: truncated,
    rd: header.rd,
    ra: false,
    ad: false,
    cd: header.cd,
    rcode: answer.rcode & 0xf,
  })
  const edns = query?.edns && { ...REPLY_EDNS, do: query.edns.do }
  if (edns !== undefined) writer.limitOctets -= optLength(edns)
  for (const question of query?.questions ?? []) writer.question(question)
  const signatures = edns?.do === true
  for (const rrset of answer.answer) if (!writeRrset(writer, 'answer', rrset, signatures)) return undefined
  for (const rrset of answer.authority)
    if (!writeRrset(writer, 'authority', rrset, signatures)) return undefined
  for (const rrset of answer.additional) {
    if (!writeRrset(writer, 'additional', rrset, signatures) && !answer.authoritative) return undefined
  }
  if (edns !== undefined) {
    writer.limitOctets += optLength(edns)
    writer.opt(edns, answer.rcode)
  }
  return writer.finish()
}

function writeRrset(
  writer: MessageWriter,
  section: 'answer' | 'authority' | 'additional',
  { owner, type, class: rrsetClass, ttlSeconds, rdatas, signatures }: Rrset,
  withSignatures: boolean,
): boolean {
  for (const rdata of rdatas)
    if (!writer.record(section, owner, type, rrsetClass, ttlSeconds, rdata)) return false
  if (!withSignatures) return true
  return signatures.every((rdata) => writer.record(section, owner, TYPE.RRSIG, rrsetClass, ttlSeconds, rdata))
}
