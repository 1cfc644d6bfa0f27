/** ENTRY_BEGIN to ENTRY_END: one packet, or several of one TCP reply, and how it is used. */

import { octetsFromHex } from '../../src/base/octets.ts'
import type { EdnsOption } from '../../src/wire/edns.ts'
import { readU16 } from '../../src/wire/integers.ts'
import { nameFrom, parseNameText } from '../../src/wire/name-text.ts'
import { parseTtl } from '../../src/wire/time-text.ts'
import type { Line, Lines } from './lines.ts'
import { EDNS_FLAG_CO, EMPTY_PACKET, type Packet } from './packet.ts'
import { parseQuestionLine, parseRecordLine, type RecordContext, RecordLineFault } from './record-line.ts'
import type { Entry, MatchWord } from './scenario.ts'
import { applyReplyWord, readAdjustWord, readMatchWord } from './words.ts'

/** $ORIGIN and $TTL, in force from where they stand to the end of the file. */
export class Directives implements RecordContext {
  origin: RecordContext['origin'] = nameFrom('.')
  ttlSeconds = 3600

  /** Follows the line if it is a directive. */
  read(line: Line): boolean {
    if (line.keyword !== '$ORIGIN' && line.keyword !== '$TTL') return false
    const word = line.words[0]
    if (word === undefined) throw line.fault(`expected a value after ${line.keyword}`)
    if (line.keyword === '$TTL') {
      const seconds = parseTtl(word.text)
      if (seconds === undefined) throw line.fault('expected a TTL', word.column)
      this.ttlSeconds = seconds
    } else {
      const name = parseNameText(word.text, this.origin)
      if (!(name instanceof Uint8Array)) throw line.fault(`expected a name: ${name.fault}`, word.column)
      this.origin = name
    }
    return true
  }
}

const SECTION_NAMES = ['QUESTION', 'ANSWER', 'AUTHORITY', 'ADDITIONAL'] as const
type SectionName = (typeof SECTION_NAMES)[number]

interface GrowingPacket extends Packet {
  readonly questions: Packet['questions'][number][]
  readonly answer: Packet['answer'][number][]
  readonly authority: Packet['authority'][number][]
  readonly additional: Packet['additional'][number][]
}

function newPacket(): GrowingPacket {
  return { ...EMPTY_PACKET, questions: [], answer: [], authority: [], additional: [] }
}

/** UDP size that packets with OPT offer. */
const EDNS_OCTETS = 1232

/** Reads the lines of one entry. */
class EntryReader {
  readonly #lines: Lines
  readonly #directives: Directives
  readonly #match: MatchWord[] = []
  readonly #adjust = new Set<string>()
  readonly #packets: Packet[] = []
  #packet = newPacket()
  #section: SectionName = 'QUESTION'
  #replyWords = new Set<string>()
  #options: readonly EdnsOption[] | undefined
  #octets: Uint8Array | undefined
  #raw = false
  #mandatory = false

  constructor(lines: Lines, directives: Directives) {
    this.#lines = lines
    this.#directives = directives
  }

  read(begin: Line): Entry {
    for (;;) {
      const line = this.#lines.next()
      if (line === undefined) throw this.#lines.endFault('ENTRY_END')
      if (line.keyword === 'ENTRY_END') break
      this.#line(line)
    }
    this.#endPacket()
    return {
      place: { line: begin.number, column: begin.column },
      match: this.#match,
      adjust: this.#adjust,
      packets: this.#packets as [Packet, ...Packet[]],
      octets: this.#octets,
      raw: this.#raw,
      mandatory: this.#mandatory,
    }
  }

  #line(line: Line): void {
    switch (line.keyword) {
      case 'MATCH':
        for (const word of line.words) this.#match.push(readMatchWord(line, word))
        return
      case 'ADJUST':
        for (const word of line.words) this.#adjust.add(readAdjustWord(line, word))
        return
      case 'REPLY':
      case 'FLAGS':
        for (const word of line.words) this.#replyWord(line, word)
        return
      case 'SECTION':
        this.#section = sectionOf(line)
        return
      case 'EXTRA_PACKET':
        this.#endPacket()
        return
      case 'MANDATORY':
        this.#mandatory = true
        return
      case 'HEX_EDNSDATA_BEGIN':
        this.#options = optionsOf(line, this.#hex(line, 'HEX_EDNSDATA_END'))
        return
      case 'HEX_ANSWER_BEGIN':
        this.#octets = this.#hex(line, 'HEX_ANSWER_END')
        return
      case 'RAW': {
        const source = this.#lines.nextRaw()
        this.#octets = hexOf(line, source ?? '')
        this.#raw = true
        return
      }
      default:
        if (!this.#directives.read(line)) this.#record(line)
    }
  }

  #replyWord(line: Line, word: { text: string; column: number }): void {
    this.#replyWords.add(word.text)
    const change = applyReplyWord(word.text)
    if (change === undefined) throw line.fault(`REPLY does not know ${word.text}`, word.column)
    Object.assign(this.#packet, change)
  }

  #record(line: Line): void {
    const context: RecordContext = this.#directives
    try {
      if (this.#section === 'QUESTION') this.#packet.questions.push(parseQuestionLine(line.text, context))
      else {
        const section = this.#section.toLowerCase() as 'answer' | 'authority' | 'additional'
        this.#packet[section].push(parseRecordLine(line.text, context))
      }
    } catch (fault) {
      if (!(fault instanceof RecordLineFault)) throw fault
      throw line.fault(fault.message, line.column + fault.column - 1)
    }
  }

  #hex(begin: Line, end: string): Uint8Array {
    return hexOf(begin, this.#lines.until(end).join('\n'))
  }

  #endPacket(): void {
    const words = this.#replyWords
    if (words.has('DO') || words.has('CO') || this.#options !== undefined) {
      Object.assign(this.#packet, {
        edns: {
          version: 0,
          udpPayloadOctets: EDNS_OCTETS,
          do: words.has('DO'),
          flags: words.has('CO') ? EDNS_FLAG_CO : 0,
          options: this.#options ?? [],
        },
      })
    }
    this.#packets.push(this.#packet)
    this.#packet = newPacket()
    this.#replyWords = new Set()
    this.#options = undefined
    this.#section = 'QUESTION'
  }
}

/** Reads an entry after its ENTRY_BEGIN. */
export function readEntry(begin: Line, lines: Lines, directives: Directives): Entry {
  return new EntryReader(lines, directives).read(begin)
}

function sectionOf(line: Line): SectionName {
  const word = line.words[0]
  const section = SECTION_NAMES.find((name) => name === word?.text)
  if (section === undefined) {
    throw line.fault(`expected one of ${SECTION_NAMES.join(', ')} after SECTION`, word?.column)
  }
  return section
}

/** Hexadecimal with comments and white space; an odd digit at the end stands for its octet with a 0. */
function hexOf(line: Line, text: string): Uint8Array {
  const digits = text.replace(/;.*/g, '').replace(/\s/g, '')
  const octets = octetsFromHex(digits.length % 2 === 1 ? `${digits}0` : digits)
  if (octets === undefined) throw line.fault(`expected hexadecimal digits after ${line.keyword}`)
  return octets
}

function optionsOf(line: Line, rdata: Uint8Array): EdnsOption[] {
  const options: EdnsOption[] = []
  for (let at = 0; at < rdata.length; ) {
    const end = at + 4 + (at + 4 <= rdata.length ? readU16(rdata, at + 2) : rdata.length)
    if (end > rdata.length) throw line.fault('an EDNS option runs past its end')
    options.push({ code: readU16(rdata, at), octets: rdata.slice(at + 4, end) })
    at = end
  }
  return options
}
