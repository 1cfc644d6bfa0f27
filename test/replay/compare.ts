/** Sections compared as multisets, and whole replies compared at the two levels that a scenario is judged by. */
import { octetsEqual } from '../../src/base/octets.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { readU16 } from '../../src/wire/integers.ts'
import type { Question } from '../../src/wire/message.ts'
import { FOLD, nameKey, namesEqual } from '../../src/wire/name.ts'
import { layoutOf } from '../../src/wire/rdata/layouts.ts'
import { checkRdata } from '../../src/wire/rdata/rdata.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { FLAGS, type Packet, SECTIONS } from './packet.ts'

/**
 * - `relaxed` decides whether a scenario passes: what a client relies on
 * - `strict`: everything that the file says, the order of records apart
 */
export type Level = 'relaxed' | 'strict'

/** The name in lower case, so that a record is compared as RFC 4343 wants. */
function foldedRdata(type: number, rdata: Uint8Array, recordClass: number): Uint8Array {
  const layout = layoutOf(type, recordClass)
  if (layout === undefined || checkRdata(type, rdata, recordClass) !== undefined) return rdata
  const folded = rdata.slice()
  let at = 0
  for (const field of layout.fields) {
    const end = field.end(rdata, at, rdata.length)
    const start = field.name?.start(rdata, at, rdata.length) ?? -1
    if (start >= 0) for (let i = start; i < end; i++) folded[i] = FOLD[folded[i]!]!
    at = end
  }
  return folded
}

function recordKey(record: ResourceRecord, withTtl: boolean): string {
  const rdata = foldedRdata(record.type, record.rdata, record.class)
  const ttl = withTtl ? ` ${record.ttlSeconds}` : ''
  return `${nameKey(record.owner)} ${record.type} ${record.class}${ttl} ${Buffer.from(rdata).toString('hex')}`
}

/** True when both hold the same records, each as often. */
export function sectionsEqual(
  a: readonly ResourceRecord[],
  b: readonly ResourceRecord[],
  withTtl: boolean,
): boolean {
  if (a.length !== b.length) return false
  const keys = (records: readonly ResourceRecord[]): string =>
    records
      .map((record) => recordKey(record, withTtl))
      .sort()
      .join('\n')
  return keys(a) === keys(b)
}

/** Names without regard to case, types and classes. */
export function questionsEqual(a: readonly Question[], b: readonly Question[]): boolean {
  return (
    a.length === b.length &&
    a.every((question, i) => {
      const other = b[i]!
      return (
        question.type === other.type &&
        question.class === other.class &&
        namesEqual(question.name, other.name)
      )
    })
  )
}

/** The rcode of the header: four bits. */
export function headerRcode(packet: Packet): number {
  return packet.rcode & 0x0f
}

/** The first flag that differs; undefined when none does. */
export function differingFlag(a: Packet, b: Packet): string | undefined {
  return FLAGS.find((flag) => a[flag] !== b[flag])
}

/** Options of both, octet for octet and in order; no OPT is no option. */
export function optionsEqual(a: Packet, b: Packet): boolean {
  const [mine, others] = [a.edns?.options ?? [], b.edns?.options ?? []]
  return (
    mine.length === others.length &&
    mine.every(({ code, octets }, i) => code === others[i]!.code && octetsEqual(octets, others[i]!.octets))
  )
}

/** True when the reply holds what was asked for, so that authority and additional section are courtesy. */
export function isPositive(packet: Packet): boolean {
  const type = packet.questions[0]?.type
  if (headerRcode(packet) !== RCODE.NOERROR || packet.answer.length === 0) return false
  return packet.answer.some((record) => record.type === type || type === TYPE.ANY || type === TYPE.RRSIG)
}

/** How a testbound packet is compared as a whole; undefined when equal, else what differs. */
export function wholeDifference(
  expected: Packet,
  found: Packet,
  level: Level,
  withTtl: boolean,
  withEdns: boolean,
): string | undefined {
  if (expected.opcode !== found.opcode) return 'opcode'
  if (headerRcode(expected) !== headerRcode(found)) return 'rcode'
  const flag = differingFlag(expected, found)
  if (flag !== undefined) return `flag ${flag.toUpperCase()}`
  if (!questionsEqual(expected.questions, found.questions)) return 'question'
  const edns = withEdns ? ednsDifference(expected, found, level, withTtl) : undefined
  return sectionDifference(expected, found, level, withTtl) ?? edns
}

/** The first section that differs; at the relaxed level those that a client relies on. */
export function sectionDifference(
  expected: Packet,
  found: Packet,
  level: Level,
  withTtl: boolean,
): string | undefined {
  const differing = SECTIONS.find((section) => !sectionAgrees(section, expected, found, level, withTtl))
  return differing === undefined ? undefined : `${differing} section`
}

/**
 * Whether one section is as expected. At the relaxed level the authority section counts in negative replies only,
 * its NS set not even there (RFC 2308 2.1 and 2.2 leave that to the server), and the additional section never.
 */
export function sectionAgrees(
  section: (typeof SECTIONS)[number],
  expected: Packet,
  found: Packet,
  level: Level,
  withTtl: boolean,
): boolean {
  if (level === 'strict' || section === 'answer') {
    return sectionsEqual(expected[section], found[section], withTtl)
  }
  if (section === 'additional' || isPositive(expected)) return true
  return sectionsEqual(withoutNs(expected.authority), withoutNs(found.authority), withTtl)
}

function withoutNs(records: readonly ResourceRecord[]): ResourceRecord[] {
  return records.filter(({ type, rdata }) => {
    const covered = type === TYPE.RRSIG && rdata.length >= 2 ? readU16(rdata, 0) : type
    return covered !== TYPE.NS
  })
}

function ednsDifference(
  { edns: expected }: Packet,
  { edns: found }: Packet,
  level: Level,
  withTtl: boolean,
): string | undefined {
  if ((expected === undefined) !== (found === undefined)) return expected === undefined ? 'OPT' : 'no OPT'
  if (level === 'relaxed' || expected === undefined || found === undefined) return undefined
  if (expected.udpPayloadOctets !== found.udpPayloadOctets) return 'UDP payload size'
  // Extended rcode, version and DO are the TTL of OPT.
  if (withTtl && (expected.do !== found.do || expected.version !== found.version)) return 'TTL of OPT'
  const options = (edns: typeof expected): string =>
    edns.options.map(({ code, octets }) => `${code}:${Buffer.from(octets).toString('hex')}`).join(' ')
  return options(expected) === options(found) ? undefined : 'EDNS options'
}
