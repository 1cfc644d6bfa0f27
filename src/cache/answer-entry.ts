/**
 * An answer as the answer cache keeps it and the resolver hands it over: octets that a front thread copies into a
 * reply without looking at records.
 *
 *     | head 44 | message | TTL offsets, u16 each | EDNS options with the extended errors | broken link          |
 *
 * Message, qname and qtype begin at the same place in every entry (`ENTRY_MESSAGE_AT`, `ENTRY_KEY_AT`), so the cache
 * needs no other key. The message is the reply to a client with DO, header and question included, OPT left out:
 *
 *     | header | question | answer: plain, DNSSEC | authority: plain, DNSSEC |
 *
 * A client without DO gets the same without the two DNSSEC parts. What it gets holds no compression pointers but to
 * octets before the first DNSSEC record, so they are right in both forms. DNSSEC records are RRSIG, NSEC and NSEC3 that nobody asked for by
 * name (RFC 3225 3); for the qtypes RRSIG, NSEC, NSEC3 and ANY those of the answer section that were asked for are plain.
 *
 * Readers take the octets that hold the entry and its offset `at`, so that they work inside the cache's memory.
 * They allocate nothing where not said otherwise. Offsets "in the message" count from the message's first octet.
 */

import type { Moment } from '../base/clock.ts'
import { LIMIT_FAILURE_TTL_SECONDS, MESSAGE_OCTETS_MAX } from '../base/limits.ts'
import { copyAligned, Memory } from '../base/memory.ts'
import { concatOctets, mapKey } from '../base/octets.ts'
import type { BrokenLink } from '../dnssec/broken-link.ts'
import { REASONS } from '../dnssec/reasons.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import type { ExtendedError } from '../wire/edns.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { OPCODE } from '../wire/iana/opcode.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/integers.ts'
import { parseMessage, type Question } from '../wire/message.ts'
import { foldName, type Name } from '../wire/name.ts'
import { groupRrsets, type Rrset } from '../wire/record.ts'
import { type HeaderFields, MessageWriter } from '../wire/writer.ts'
import { asked, notAsked, type Row, splitSection } from './answer-rows.ts'
import { edeOctets, linkLength, linkOctets, OPTION_HEADER_OCTETS, readEdes, readLink } from './entry-tail.ts'
import {
  ageSeconds,
  ageSecondsAt,
  readF64,
  remainingSeconds,
  statusFromOctet,
  statusOctet,
  writeF64,
} from './fields.ts'
import { type RestoreTerms, restoredSequence } from './restore-terms.ts'

/** An answer before it is octets. */
export interface AnswerParts {
  readonly question: Question
  /** Twelve bits. */
  readonly rcode: number
  /** In the order of the answer: aliases first. */
  readonly answer: readonly Rrset[]
  readonly authority: readonly Rrset[]
  readonly status: SecurityStatus
  /** Number of a reason (`dnssec/reasons.ts`). */
  readonly reason: number
  /** The most exact first; two are kept, of each 200 octets of text. */
  readonly ede: readonly ExtendedError[]
  readonly policySequence: number
  /** How long the answer may be given. Its records keep TTLs of their own. */
  readonly ttlSeconds: number
  /** AD may be set: secure, and no opt-out span in the proof (RFC 5155 9.2). */
  readonly authenticated: boolean
  /** Made for clients without CD (DNS64). */
  readonly translated?: boolean
  /** `bogus`: where the chain of trust breaks, if that is known. */
  readonly link?: BrokenLink | undefined
}

// --- layout of the head -------------------------------------------------------------------------------------------

const FLAGS_AT = 0
const STATUS_AT = 1
const REASON_AT = 2
const POLICY_SEQUENCE_AT = 4
const STORED_MS_AT = 8
const TTL_AT = 16
const RCODE_AT = 20
const EDE_OCTETS_AT = 22
const TTL_COUNT_AT = 24
const MESSAGE_OCTETS_AT = 26
const ANSWER_PLAIN_END_AT = 28
const ANSWER_END_AT = 30
const AUTHORITY_PLAIN_END_AT = 32
const ANSWER_PLAIN_COUNT_AT = 34
const AUTHORITY_PLAIN_COUNT_AT = 36
const ROTATE_AT = 38
const ROTATE_COUNT_AT = 40
const ROTATE_STRIDE_AT = 42
const QNAME_OCTETS_AT = 43
const HEAD_OCTETS = 44

/** Offset of the message in every entry. */
export const ENTRY_MESSAGE_AT: number = HEAD_OCTETS
/** Offset of what the cache finds an entry by: the folded qname and the qtype in two octets. */
export const ENTRY_KEY_AT: number = HEAD_OCTETS + HEADER_OCTETS

const FLAG_AUTHENTICATED = 0x01
const FLAG_TRANSLATED = 0x02
const FLAG_LINK = 0x04

const BOGUS_OCTET = statusOctet('bogus')

/** The numbers of records in the message's header. */
const ANCOUNT_AT = 6
const NSCOUNT_AT = 8
/** Qtype and qclass. */
const QUESTION_FIXED_OCTETS = 4
const RDLENGTH_OCTETS = 2

// --- write --------------------------------------------------------------------------------------------------------

/**
 * The octets of an answer. One that does not fit a message becomes SERVFAIL with an extended error that says so.
 *
 * The question is written in lower case, and so are the ends of owners that it shares, whatever spelling they came
 * with: they compress then, and appear in the spelling that each client used, as if compressed for that client.
 *
 * @param nowMs when it is stored: the clock's monotonic milliseconds
 */
export function writeAnswerEntry(parts: AnswerParts, nowMs: number): Uint8Array {
  const head = new Uint8Array(HEAD_OCTETS)
  const ttlOffsets: number[] = []
  const message = writeEntryMessage(parts, head, ttlOffsets)
  if (message === undefined) return writeAnswerEntry(tooLarge(parts), nowMs)
  const ede = edeOctets(parts.ede)
  head[FLAGS_AT] =
    (parts.authenticated ? FLAG_AUTHENTICATED : 0) |
    (parts.translated === true ? FLAG_TRANSLATED : 0) |
    (parts.link === undefined ? 0 : FLAG_LINK)
  head[STATUS_AT] = statusOctet(parts.status)
  writeU16(head, REASON_AT, parts.reason)
  writeU32(head, POLICY_SEQUENCE_AT, parts.policySequence)
  writeF64(head, STORED_MS_AT, nowMs)
  writeU32(head, TTL_AT, parts.ttlSeconds)
  writeU16(head, RCODE_AT, parts.rcode)
  writeU16(head, EDE_OCTETS_AT, ede.length)
  writeU16(head, TTL_COUNT_AT, ttlOffsets.length)
  writeU16(head, MESSAGE_OCTETS_AT, message.length)
  const offsets = new Uint8Array(2 * ttlOffsets.length)
  for (let i = 0; i < ttlOffsets.length; i++) writeU16(offsets, 2 * i, ttlOffsets[i]!)
  return concatOctets(head, message, offsets, ede, linkOctets(parts.link))
}

function tooLarge(parts: AnswerParts): AnswerParts {
  const { question, policySequence } = parts
  const text = `the answer exceeds ${MESSAGE_OCTETS_MAX} octets`
  return {
    question,
    rcode: RCODE.SERVFAIL,
    answer: [],
    authority: [],
    status: 'indeterminate',
    reason: REASONS['not-judged'].number,
    ede: [{ code: EDE.OTHER, text }],
    policySequence,
    ttlSeconds: LIMIT_FAILURE_TTL_SECONDS,
    authenticated: false,
  }
}

/** What every reply says; id, RD, AD, CD and TC depend on the client. */
function replyHeader(rcode: number): HeaderFields {
  return {
    id: 0,
    opcode: OPCODE.QUERY,
    rcode,
    qr: true,
    aa: false,
    tc: false,
    rd: false,
    ra: true,
    ad: false,
    cd: false,
  }
}

/** Writes all entries, one after another: each is copied as soon as it is whole. */
const writer = new MessageWriter()

/** Writes the message, its measures into `head`; a view that the next call writes over. Undefined when it does not fit. */
function writeEntryMessage(
  parts: AnswerParts,
  head: Uint8Array,
  ttlOffsets: number[],
): Uint8Array | undefined {
  const { question, rcode } = parts
  const qname = foldName(question.name)
  writer.restart()
  writer.header(replyHeader(rcode))
  writer.question({ name: qname, type: question.type, class: question.class })
  head[QNAME_OCTETS_AT] = qname.length
  const write = (section: 'answer' | 'authority', rows: readonly Row[]): boolean => {
    for (const { owner, type, rrset, rdata } of rows) {
      if (!writer.record(section, owner, type, rrset.class, rrset.ttlSeconds, rdata)) return false
      ttlOffsets.push(writer.lastTtlOffset)
    }
    return true
  }
  const answer = splitSection(parts.answer, qname, asked(question.type))
  const authority = splitSection(parts.authority, qname, notAsked)

  if (!write('answer', answer.plain)) return undefined
  writeU16(head, ANSWER_PLAIN_END_AT, writer.position)
  writeRotation(head, answer.plain, ttlOffsets)
  // What follows is kept without DO, these records are not: nothing may point at them.
  if (answer.dnssec.length > 0) writer.freezeCompression()
  if (!write('answer', answer.dnssec)) return undefined
  writeU16(head, ANSWER_END_AT, writer.position)
  if (!write('authority', authority.plain)) return undefined
  writeU16(head, AUTHORITY_PLAIN_END_AT, writer.position)
  if (!write('authority', authority.dnssec)) return undefined
  writeU16(head, ANSWER_PLAIN_COUNT_AT, answer.plain.length)
  writeU16(head, AUTHORITY_PLAIN_COUNT_AT, authority.plain.length)
  return writer.finish()
}

/** Octets between a record's TTL and its RDATA: TTL and RDLENGTH. */
const TTL_TO_RDATA_OCTETS = 6
/** From one record to the next: owners but the first are pointers, unless they are too short or too far for that. */
const ROTATE_STRIDE_MAX = 255

/** Notes where the last A or AAAA set is, if it has several records at equal distances. */
function writeRotation(head: Uint8Array, rows: readonly Row[], ttlOffsets: readonly number[]): void {
  const last = rows.findLast(({ type }) => type === TYPE.A || type === TYPE.AAAA)?.rrset
  const count = last?.rdatas.length ?? 0
  if (last === undefined || count < 2) return
  const first = rows.findIndex(({ rrset }) => rrset === last)
  const octets = last.rdatas[0]!.length
  const stride = ttlOffsets[first + 1]! - ttlOffsets[first]!
  if (stride > ROTATE_STRIDE_MAX) return
  for (let i = 1; i < count; i++) {
    const even = ttlOffsets[first + i]! - ttlOffsets[first + i - 1]! === stride
    if (!even || last.rdatas[i]!.length !== octets) return
  }
  writeU16(head, ROTATE_AT, ttlOffsets[first]! + TTL_TO_RDATA_OCTETS)
  head[ROTATE_STRIDE_AT] = stride
  writeU16(head, ROTATE_COUNT_AT, count)
}

/** Makes an entry of an earlier process one of this. */
export function restoreAnswerEntry(octets: Uint8Array, at: number, terms: RestoreTerms): void {
  writeF64(octets, at + STORED_MS_AT, entryStoredMs(octets, at) + terms.shiftMs)
  writeU32(octets, at + POLICY_SEQUENCE_AT, restoredSequence(terms, entryPolicySequence(octets, at)))
}

// --- read ---------------------------------------------------------------------------------------------------------

/** Octets of the whole entry. */
export function entryOctets(octets: Uint8Array, at: number): number {
  const end = entryEdeEnd(octets, at)
  return end - at + (hasLink(octets, at) ? linkLength(octets, end) : 0)
}

/** The verdict on the answer. */
export function entryStatus(octets: Uint8Array, at: number): SecurityStatus {
  return statusFromOctet(octets[at + STATUS_AT]!)
}

/** True when the verdict is `bogus`; the hit path has no use for its name. */
export function entryIsBogus(octets: Uint8Array, at: number): boolean {
  return octets[at + STATUS_AT] === BOGUS_OCTET
}

/** Number of the reason for the verdict, or for the failure. */
export function entryReason(octets: Uint8Array, at: number): number {
  return readU16(octets, at + REASON_AT)
}

/** The policy sequence number it was judged under. */
export function entryPolicySequence(octets: Uint8Array, at: number): number {
  return readU32(octets, at + POLICY_SEQUENCE_AT)
}

/** When it was stored, in the clock's monotonic milliseconds. */
export function entryStoredMs(octets: Uint8Array, at: number): number {
  return readF64(octets, at + STORED_MS_AT)
}

/** Whole seconds since it was stored, never negative. */
export function entryAgeSeconds(octets: Uint8Array, at: number, now: Moment): number {
  return ageSecondsAt(octets, at + STORED_MS_AT, now)
}

/** The first moment at which it must not be given any more, in the clock's monotonic milliseconds. */
export function entryExpiresMs(octets: Uint8Array, at: number): number {
  return entryStoredMs(octets, at) + entryTtlSeconds(octets, at) * 1000
}

/** Its lifetime, in seconds from when it was stored. */
export function entryTtlSeconds(octets: Uint8Array, at: number): number {
  return readU32(octets, at + TTL_AT)
}

/** The rcode, twelve bits; the message's header has the lower four. */
export function entryRcode(octets: Uint8Array, at: number): number {
  return readU16(octets, at + RCODE_AT)
}

/** True when AD may be set. */
export function entryAuthenticated(octets: Uint8Array, at: number): boolean {
  return (octets[at + FLAGS_AT]! & FLAG_AUTHENTICATED) !== 0
}

/** True when it is not for a client that sets CD. */
export function entryTranslated(octets: Uint8Array, at: number): boolean {
  return (octets[at + FLAGS_AT]! & FLAG_TRANSLATED) !== 0
}

/** Offset in `octets` of the extended errors: EDNS options, ready to be copied into an OPT record. */
export function entryEdeStart(octets: Uint8Array, at: number): number {
  return ttlOffsetsStart(octets, at) + 2 * readU16(octets, at + TTL_COUNT_AT)
}

/** Offset in `octets` behind the extended errors. */
export function entryEdeEnd(octets: Uint8Array, at: number): number {
  return entryEdeStart(octets, at) + readU16(octets, at + EDE_OCTETS_AT)
}

function ttlOffsetsStart(octets: Uint8Array, at: number): number {
  return at + HEAD_OCTETS + readU16(octets, at + MESSAGE_OCTETS_AT)
}

/** What was asked, the name in lower case. Allocates. */
export function entryQuestion(
  octets: Uint8Array,
  at: number,
): { readonly name: Name; readonly type: number } {
  const typeAt = at + ENTRY_KEY_AT + octets[at + QNAME_OCTETS_AT]!
  return { name: octets.slice(at + ENTRY_KEY_AT, typeAt) as Name, type: readU16(octets, typeAt) }
}

/** The same as a key of a small table (`mapKey`). Allocates. */
export function entryQuestionKey(octets: Uint8Array, at: number): string {
  const from = at + ENTRY_KEY_AT
  return mapKey(octets.subarray(from, from + octets[at + QNAME_OCTETS_AT]! + 2))
}

/** Where the chain of trust breaks; undefined where nothing is known to be broken. Allocates. */
export function entryLink(octets: Uint8Array, at: number): BrokenLink | undefined {
  return hasLink(octets, at) ? readLink(octets, entryEdeEnd(octets, at)) : undefined
}

function hasLink(octets: Uint8Array, at: number): boolean {
  return (octets[at + FLAGS_AT]! & FLAG_LINK) !== 0
}

/** INFO-CODE of the most exact extended error, or -1 when there is none. */
export function entryEdeCode(octets: Uint8Array, at: number): number {
  if (readU16(octets, at + EDE_OCTETS_AT) === 0) return -1
  return readU16(octets, entryEdeStart(octets, at) + OPTION_HEADER_OCTETS)
}

/** Offset in the message behind the question. */
export function entryQuestionEnd(octets: Uint8Array, at: number): number {
  return HEADER_OCTETS + octets[at + QNAME_OCTETS_AT]! + QUESTION_FIXED_OCTETS
}

/** Records in the answer section of a reply, with or without the DNSSEC records. */
export function entryAnswerCount(octets: Uint8Array, at: number, dnssec: boolean): number {
  return readU16(octets, at + (dnssec ? HEAD_OCTETS + ANCOUNT_AT : ANSWER_PLAIN_COUNT_AT))
}

/** Records in the authority section of a reply, with or without the DNSSEC records. */
export function entryAuthorityCount(octets: Uint8Array, at: number, dnssec: boolean): number {
  return readU16(octets, at + (dnssec ? HEAD_OCTETS + NSCOUNT_AT : AUTHORITY_PLAIN_COUNT_AT))
}

/** Records of the last A or AAAA set of the answer when it can be rotated, else 0. */
export function entryRotateCount(octets: Uint8Array, at: number): number {
  return readU16(octets, at + ROTATE_COUNT_AT)
}

/** Octets that `copyAnswer` writes. */
export function answerOctets(octets: Uint8Array, at: number, dnssec: boolean): number {
  if (dnssec) return readU16(octets, at + MESSAGE_OCTETS_AT)
  return readU16(octets, at + AUTHORITY_PLAIN_END_AT) - answerDnssecOctets(octets, at)
}

function answerDnssecOctets(octets: Uint8Array, at: number): number {
  return readU16(octets, at + ANSWER_END_AT) - readU16(octets, at + ANSWER_PLAIN_END_AT)
}

// --- copy ---------------------------------------------------------------------------------------------------------

/**
 * Writes the reply, OPT left out, to the start of `out`: sections and counts for a client with DO (`dnssec`) or
 * without, TTLs that remain at this age. Left to the caller: id, the client's spelling of the question, the flags RD,
 * AD, CD and TC (QR and RA are set, AA is clear), OPT and its count. Allocates nothing.
 *
 * @param entry memory with the entry at offset `at`, a multiple of four
 * @param out at least `answerOctets` long
 * @returns octets written
 */
export function copyAnswer(
  entry: Memory,
  at: number,
  out: Memory,
  dnssec: boolean,
  ageSeconds: number,
): number {
  const { octets } = entry
  const message = at + HEAD_OCTETS
  const length = answerOctets(octets, at, dnssec)
  const plainEnd = readU16(octets, at + ANSWER_PLAIN_END_AT)
  const cut = dnssec ? 0 : answerDnssecOctets(octets, at)
  if (cut === 0) copyAligned(entry, message, out, 0, length)
  else {
    copyAligned(entry, message, out, 0, plainEnd)
    for (let i = plainEnd; i < length; i++) out.octets[i] = octets[message + cut + i]!
    writeU16(out.octets, ANCOUNT_AT, entryAnswerCount(octets, at, dnssec))
  }
  if (!dnssec) writeU16(out.octets, NSCOUNT_AT, entryAuthorityCount(octets, at, dnssec))
  patchTtls(octets, at, out.octets, plainEnd, cut, length, ageSeconds)
  return length
}

/** Ages the TTLs of a copied reply: those from `plainEnd` on lie `cut` octets earlier than in the entry. */
function patchTtls(
  octets: Uint8Array,
  at: number,
  out: Uint8Array,
  plainEnd: number,
  cut: number,
  length: number,
  ageSeconds: number,
): void {
  const message = at + HEAD_OCTETS
  const answerEnd = plainEnd + cut
  const end = entryEdeStart(octets, at)
  for (let offsetAt = ttlOffsetsStart(octets, at); offsetAt < end; offsetAt += 2) {
    const offset = readU16(octets, offsetAt)
    if (offset >= plainEnd && offset < answerEnd) continue
    const to = offset < plainEnd ? offset : offset - cut
    if (to >= length) return
    writeU32(out, to, Math.max(0, readU32(octets, message + offset) - ageSeconds))
  }
}

/**
 * Rotates the last A or AAAA set of a reply that `copyAnswer` wrote: the address at `turn` modulo their number comes
 * first. It is the same place in both forms. Allocates nothing.
 */
export function rotateAddresses(octets: Uint8Array, at: number, out: Uint8Array, turn: number): void {
  const count = readU16(octets, at + ROTATE_COUNT_AT)
  if (count === 0) return
  const first = readU16(octets, at + ROTATE_AT)
  const stride = octets[at + ROTATE_STRIDE_AT]!
  const from = at + HEAD_OCTETS + first
  const width = readU16(octets, from - RDLENGTH_OCTETS)
  for (let i = 0; i < count; i++) {
    const source = from + ((i + turn) % count) * stride
    for (let j = 0; j < width; j++) out[first + i * stride + j] = octets[source + j]!
  }
}

/** The answer as values again, its TTLs and lifetime what remains at `nowMs`. Allocates. */
export function parseAnswerEntry(octets: Uint8Array, at: number, nowMs: number): AnswerParts {
  const reply = new Uint8Array(answerOctets(octets, at, true))
  copyAnswer(
    Memory.of(octets.subarray(at)),
    0,
    new Memory(reply),
    true,
    ageSeconds(entryStoredMs(octets, at), nowMs),
  )
  const { questions, answer, authority } = parseMessage(reply)
  return {
    question: questions[0]!,
    rcode: entryRcode(octets, at),
    answer: groupRrsets(answer),
    authority: groupRrsets(authority),
    status: entryStatus(octets, at),
    reason: entryReason(octets, at),
    ede: entryEdes(octets, at),
    policySequence: entryPolicySequence(octets, at),
    ttlSeconds: remainingSeconds(entryTtlSeconds(octets, at), entryStoredMs(octets, at), nowMs),
    authenticated: entryAuthenticated(octets, at),
    ...(entryTranslated(octets, at) ? { translated: true } : {}),
    ...(hasLink(octets, at) ? { link: entryLink(octets, at) } : {}),
  }
}

/** The extended errors, the most exact first. Allocates. */
export function entryEdes(octets: Uint8Array, at: number): ExtendedError[] {
  return readEdes(octets, entryEdeStart(octets, at), entryEdeEnd(octets, at))
}
