/** A message as scenarios see it: built from an entry, or read off the wire; its octets and its text. */
import type { Edns } from '../../src/wire/edns.ts'
import { formatClass } from '../../src/wire/iana/class.ts'
import { OPCODE } from '../../src/wire/iana/opcode.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { formatType } from '../../src/wire/iana/rrtype.ts'
import type { Message, Question } from '../../src/wire/message.ts'
import { formatName } from '../../src/wire/name-text.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import { formatRecord } from '../../src/wire/zone-text.ts'

/** What two packets are compared by. */
export type Packet = Omit<Message, `${string}Count` | 'trailingOctets'>

/** Header flags in the order of the header. */
export const FLAGS = ['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const
export type Flag = (typeof FLAGS)[number]

/** Sections that hold records. */
export const SECTIONS = ['answer', 'authority', 'additional'] as const

/** Flag of OPT for compact answers (RFC 9824 5.1), beside DO. */
export const EDNS_FLAG_CO = 0x4000

/** A packet that says nothing yet. */
export const EMPTY_PACKET: Packet = {
  id: 0,
  opcode: OPCODE.QUERY,
  rcode: RCODE.NOERROR,
  qr: false,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  ad: false,
  cd: false,
  questions: [],
  answer: [],
  authority: [],
  additional: [],
  edns: undefined,
}

/** OPT without options. */
export function plainEdns(udpPayloadOctets: number, dnssecOk: boolean): Edns {
  return { version: 0, udpPayloadOctets, do: dnssecOk, flags: 0, options: [] }
}

/** The octets, whatever their number. */
export function packetOctets(packet: Packet): Uint8Array {
  const writer = new MessageWriter()
  writer.header(packet)
  for (const question of packet.questions) writer.question(question)
  for (const section of SECTIONS) {
    for (const { owner, type, class: recordClass, ttlSeconds, rdata } of packet[section]) {
      writer.record(section, owner, type, recordClass, ttlSeconds, rdata)
    }
  }
  if (packet.edns !== undefined) writer.opt(packet.edns, packet.rcode)
  return writer.finish().slice()
}

const RCODE_WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(RCODE).map(([word, rcode]) => [rcode, word]),
)
const OPCODE_WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(OPCODE).map(([word, opcode]) => [opcode, word]),
)

/** The packet as a scenario file would have it, a line each element. */
export function packetText(packet: Packet): string {
  const flags = FLAGS.filter((flag) => packet[flag]).map((flag) => flag.toUpperCase())
  const opcode = packet.opcode === OPCODE.QUERY ? [] : [OPCODE_WORDS.get(packet.opcode) ?? `${packet.opcode}`]
  const rcode = RCODE_WORDS.get(packet.rcode) ?? `RCODE${packet.rcode}`
  const edns = packet.edns === undefined ? [] : [packet.edns.do ? 'DO' : 'EDNS']
  const lines = [`REPLY ${[...flags, ...opcode, rcode, ...edns].join(' ')}`, 'SECTION QUESTION']
  lines.push(...packet.questions.map(questionText))
  for (const section of SECTIONS) {
    if (packet[section].length === 0) continue
    lines.push(`SECTION ${section.toUpperCase()}`, ...packet[section].map(recordText))
  }
  for (const { code, octets } of packet.edns?.options ?? []) {
    lines.push(`; option ${code}: ${Buffer.from(octets).toString('hex')}${optionText(code, octets)}`)
  }
  return lines.join('\n')
}

/** `name class type`. */
export function questionText({ name, type, class: questionClass }: Question): string {
  return `${formatName(name)}\t${formatClass(questionClass)}\t${formatType(type)}`
}

function recordText(record: ResourceRecord): string {
  return formatRecord(record)
}

/** An extended error in words. */
function optionText(code: number, octets: Uint8Array): string {
  if (code !== 15 || octets.length < 2) return ''
  return ` (EDE ${(octets[0]! << 8) | octets[1]!}: ${Buffer.from(octets.subarray(2)).toString('utf8')})`
}
