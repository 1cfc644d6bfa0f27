/** Whether a packet is the one that an entry means, in either dialect. */
import { octetsEqual } from '../../src/base/octets.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { readU16, readU32 } from '../../src/wire/integers.ts'
import { isSubdomainOf, namesEqual } from '../../src/wire/name.ts'
import {
  differingFlag,
  headerRcode,
  type Level,
  optionsEqual,
  questionsEqual,
  sectionAgrees,
  sectionDifference,
  sectionsEqual,
  wholeDifference,
} from './compare.ts'
import { EDNS_FLAG_CO, type Packet } from './packet.ts'
import type { Dialect, Entry, MatchWord } from './scenario.ts'

/** A packet that was sent, by either side. */
export interface Sent {
  readonly packet: Packet
  readonly transport: 'udp' | 'tcp'
}

/** Undefined when the entry means the packet, else what does not fit. */
export function mismatch(entry: Entry, sent: Sent, dialect: Dialect, level: Level): string | undefined {
  const [expected] = entry.packets
  return dialect === 'testbound'
    ? testboundMismatch(entry, expected, sent, level)
    : deckardMismatch(entry, expected, sent.packet, level)
}

// --- testbound ---------------------------------------------------------------------------------------------------

function testboundMismatch(entry: Entry, expected: Packet, sent: Sent, level: Level): string | undefined {
  const withTtl = entry.match.some(({ word }) => word === 'ttl')
  let packet = sent.packet
  // These look at options and take them away, so they come first.
  for (const match of entry.match) {
    const left = withoutOption(match, packet)
    if (left === undefined) return wordText(match)
    packet = left
  }
  for (const match of entry.match) {
    const fault = testboundWord(match, expected, packet, sent.transport, level, withTtl)
    if (fault !== undefined) return fault
  }
  return undefined
}

function wordText({ word, argument }: MatchWord): string {
  return argument === undefined ? word : `${word}=${argument}`
}

/** The packet without the option that the word asks for; undefined when the option is not there. */
function withoutOption(match: MatchWord, packet: Packet): Packet | undefined {
  const options = packet.edns?.options ?? []
  let at: number
  if (match.word === 'ede') {
    const wanted = match.argument === 'any' ? undefined : Number(match.argument)
    const errors = options.filter(({ code, octets }) => code === OPTION.EXTENDED_ERROR && octets.length >= 2)
    if (errors.length === 0) return undefined
    if (wanted !== undefined && !errors.some(({ octets }) => readU16(octets, 0) === wanted)) return undefined
    at = options.indexOf(errors[0]!)
  } else if (match.word === 'client_cookie' || match.word === 'server_cookie') {
    const length = match.word === 'client_cookie' ? 8 : 24
    at = options.findIndex(({ code, octets }) => code === OPTION.COOKIE && octets.length === length)
    if (at < 0) return undefined
  } else return packet
  return { ...packet, edns: { ...packet.edns!, options: options.filter((_, index) => index !== at) } }
}

function testboundWord(
  match: MatchWord,
  expected: Packet,
  packet: Packet,
  transport: Sent['transport'],
  level: Level,
  withTtl: boolean,
): string | undefined {
  const must = (holds: boolean): string | undefined => (holds ? undefined : wordText(match))
  switch (match.word) {
    case 'all':
      return wholeDifference(expected, packet, level, withTtl, true)
    case 'all_noedns':
      return wholeDifference(expected, packet, level, withTtl, false)
    case 'question':
      return must(questionsEqual(expected.questions, packet.questions))
    case 'answer':
      return must(sectionsEqual(expected.answer, packet.answer, withTtl))
    case 'DO':
      return must(packet.edns?.do === true)
    case 'CO':
      return must(((packet.edns?.flags ?? 0) & EDNS_FLAG_CO) !== 0)
    case 'noedns':
      return must(packet.edns === undefined)
    case 'ednsdata':
      return must(optionsEqual(expected, packet))
    case 'UDP':
    case 'TCP':
      return must(transport === match.word.toLowerCase())
    case 'serial':
      return must(serialOf(packet) === Number(match.argument))
    case 'ede':
    case 'client_cookie':
    case 'server_cookie':
    case 'ttl':
      return undefined
    default:
      return headerWord(match, expected, packet)
  }
}

/** Words that mean the same in both dialects. */
function headerWord(match: MatchWord, expected: Packet, packet: Packet): string | undefined {
  const [mine, found] = [expected.questions[0], packet.questions[0]]
  switch (match.word) {
    case 'opcode':
      return expected.opcode === packet.opcode ? undefined : 'opcode'
    case 'rcode':
      return headerRcode(expected) === headerRcode(packet) ? undefined : 'rcode'
    case 'flags': {
      const flag = differingFlag(expected, packet)
      return flag === undefined ? undefined : `flag ${flag.toUpperCase()}`
    }
    case 'qtype':
      return mine?.type === found?.type ? undefined : 'qtype'
    case 'qname':
      if (mine === undefined || found === undefined) return mine === found ? undefined : 'qname'
      return namesEqual(mine.name, found.name) ? undefined : 'qname'
    case 'subdomain':
      if (mine === undefined) return undefined
      return found !== undefined && isSubdomainOf(found.name, mine.name) ? undefined : 'subdomain'
    default:
      throw new RangeError(`nothing compares ${match.word} in this dialect`)
  }
}

/** Serial of the SOA in the authority section: what an IXFR starts from. */
function serialOf(packet: Packet): number | undefined {
  const soa = packet.authority.find((record) => record.type === TYPE.SOA)
  return soa === undefined ? undefined : readU32(soa.rdata, soa.rdata.length - 20)
}

// --- deckard -----------------------------------------------------------------------------------------------------

/** What `all` stands for. */
const DECKARD_ALL: readonly string[] = ['opcode', 'qtype', 'qname', 'flags', 'rcode', 'sections']

function deckardMismatch(entry: Entry, expected: Packet, packet: Packet, level: Level): string | undefined {
  for (const match of entry.match) {
    const words = match.word === 'all' ? DECKARD_ALL : [match.word]
    for (const word of words) {
      const fault = deckardWord({ ...match, word }, expected, packet, level)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

function deckardWord(match: MatchWord, expected: Packet, packet: Packet, level: Level): string | undefined {
  const must = (holds: boolean): string | undefined => (holds ? undefined : wordText(match))
  const [mine, found] = [expected.questions[0], packet.questions[0]]
  switch (match.word) {
    case 'sections':
      return sectionDifference(expected, packet, level, false)
    case 'question':
      return (
        headerWord({ ...match, word: 'qtype' }, expected, packet) ??
        headerWord({ ...match, word: 'qname' }, expected, packet)
      )
    case 'qcase':
      return must(mine !== undefined && found !== undefined && octetsEqual(mine.name, found.name))
    case 'answer':
    case 'authority':
    case 'additional':
      return must(sectionAgrees(match.word, expected, packet, level, false))
    case 'edns':
      return must(ednsEqual(expected, packet))
    case 'nsid':
      return must(sameOption(OPTION.NSID, expected, packet))
    default:
      return headerWord(match, expected, packet)
  }
}

function ednsEqual({ edns: expected }: Packet, { edns: found }: Packet): boolean {
  if (expected === undefined || found === undefined) return expected === found
  return expected.version === found.version && expected.do === found.do
}

function sameOption(code: number, a: Packet, b: Packet): boolean {
  const text = ({ edns }: Packet): string =>
    Buffer.from(edns?.options.find((option) => option.code === code)?.octets ?? []).toString('hex')
  return text(a) === text(b)
}
