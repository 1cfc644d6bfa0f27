/** Messages: octets to values (RFC 1035 4). */

import { type Edns, parseOpt } from './edns.ts'
import { FormatError } from './format-error.ts'
import { HEADER_OCTETS } from './header.ts'
import { CLASS } from './iana/class.ts'
import { RCODE } from './iana/rcode.ts'
import { TYPE } from './iana/rrtype.ts'
import { readU16, readU32 } from './integers.ts'
import { FOLD, type Name, nameLengthAt } from './name.ts'
import { NameReader, skipName } from './name-reader.ts'
import { decompressRdata } from './rdata/rdata.ts'
import type { ResourceRecord } from './record.ts'

/** What is asked. */
export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

/** The fixed part of a message (RFC 1035 4.1.1, RFC 6895 2). */
export interface Header {
  readonly id: number
  readonly opcode: number
  /** Four bits; in a `Message` twelve, those of OPT included. */
  readonly rcode: number
  readonly qr: boolean
  readonly aa: boolean
  readonly tc: boolean
  readonly rd: boolean
  readonly ra: boolean
  readonly ad: boolean
  readonly cd: boolean
  readonly questionCount: number
  readonly answerCount: number
  readonly authorityCount: number
  readonly additionalCount: number
}

/**
 * A whole message. Nothing points into the octets it was read from, but names and RDATA share memory among
 * themselves: who keeps a few of them for long copies them.
 */
export interface Message extends Header {
  readonly questions: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  /** Without the OPT record, which is `edns`. */
  readonly additional: readonly ResourceRecord[]
  readonly edns: Edns | undefined
  /** Octets after the last record. */
  readonly trailingOctets: number
}

/** A query as a server needs it: the records that it should not have are only counted. */
export interface QuestionMessage extends Header {
  readonly questions: readonly Question[]
  readonly edns: Edns | undefined
  /** Offset after the question section. */
  readonly questionEnd: number
  /** True when TSIG or SIG(0) ends the message (RFC 8945, RFC 2931). */
  readonly signed: boolean
}

/** The root, type and class. */
const QUESTION_OCTETS_MIN = 5
/** The root, type, class, TTL and RDLENGTH. */
const RECORD_OCTETS_MIN = 11
/** OPT and a signature. */
const QUERY_RECORDS_MAX = 2

/** The header; undefined when there are fewer than 12 octets. */
export function parseHeader(octets: Uint8Array): Header | undefined {
  if (octets.length < HEADER_OCTETS) return undefined
  const high = octets[2]!
  const low = octets[3]!
  return {
    id: readU16(octets, 0),
    opcode: (high >> 3) & 0x0f,
    rcode: low & 0x0f,
    qr: (high & 0x80) !== 0,
    aa: (high & 0x04) !== 0,
    tc: (high & 0x02) !== 0,
    rd: (high & 0x01) !== 0,
    ra: (low & 0x80) !== 0,
    ad: (low & 0x20) !== 0,
    cd: (low & 0x10) !== 0,
    questionCount: readU16(octets, 4),
    answerCount: readU16(octets, 6),
    authorityCount: readU16(octets, 8),
    additionalCount: readU16(octets, 10),
  }
}

/**
 * Reads a whole message. Address records of a wrong length are left out; anything else that is malformed makes the message so.
 *
 * @throws FormatError, and nothing else, whatever the octets
 */
export function parseMessage(octets: Uint8Array): Message {
  return wholeMessage(new MessageReader(octets))
}

/** As `parseMessage`, of octets that nothing changes any more: names and RDATA are views of them. */
export function parseOwnMessage(octets: Uint8Array): Message {
  return wholeMessage(new MessageReader(octets, octets))
}

function wholeMessage(reader: MessageReader): Message {
  const questions = reader.questions()
  const answer = reader.records(reader.header.answerCount, false)
  const authority = reader.records(reader.header.authorityCount, false)
  const additional = reader.records(reader.header.additionalCount, true)
  const { header } = reader
  // Spelt out: spreading the header takes longer than reading the message.
  return {
    id: header.id,
    opcode: header.opcode,
    rcode: (reader.extendedRcode << 4) | header.rcode,
    qr: header.qr,
    aa: header.aa,
    tc: header.tc,
    rd: header.rd,
    ra: header.ra,
    ad: header.ad,
    cd: header.cd,
    questionCount: header.questionCount,
    answerCount: header.answerCount,
    authorityCount: header.authorityCount,
    additionalCount: header.additionalCount,
    questions,
    answer,
    authority,
    additional,
    edns: reader.edns,
    trailingOctets: reader.left,
  }
}

/**
 * Reads a query of a client. Answer and authority must be empty, the additional section may hold OPT and a
 * signature, nothing may follow it, and names are not compressed.
 *
 * @param octets that nothing changes any more: names and options are views of them
 * @throws FormatError, and nothing else, whatever the octets
 */
export function parseQuestionMessage(octets: Uint8Array): QuestionMessage {
  const reader = new MessageReader(octets, octets)
  const { header } = reader
  if (header.answerCount + header.authorityCount > 0) throw new FormatError('a query holds records', 6)
  if (header.additionalCount > QUERY_RECORDS_MAX) throw new FormatError('a query holds too many records', 10)
  const questions = reader.questions()
  const questionEnd = octets.length - reader.left
  const signed = reader.queryRecords()
  if (reader.left > 0) throw new FormatError('octets follow the message', octets.length - reader.left)
  return {
    id: header.id,
    opcode: header.opcode,
    rcode: header.rcode,
    qr: header.qr,
    aa: header.aa,
    tc: header.tc,
    rd: header.rd,
    ra: header.ra,
    ad: header.ad,
    cd: header.cd,
    questionCount: header.questionCount,
    answerCount: header.answerCount,
    authorityCount: header.authorityCount,
    additionalCount: header.additionalCount,
    questions,
    edns: reader.edns,
    questionEnd,
    signed,
  }
}

/** Reads the parts of a message in order. */
class MessageReader {
  readonly header: Header
  readonly #octets: Uint8Array
  readonly #names: NameReader
  #at = HEADER_OCTETS
  edns: Edns | undefined
  /** Upper eight bits of the rcode (RFC 6891 6.1.3). */
  extendedRcode = 0

  /** @param own where names and RDATA lie that need no unfolding: one copy, as an allocation each would cost more */
  constructor(octets: Uint8Array, own?: Uint8Array) {
    const header = parseHeader(octets)
    if (header === undefined) throw new FormatError('a message is shorter than its header', octets.length)
    this.header = header
    this.#octets = own ?? new Uint8Array(octets)
    this.#names = new NameReader(this.#octets)
  }

  /** Octets not read yet. */
  get left(): number {
    return this.#octets.length - this.#at
  }

  questions(): Question[] {
    const count = this.header.questionCount
    this.#checkCount(count, QUESTION_OCTETS_MIN)
    const questions: Question[] = []
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      this.#need(4)
      questions.push({
        name,
        type: readU16(this.#octets, this.#at),
        class: readU16(this.#octets, this.#at + 2),
      })
      this.#at += 4
    }
    return questions
  }

  records(count: number, additional: boolean): ResourceRecord[] {
    this.#checkCount(count, RECORD_OCTETS_MIN)
    const records: ResourceRecord[] = []
    for (let i = 0; i < count; i++) {
      const octets = this.#octets
      const ownerAt = this.#at
      const owner = this.#name()
      const [fixedAt, end] = this.#fixedPart()
      const type = readU16(octets, fixedAt)
      if (type === TYPE.OPT) {
        if (!additional) throw new FormatError('OPT outside the additional section', ownerAt)
        this.#opt(owner, fixedAt, end)
        continue
      }
      const recordClass = readU16(octets, fixedAt + 2)
      if (isMisshapenAddress(type, recordClass, end - fixedAt - 10)) continue
      const rdata = decompressRdata(type, octets, fixedAt + 10, end, this.#names, recordClass)
      const ttl = readU32(octets, fixedAt + 4)
      // RFC 2181 8: a TTL with its top bit set is 0.
      records.push({ owner, type, class: recordClass, ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl, rdata })
    }
    return records
  }

  /** Passes over the additional section of a query, OPT apart; true when it ends in a signature. */
  queryRecords(): boolean {
    let signed = false
    for (let i = 0; i < this.header.additionalCount; i++) {
      const ownerAt = this.#at
      if (signed) throw new FormatError('a record follows the signature', ownerAt)
      this.#at = skipName(this.#octets, ownerAt)
      const [fixedAt, end] = this.#fixedPart()
      const type = readU16(this.#octets, fixedAt)
      if (type === TYPE.OPT) this.#opt(this.#octets.subarray(ownerAt, fixedAt), fixedAt, end)
      else if (type === TYPE.TSIG || type === TYPE.SIG) signed = true
      else throw new FormatError('a query holds a record', ownerAt)
    }
    return signed
  }

  #name(): Name {
    const name = this.#names.read(this.#at, this.#octets.length)
    this.#at = this.#names.end
    return name
  }

  /** Passes over type, class, TTL, RDLENGTH and RDATA; returns where the first starts and the last ends. */
  #fixedPart(): [fixedAt: number, end: number] {
    const fixedAt = this.#at
    this.#need(10)
    const end = fixedAt + 10 + readU16(this.#octets, fixedAt + 8)
    if (end > this.#octets.length) throw new FormatError('RDLENGTH runs past the message', fixedAt + 8)
    this.#at = end
    return [fixedAt, end]
  }

  #opt(owner: Uint8Array, fixedAt: number, end: number): void {
    if (this.edns !== undefined) throw new FormatError('a second OPT', fixedAt)
    if (owner.length !== 1) throw new FormatError('the owner of OPT is not the root', fixedAt)
    const ttl = readU32(this.#octets, fixedAt + 4)
    const rdata = this.#octets.subarray(fixedAt + 10, end)
    this.edns = parseOpt(readU16(this.#octets, fixedAt + 2), ttl, rdata)
    if (this.edns === undefined) throw new FormatError('an option runs past OPT', fixedAt + 10)
    this.extendedRcode = ttl >>> 24
  }

  #need(count: number): void {
    if (this.left < count) throw new FormatError('a message ends early', this.#octets.length)
  }

  /** A count that the octets left cannot hold is refused before work is done for it. */
  #checkCount(count: number, octetsMin: number): void {
    if (count * octetsMin > this.left) throw new FormatError('a count exceeds the message', this.#at)
  }
}

/**
 * True for an address record with more or fewer octets than an address. Some servers hold such records among good ones;
 * nothing else in the message depends on them, so only they are left out.
 */
function isMisshapenAddress(type: number, recordClass: number, octets: number): boolean {
  if (recordClass !== CLASS.IN) return false
  return (type === TYPE.A && octets !== 4) || (type === TYPE.AAAA && octets !== 16)
}

/**
 * True when `reply` answers `query`: same id, opcode and question, and QR set (RFC 5452 9.1). The name may be in other
 * letters: whether they matter is not to be decided here. Old servers leave the question out of error replies; these count
 * too. Allocates nothing.
 */
export function isReplyTo(query: Uint8Array, reply: Uint8Array): boolean {
  if (reply.length < HEADER_OCTETS || query.length < HEADER_OCTETS) return false
  if (reply[0] !== query[0] || reply[1] !== query[1]) return false
  if ((reply[2]! & 0x80) === 0 || (reply[2]! & 0x78) !== (query[2]! & 0x78)) return false
  const questionCount = readU16(reply, 4)
  if (questionCount === 0) return isErrorWithoutQuestion(reply[3]! & 0x0f)
  const nameLength = nameLengthAt(query, HEADER_OCTETS, query.length)
  const end = HEADER_OCTETS + nameLength + 4
  if (questionCount !== 1 || nameLength === 0 || end > query.length || end > reply.length) return false
  for (let i = end - 4; i < end; i++) if (query[i] !== reply[i]) return false
  for (let i = HEADER_OCTETS; i < end - 4; i++) if (FOLD[query[i]!] !== FOLD[reply[i]!]) return false
  return true
}

function isErrorWithoutQuestion(rcode: number): boolean {
  return (
    rcode === RCODE.FORMERR || rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP || rcode === RCODE.REFUSED
  )
}
