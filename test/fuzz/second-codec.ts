/** What dns-packet, a codec that shares no code with ours, makes of a message that ours could read; and where it may differ. */
import * as dnsPacket from 'dns-packet'
import { octetsEqual } from '../../src/base/octets.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { formatType, parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Message } from '../../src/wire/message.ts'
import { isRoot, labelsOf, type Name } from '../../src/wire/name.ts'
import { checkRdata, formatRdata } from '../../src/wire/rdata/rdata.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'

/** A way in which the two may differ. */
export interface CodecDifference {
  /** Its heading in `codec-differences.md`. */
  readonly name: string
  /** Whether the message has what they differ about. */
  applies(message: Message): boolean
}

/** A record as dns-packet has it. Its type of data goes by the name of the type. */
interface PeerRecord {
  readonly name: string
  readonly type: string
  readonly class?: string
  readonly ttl?: number
  readonly flush?: boolean
  readonly data?: unknown
  readonly udpPayloadSize?: number
  readonly extendedRcode?: number
  readonly ednsVersion?: number
  readonly flag_do?: boolean
  readonly options?: readonly { readonly code: number; readonly data: Uint8Array }[]
}

interface PeerMessage {
  readonly id: number
  /** Opcode, flags and rcode, as they came. */
  readonly flags: number
  readonly type: string
  readonly questions: readonly PeerRecord[]
  readonly answers: readonly PeerRecord[]
  readonly authorities: readonly PeerRecord[]
  readonly additionals: readonly PeerRecord[]
}

/** The bit between RA and AD, which means nothing (RFC 1035 4.1.1). */
const RESERVED_BIT = 0x40

/** Differences that are right, each with its reason in `codec-differences.md`. */
export const CODEC_DIFFERENCES: readonly CodecDifference[] = [
  { name: 'TTL with its top bit set', applies: withRecord(({ ttlSeconds }) => ttlSeconds === 0) },
  {
    name: 'Protocol of DNSKEY',
    applies: withRecord(({ type, rdata }) => type === TYPE.DNSKEY && rdata[2] !== 3),
  },
  { name: 'RDATA of another class', applies: withRecord((record) => record.class !== CLASS.IN) },
  { name: 'RDATA kept as text', applies: withRecord(hasOddText) },
  { name: 'Names in types that it does not know', applies: withRecord(({ type }) => !PEER_TYPES.has(type)) },
  { name: 'Length of SSHFP fingerprints', applies: withRecord(({ type }) => type === TYPE.SSHFP) },
  {
    name: 'RDATA of a later EDNS version',
    applies: ({ edns }) => edns !== undefined && edns.version > 0 && edns.options.length === 0,
  },
  {
    name: 'Content of EDNS options',
    applies: ({ edns }) => edns?.options.some(({ code }) => PEER_OPTIONS.has(code)) === true,
  },
]

function withRecord(test: (record: ResourceRecord) => boolean): CodecDifference['applies'] {
  return ({ answer, authority, additional }) => [...answer, ...authority, ...additional].some(test)
}

/** Options that dns-packet takes apart. */
const PEER_OPTIONS: ReadonlySet<number> = new Set([
  OPTION.CLIENT_SUBNET,
  OPTION.TCP_KEEPALIVE,
  OPTION.PADDING,
  OPTION.KEY_TAG,
])

/** Types whose RDATA dns-packet takes apart; the others it takes as octets. */
const PEER_TYPES: ReadonlySet<number> = new Set(
  [
    ...[
      'A',
      'PTR',
      'CNAME',
      'DNAME',
      'TXT',
      'NULL',
      'AAAA',
      'SRV',
      'HINFO',
      'CAA',
      'NS',
      'SOA',
      'MX',
      'DNSKEY',
    ],
    ...['RRSIG', 'RP', 'NSEC', 'NSEC3', 'SSHFP', 'DS', 'NAPTR', 'TLSA'],
  ].map((text) => parseType(text)!),
)

/** Octets that a text without escapes loses: dots inside labels, and what is not ASCII. */
function hasOddText({ type, rdata, class: recordClass }: ResourceRecord): boolean {
  return formatRdata(type, rdata, recordClass).includes('\\')
}

/**
 * Compares what both read.
 *
 * @returns what they differ in, or undefined
 */
export function differenceOf(octets: Uint8Array, message: Message): string | undefined {
  let peer: PeerMessage
  try {
    peer = dnsPacket.decode(Buffer.from(octets)) as unknown as PeerMessage
  } catch (error) {
    return `dns-packet throws ${(error as Error).message}`
  }
  return (
    headerDifference(message, peer) ??
    listDifference('question', message.questions.map(questionText), peer.questions.map(peerQuestionText)) ??
    sectionDifference('answer', message.answer, peer.answers) ??
    sectionDifference('authority', message.authority, peer.authorities) ??
    sectionDifference(
      'additional',
      message.additional,
      peer.additionals.filter(({ type }) => type !== 'OPT'),
    ) ??
    ednsDifference(
      message,
      peer.additionals.find(({ type }) => type === 'OPT'),
    )
  )
}

/** The name of the difference that explains it; undefined when nothing does. */
export function explanationOf(message: Message): string | undefined {
  return CODEC_DIFFERENCES.find((difference) => difference.applies(message))?.name
}

/** Whether both codecs must understand it: nothing malformed in RDATA that ours leaves to its readers, nothing left out or over. */
export function isWellFormed(message: Message): boolean {
  const records = [...message.answer, ...message.authority, ...message.additional]
  const counted = message.answerCount + message.authorityCount + message.additionalCount
  const whole = records.length + (message.edns === undefined ? 0 : 1) === counted
  if (!whole || message.trailingOctets > 0) return false
  return records.every((record) => checkRdata(record.type, record.rdata, record.class) === undefined)
}

function headerDifference(message: Message, peer: PeerMessage): string | undefined {
  const bit = (set: boolean, place: number): number => (set ? 1 << place : 0)
  const { aa, tc, rd, ra, ad, cd } = message
  const flags = bit(aa, 10) | bit(tc, 9) | bit(rd, 8) | bit(ra, 7) | bit(ad, 5) | bit(cd, 4)
  const ours = `${message.id} ${message.qr} ${(message.opcode << 11) | flags | (message.rcode & 0xf)}`
  const theirs = `${peer.id} ${peer.type === 'response'} ${peer.flags & ~RESERVED_BIT}`
  return ours === theirs ? undefined : `header ${ours} and ${theirs}`
}

function listDifference(
  what: string,
  ours: readonly string[],
  theirs: readonly string[],
): string | undefined {
  const at = ours.findIndex((text, i) => text !== theirs[i])
  if (at >= 0) return `${what} ${at}: ${ours[at]} and ${theirs[at]}`
  return ours.length === theirs.length ? undefined : `${what}: ${ours.length} and ${theirs.length}`
}

function sectionDifference(
  what: string,
  ours: readonly ResourceRecord[],
  theirs: readonly PeerRecord[],
): string | undefined {
  const heads = listDifference(what, ours.map(recordText), theirs.map(peerRecordText))
  if (heads !== undefined) return heads
  for (const [i, record] of ours.entries()) {
    let rdata: Uint8Array
    try {
      rdata = peerRdata(theirs[i]!)
    } catch (error) {
      return `dns-packet cannot write ${what} ${i} again: ${(error as Error).message}`
    }
    if (octetsEqual(record.rdata, rdata)) continue
    return `${formatType(record.type)} RDATA of ${what} ${i}: ${formatRdata(record.type, record.rdata)} and ${JSON.stringify(theirs[i]!.data)}`
  }
  return undefined
}

function ednsDifference({ edns, rcode }: Message, opt: PeerRecord | undefined): string | undefined {
  const ours = edns && {
    version: edns.version,
    size: edns.udpPayloadOctets,
    do: edns.do,
    rcode: rcode >> 4,
    options: edns.options.map(({ code, octets }) => `${code} ${Buffer.from(octets).toString('hex')}`),
  }
  const theirs = opt && {
    version: opt.ednsVersion,
    size: opt.udpPayloadSize,
    do: opt.flag_do,
    rcode: opt.extendedRcode,
    options: opt.options?.map(({ code, data }) => `${code} ${Buffer.from(data).toString('hex')}`),
  }
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
  return a === b ? undefined : `OPT ${a} and ${b}`
}

// --- both in the same words ---------------------------------------------------------------------------------------

function questionText({ name, type, class: qclass }: Message['questions'][number]): string {
  return `${lossyText(name)} ${type} ${qclass}`
}

function peerQuestionText(question: PeerRecord): string {
  return `${question.name} ${typeNumber(question.type)} ${classNumber(question.class)}`
}

function recordText({ owner, type, class: recordClass, ttlSeconds }: ResourceRecord): string {
  return `${lossyText(owner)} ${type} ${recordClass} ${ttlSeconds}`
}

function peerRecordText(record: PeerRecord): string {
  const recordClass = classNumber(record.class) + (record.flush === true ? 0x8000 : 0)
  return `${record.name} ${typeNumber(record.type)} ${recordClass} ${record.ttl}`
}

/** A name as dns-packet writes it: without escapes, octets read as UTF-8. */
function lossyText(name: Name): string {
  if (isRoot(name)) return '.'
  return labelsOf(name)
    .map((label) => Buffer.from(label).toString('utf8'))
    .join('.')
}

const UNKNOWN = /^UNKNOWN_(\d+)$/

function typeNumber(text: string): number {
  return parseType(text) ?? Number(UNKNOWN.exec(text)?.[1])
}

const PEER_CLASSES: Readonly<Record<string, number>> = { IN: 1, CS: 2, CH: 3, HS: 4, ANY: 255 }

function classNumber(text: string | undefined): number {
  return PEER_CLASSES[text ?? ''] ?? Number(UNKNOWN.exec(text ?? '')?.[1])
}

interface RdataCodec {
  encode(data: unknown): Uint8Array
}

/** Missing in the types of the package. */
const { record: rdataCodecOf } = dnsPacket as unknown as { record(type: string): RdataCodec }

/** RDATA written again by dns-packet, which compresses nothing. */
function peerRdata({ type, data }: PeerRecord): Uint8Array {
  return rdataCodecOf(type).encode(data).subarray(2)
}
