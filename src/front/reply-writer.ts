/** Replies: an answer entry, or a bare rcode, made into what this one client gets. */
import { copyAligned, type Memory } from '../base/memory.ts'
import { NO_OCTETS } from '../base/octets.ts'
import {
  answerOctets,
  copyAnswer,
  entryAuthenticated,
  entryEdeEnd,
  entryEdeStart,
  entryRcode,
  entryRotateCount,
  rotateAddresses,
} from '../cache/answer-entry.ts'
import { INTEROPERABLE_COOKIE_OCTETS } from '../wire/cookie.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { readU16, writeU16 } from '../wire/integers.ts'
import { FLAG_AA, FLAG_AD, FLAG_CD, FLAG_QR, FLAG_RA, FLAG_RD, FLAG_TC, type Query } from './query.ts'

/** Opcode and RD, which a reply repeats. */
const REPEATED_FLAGS = 0x78 | FLAG_RD
const OPT_OCTETS = 11
const OPT_FLAG_DO = 0x80
const OPTION_HEADER_OCTETS = 4
/** The option with a time in it (RFC 7828 3.1). */
const KEEPALIVE_OCTETS = OPTION_HEADER_OCTETS + 2
/** The option with a cookie of ours in it. */
const COOKIE_OPTION_OCTETS = OPTION_HEADER_OCTETS + INTEROPERABLE_COOKIE_OCTETS
/** An extended error without text. */
const EDE_OCTETS = OPTION_HEADER_OCTETS + 2

/** No extended error. */
export const NO_EDE = -1

/** Turns of rotation are counted apart for so many kinds of question. A power of two. */
const ROTATION_SLOTS = 256
/** Makes upper and lower case one, and leaves digits and hyphen as they are; what else it merges does no harm. */
const CASE_BIT = 0x20

/**
 * Writes replies into a buffer of the caller's; every method returns the octets written, which are at most
 * `query.replyOctetsMax`. None allocates.
 */
export class ReplyWriter {
  readonly #udpOctetsMax: number
  readonly #bareEde = new Uint8Array(EDE_OCTETS)
  /** The whole option, or nothing. */
  #nsid = NO_OCTETS
  /** One counter for all would stand still for a name whose A and AAAA are always asked in pairs. */
  readonly #turns = new Uint16Array(ROTATION_SLOTS)

  /** @param udpOctetsMax what OPT says we take by UDP */
  constructor(udpOctetsMax: number) {
    this.#udpOctetsMax = udpOctetsMax
    writeU16(this.#bareEde, 0, OPTION.EXTENDED_ERROR)
    writeU16(this.#bareEde, 2, EDE_OCTETS - OPTION_HEADER_OCTETS)
  }

  /** What clients get that ask for the name of this server (RFC 5001): at most 128 octets, none for no name. */
  setNsid(name: Uint8Array): void {
    this.#nsid = name.length === 0 ? NO_OCTETS : new Uint8Array(OPTION_HEADER_OCTETS + name.length)
    if (name.length === 0) return
    writeU16(this.#nsid, 0, OPTION.NSID)
    writeU16(this.#nsid, 2, name.length)
    this.#nsid.set(name, OPTION_HEADER_OCTETS)
  }

  /**
   * The data of an entry. What does not fit is cut: first the text of extended errors, then
   * these themselves, then everything behind the question, with TC (attack D08).
   *
   * @param memory holds the entry at offset `at`
   * @param from the request
   * @param ageSeconds what is taken off TTLs: the age of the entry, or nothing
   * @param authoritative the data is our own: AA
   */
  answer(
    memory: Memory,
    at: number,
    from: Memory,
    query: Query,
    ageSeconds: number,
    to: Memory,
    authoritative: boolean,
  ): number {
    const entry = memory.octets
    const request = from.octets
    const out = to.octets
    const rcode = entryRcode(entry, at)
    const fixed = this.#optOctets(query)
    const fits = answerOctets(entry, at, query.dnssecOk) + fixed <= query.replyOctetsMax
    let length = 0
    if (fits) {
      length = copyAnswer(memory, at, to, query.dnssecOk, ageSeconds)
      copyAligned(from, HEADER_OCTETS, to, HEADER_OCTETS, query.questionEnd - HEADER_OCTETS)
      if (entryRotateCount(entry, at) > 0) {
        rotateAddresses(entry, at, out, this.#turns[rotationSlot(request, query.questionEnd)]!++)
      }
    } else length = copyQuestion(request, query.questionEnd, out)
    out[0] = request[0]!
    out[1] = request[1]!
    // Who wants no checking is told of none.
    const told = query.wantsAuthenticity && !query.checkingDisabled
    const authentic = fits && told && entryAuthenticated(entry, at)
    out[2] = FLAG_QR | (request[2]! & REPEATED_FLAGS) | (fits ? 0 : FLAG_TC) | (authoritative ? FLAG_AA : 0)
    out[3] = FLAG_RA | (authentic ? FLAG_AD : 0) | (request[3]! & FLAG_CD) | (rcode & 0x0f)
    return this.#opt(out, length, query, rcode, entry, entryEdeStart(entry, at), entryEdeEnd(entry, at))
  }

  /** SERVFAIL with the extended errors of an entry and none of its data. */
  failure(entry: Uint8Array, at: number, request: Uint8Array, query: Query, out: Uint8Array): number {
    const length = this.#head(request, query.questionEnd, RCODE.SERVFAIL, FLAG_RA, out)
    return this.#opt(
      out,
      length,
      query,
      RCODE.SERVFAIL,
      entry,
      entryEdeStart(entry, at),
      entryEdeEnd(entry, at),
    )
  }

  /**
   * An rcode and the question.
   *
   * @param ede INFO-CODE of an extended error without text, or `NO_EDE`
   * @param recursionAvailable false towards those for whom we do not resolve
   */
  bare(
    request: Uint8Array,
    query: Query,
    rcode: number,
    ede: number,
    out: Uint8Array,
    recursionAvailable: boolean,
  ): number {
    const length = this.#head(request, query.questionEnd, rcode, recursionAvailable ? FLAG_RA : 0, out)
    if (ede === NO_EDE) return this.#opt(out, length, query, rcode, this.#bareEde, 0, 0)
    writeU16(this.#bareEde, OPTION_HEADER_OCTETS, ede)
    return this.#opt(out, length, query, rcode, this.#bareEde, 0, EDE_OCTETS)
  }

  /**
   * The question alone, so that a client that is one comes again: with the cookie that it is given (RFC 7873 5.2.3), or by
   * TCP where it knows none. `comeAgainRcode` is its rcode. The name of this server would make more of it than was asked.
   */
  comeAgain(request: Uint8Array, query: Query, out: Uint8Array): number {
    query.nsid = false
    const rcode = comeAgainRcode(query)
    const length = this.bare(request, query, rcode, NO_EDE, out, true)
    if (rcode === RCODE.NOERROR) out[2]! |= FLAG_TC
    return length
  }

  #head(request: Uint8Array, questionEnd: number, rcode: number, flags: number, out: Uint8Array): number {
    const length = copyQuestion(request, questionEnd, out)
    out[0] = request[0]!
    out[1] = request[1]!
    out[2] = FLAG_QR | (request[2]! & REPEATED_FLAGS)
    out[3] = flags | (request[3]! & FLAG_CD) | (rcode & 0x0f)
    return length
  }

  /** Appends OPT if the client sent one, with the extended errors `ede[from, to)` as far as there is room. */
  #opt(
    out: Uint8Array,
    at: number,
    query: Query,
    rcode: number,
    ede: Uint8Array,
    from: number,
    to: number,
  ): number {
    out[10] = 0
    out[11] = query.edns ? 1 : 0
    if (!query.edns) return at
    out[at] = 0
    writeU16(out, at + 1, TYPE.OPT)
    writeU16(out, at + 3, this.#udpOctetsMax)
    out[at + 5] = rcode >> 4
    out[at + 6] = 0
    out[at + 7] = query.dnssecOk ? OPT_FLAG_DO : 0
    out[at + 8] = 0
    let end = at + OPT_OCTETS
    if (query.nsid) for (let i = 0; i < this.#nsid.length; i++) out[end++] = this.#nsid[i]!
    if (query.keepalive >= 0) {
      writeU16(out, end, OPTION.TCP_KEEPALIVE)
      writeU16(out, end + 2, 2)
      writeU16(out, end + 4, query.keepalive)
      end += KEEPALIVE_OCTETS
    }
    if (query.givesCookie) {
      writeU16(out, end, OPTION.COOKIE)
      writeU16(out, end + 2, INTEROPERABLE_COOKIE_OCTETS)
      end += OPTION_HEADER_OCTETS
      for (let i = 0; i < INTEROPERABLE_COOKIE_OCTETS; i++) out[end++] = query.cookie[i]!
    }
    end = copyEde(out, end, query.replyOctetsMax, ede, from, to)
    writeU16(out, at + 9, end - at - OPT_OCTETS)
    return end
  }

  /** Octets of OPT without extended errors. */
  #optOctets(query: Query): number {
    if (!query.edns) return 0
    const nsidOctets = query.nsid ? this.#nsid.length : 0
    const cookieOctets = query.givesCookie ? COOKIE_OPTION_OCTETS : 0
    return OPT_OCTETS + nsidOctets + (query.keepalive >= 0 ? KEEPALIVE_OCTETS : 0) + cookieOctets
  }
}

/** BADCOOKIE tells a client that has got a cookie to use it; NOERROR comes with TC. */
export function comeAgainRcode({ givesCookie, addressProven }: Query): number {
  return givesCookie && !addressProven ? RCODE.BADCOOKIE : RCODE.NOERROR
}

/** Which turns count for a question, however it is spelt. */
function rotationSlot(request: Uint8Array, questionEnd: number): number {
  let slot = 0
  for (let i = HEADER_OCTETS; i < questionEnd; i++) {
    slot = (31 * slot + (request[i]! | CASE_BIT)) & (ROTATION_SLOTS - 1)
  }
  return slot
}

/** Header with one question or none, and that question as the client spelt it. */
function copyQuestion(request: Uint8Array, questionEnd: number, out: Uint8Array): number {
  for (let i = 4; i < HEADER_OCTETS; i++) out[i] = 0
  out[5] = questionEnd > HEADER_OCTETS ? 1 : 0
  for (let i = HEADER_OCTETS; i < questionEnd; i++) out[i] = request[i]!
  return questionEnd
}

/** Copies extended errors whole if all fit before `limit`, else without text those that do. Returns the end. */
function copyEde(
  out: Uint8Array,
  at: number,
  limit: number,
  ede: Uint8Array,
  from: number,
  to: number,
): number {
  let end = at
  if (at + to - from <= limit) {
    for (let i = from; i < to; i++) out[end++] = ede[i]!
    return end
  }
  for (let optionAt = from; optionAt < to && end + EDE_OCTETS <= limit; ) {
    writeU16(out, end, OPTION.EXTENDED_ERROR)
    writeU16(out, end + 2, EDE_OCTETS - OPTION_HEADER_OCTETS)
    writeU16(out, end + 4, readU16(ede, optionAt + OPTION_HEADER_OCTETS))
    end += EDE_OCTETS
    optionAt += OPTION_HEADER_OCTETS + readU16(ede, optionAt + 2)
  }
  return end
}
