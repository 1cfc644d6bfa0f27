/** What a client asked, reduced to what its answer depends on. */

import { MESSAGE_OCTETS_MAX, UDP_PAYLOAD_OCTETS_MIN } from '../base/limits.ts'
import { INTEROPERABLE_COOKIE_OCTETS, isCookieLength } from '../wire/cookie.ts'
import type { Edns } from '../wire/edns.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { CLASS } from '../wire/iana/class.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { isMetaType, TYPE } from '../wire/iana/rrtype.ts'
import { readU16 } from '../wire/integers.ts'
import type { QuestionMessage } from '../wire/message.ts'
import { FOLD, nameLengthAt } from '../wire/name.ts'

/** In the third octet of a message. */
export const FLAG_QR = 0x80
export const FLAG_AA = 0x04
export const FLAG_TC = 0x02
export const FLAG_RD = 0x01
/** In the fourth. */
export const FLAG_RA = 0x80
export const FLAG_AD = 0x20
export const FLAG_CD = 0x10

/** Octets of OPT up to its options. */
const OPT_OCTETS = 11
const OPT_FLAG_DO = 0x80

/**
 * What a client's cookie is found to be:
 * - `good`: a server cookie of ours
 * - `new`: without a server's part yet
 * - `outdated`: one that would be too old or not valid yet, whoever made it
 * - `bad`: something else
 * - `malformed`: an option of a length that none has
 */
export type CookieOutcome = 'good' | 'new' | 'outdated' | 'bad' | 'malformed'

/** A question with all that shapes its answer. The hit path fills one object again and again. */
export class Query {
  /** What `scanOrdinary` said of it. */
  ordinary = false
  type = 0
  class = 0
  /** Octets of the qname, which begins at octet 12 of the request. */
  nameOctets = 0
  /** Offset behind the question; 12 when there is none to repeat. */
  questionEnd: number = HEADER_OCTETS
  /** Octets that the whole reply may have. */
  replyOctetsMax: number = UDP_PAYLOAD_OCTETS_MIN
  /** The client set AD or DO: it wants to be told (RFC 6840 5.8). */
  wantsAuthenticity = false
  checkingDisabled = false
  /** OPT came, so OPT goes back (RFC 6891 6.1.1). */
  edns = false
  dnssecOk = false
  /** Idle time to offer in edns-tcp-keepalive, in units of 100 ms; -1 when nobody asked. */
  keepalive = -1
  /** NSID came, whatever is in it (RFC 5001 2.1), and however often: the name of this server is given once. */
  nsid = false
  /**
   * Who asks gets what is sent to its address, which therefore is nobody else's: by TCP it is so, by UDP with a server
   * cookie of ours (RFC 7873). Limits that are there because of forged addresses do not concern it.
   */
  addressProven = false
  /** Where the first COOKIE option has its octets, and how many: found by the scan alone. */
  cookieAt = 0
  cookieOctets = 0
  /** See `client-cookies.ts`. */
  cookieOutcome: CookieOutcome | 'none' = 'none'
  /** A cookie goes back: `cookie`. */
  givesCookie = false
  readonly cookie: Uint8Array = new Uint8Array(INTEROPERABLE_COOKIE_OCTETS)

  setFlags(request: Uint8Array, transport: 'udp' | 'tcp'): void {
    const flags = request[3]!
    this.addressProven = transport === 'tcp'
    this.checkingDisabled = (flags & FLAG_CD) !== 0
    this.wantsAuthenticity = (flags & FLAG_AD) !== 0
    this.edns = false
    this.dnssecOk = false
    this.keepalive = -1
    this.nsid = false
    this.cookieOctets = 0
    this.cookieOutcome = 'none'
    this.givesCookie = false
  }

  /** Takes over what OPT says. */
  setEdns(dnssecOk: boolean): void {
    this.edns = true
    this.dnssecOk = dnssecOk
    if (dnssecOk) this.wantsAuthenticity = true
  }
}

/** What a reply may be as large as. */
export function replyOctetsMax(transport: 'udp' | 'tcp', offered: number, serverMax: number): number {
  if (transport === 'tcp') return MESSAGE_OCTETS_MAX
  return offered <= UDP_PAYLOAD_OCTETS_MIN ? UDP_PAYLOAD_OCTETS_MIN : Math.min(offered, serverMax)
}

/** Idle time in the unit of RFC 7828. */
export function keepaliveUnits(idleMs: number): number {
  return Math.min(0xffff, Math.floor(idleMs / 100))
}

/** Facts of a request that the strict parser took. The question is the first; only where it is alone is it repeated. */
export function queryOf(
  request: Uint8Array,
  message: QuestionMessage,
  transport: 'udp' | 'tcp',
  idleMs: number,
  udpOctetsMax: number,
): Query {
  const query = new Query()
  const { edns, questions } = message
  query.setFlags(request, transport)
  if (questions.length === 1) query.questionEnd = message.questionEnd
  query.type = questions[0]?.type ?? 0
  query.class = questions[0]?.class ?? 0
  query.nameOctets = questions[0]?.name.length ?? 0
  query.replyOctetsMax = replyOctetsMax(transport, edns?.udpPayloadOctets ?? 0, udpOctetsMax)
  if (edns !== undefined) {
    query.setEdns(edns.do)
    query.nsid = edns.options.some(({ code }) => code === OPTION.NSID)
  }
  if (transport === 'tcp' && edns !== undefined && asksKeepalive(edns))
    query.keepalive = keepaliveUnits(idleMs)
  return query
}

/** The question alone, of a request that is otherwise malformed; nothing to repeat if not even that can be read. */
export function questionOnly(request: Uint8Array, transport: 'udp' | 'tcp'): Query {
  const query = new Query()
  query.setFlags(request, transport)
  const nameOctets = readU16(request, 4) === 1 ? nameLengthAt(request, HEADER_OCTETS, request.length) : 0
  const questionEnd = HEADER_OCTETS + nameOctets + 4
  if (nameOctets === 0 || questionEnd > request.length) return query
  query.nameOctets = nameOctets
  query.questionEnd = questionEnd
  query.type = readU16(request, questionEnd - 4)
  query.class = readU16(request, questionEnd - 2)
  return query
}

function asksKeepalive(edns: Edns): boolean {
  return edns.options.some(({ code, octets }) => code === OPTION.TCP_KEEPALIVE && octets.length === 0)
}

/** The first label of a root key sentinel question (RFC 8509 2), up to where the two kinds differ. */
const SENTINEL = new Uint8Array(Buffer.from('root-key-sentinel-', 'latin1'))

/**
 * Recognises the ordinary question, the one that an answer cache can serve: QUERY with RD, one question of class IN for
 * a data type, nothing else but an OPT of version 0. Whatever is otherwise, odd or wrong, is not ordinary and left to
 * the strict parser. Allocates nothing.
 *
 * @param length octets of the request at the start of the buffer
 * @returns false when the question is not ordinary; `query` then holds nothing of use
 */
export function scanOrdinary(
  request: Uint8Array,
  length: number,
  transport: 'udp' | 'tcp',
  idleMs: number,
  udpOctetsMax: number,
  query: Query,
): boolean {
  if (length < HEADER_OCTETS + 5) return false
  // QR, opcode: zero; RD: set. One question, no answer, no authority, at most one additional record.
  if ((request[2]! & 0xf9) !== FLAG_RD || readU16(request, 4) !== 1) return false
  if ((request[6]! | request[7]! | request[8]! | request[9]! | request[10]!) !== 0 || request[11]! > 1)
    return false
  const nameOctets = nameLengthAt(request, HEADER_OCTETS, length)
  const questionEnd = HEADER_OCTETS + nameOctets + 4
  if (nameOctets === 0 || questionEnd > length) return false
  const type = readU16(request, questionEnd - 4)
  if (type === 0 || isMetaType(type) || readU16(request, questionEnd - 2) !== CLASS.IN) return false
  if (startsLikeSentinel(request)) return false
  query.setFlags(request, transport)
  query.type = type
  query.class = CLASS.IN
  query.nameOctets = nameOctets
  query.questionEnd = questionEnd
  let offered = 0
  if (request[11] === 1) {
    if (!scanOpt(request, questionEnd, length, query)) return false
    offered = readU16(request, questionEnd + 3)
    if (transport === 'udp') query.keepalive = -1
    else if (query.keepalive >= 0) query.keepalive = keepaliveUnits(idleMs)
  } else if (questionEnd !== length) return false
  query.replyOctetsMax = replyOctetsMax(transport, offered, udpOctetsMax)
  return true
}

/** Reads an OPT record that ends the request; false when it is something else, malformed, or of a later version. */
function scanOpt(request: Uint8Array, at: number, length: number, query: Query): boolean {
  let optionAt = at + OPT_OCTETS
  if (optionAt > length || request[at] !== 0 || readU16(request, at + 1) !== TYPE.OPT) return false
  // The upper bits of the rcode mean nothing in a query; the version does.
  if (request[at + 6] !== 0 || optionAt + readU16(request, at + 9) !== length) return false
  query.setEdns((request[at + 7]! & OPT_FLAG_DO) !== 0)
  while (optionAt < length) {
    if (optionAt + 4 > length) return false
    const code = readU16(request, optionAt)
    const octets = readU16(request, optionAt + 2)
    if (code === OPTION.NSID) query.nsid = true
    else if (code === OPTION.COOKIE && query.cookieOctets === 0) {
      if (!isCookieLength(octets)) return false
      query.cookieAt = optionAt + 4
      query.cookieOctets = octets
    } else if (octets === 0 && code === OPTION.TCP_KEEPALIVE) query.keepalive = 0
    optionAt += 4 + octets
  }
  return optionAt === length
}

function startsLikeSentinel(request: Uint8Array): boolean {
  if (request[HEADER_OCTETS]! <= SENTINEL.length) return false
  for (let i = 0; i < SENTINEL.length; i++) {
    if (FOLD[request[HEADER_OCTETS + 1 + i]!] !== SENTINEL[i]) return false
  }
  return true
}
