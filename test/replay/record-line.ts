/** One line of a section: a record, or a question. Owners are never left out, so this is less than a master file. */
import { concatOctets, octetsFromHex } from '../../src/base/octets.ts'
import { CLASS, parseClass } from '../../src/wire/iana/class.ts'
import { parseType, TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Question } from '../../src/wire/message.ts'
import type { Name } from '../../src/wire/name.ts'
import { parseRdataText } from '../../src/wire/rdata/rdata.ts'
import type { ResourceRecord } from '../../src/wire/record.ts'
import { notAs, TextFault, type Token, TokenCursor } from '../../src/wire/text-token.ts'
import { parseTtl } from '../../src/wire/time-text.ts'
import { ZoneTextError } from '../../src/wire/zone-text-error.ts'
import { ZoneTokenizer } from '../../src/wire/zone-tokens.ts'

/** What stays in force between the lines of a file. */
export interface RecordContext {
  readonly origin: Name
  readonly ttlSeconds: number
}

/** Why a line is no record; `column` from 1. */
export class RecordLineFault extends Error {
  override readonly name = 'RecordLineFault'
  readonly column: number

  constructor(message: string, column: number) {
    super(message)
    this.column = column
  }
}

/** `owner [TTL] [class] TYPE rdata`. Throws RecordLineFault. */
export function parseRecordLine(line: string, context: RecordContext): ResourceRecord {
  return read(line, context, (text) => {
    const owner = text.takeName('an owner name')
    const { ttlSeconds, type, class: recordClass } = fixedPart(text)
    const rdata = readRdata(type, text.rest(), context.origin, recordClass)
    return { owner, type, class: recordClass, ttlSeconds: ttlSeconds ?? context.ttlSeconds, rdata }
  })
}

/** Words of an RRSIG before the signature. */
const RRSIG_WORDS = 8

/**
 * RDATA as the files have it, which is less strict than a master file: RFC 3597 form of any length, a signature of any
 * octets or none, and words after the last field.
 */
function readRdata(type: number, words: readonly Token[], origin: Name, recordClass: number): Uint8Array {
  const [first, length, ...hex] = words
  if (first?.text === '\\#' && length !== undefined) {
    const octets = octetsFromHex(hex.map((word) => word.text).join(''))
    if (octets === undefined || octets.length !== Number(length.text))
      throw notAs('octets and their number', first)
    return octets
  }
  if (type === TYPE.RRSIG && words.length >= RRSIG_WORDS) {
    const fixed = words.slice(0, RRSIG_WORDS)
    const placeholder = { ...fixed.at(-1)!, text: 'AA==' }
    const rdata = parseRdataText(type, [...fixed, placeholder], origin, recordClass)
    const signature = words.slice(RRSIG_WORDS).map((word) => word.text)
    return concatOctets(rdata.subarray(0, -1), Buffer.from(signature.join(''), 'base64'))
  }
  try {
    return parseRdataText(type, words, origin, recordClass)
  } catch (fault) {
    const extra = fault instanceof TextFault && fault.token !== undefined ? words.indexOf(fault.token) : -1
    if (extra <= 0) throw fault
    return parseRdataText(type, words.slice(0, extra), origin, recordClass)
  }
}

/** `name [TTL] [class] TYPE`; a TTL means nothing. Throws RecordLineFault. */
export function parseQuestionLine(line: string, context: RecordContext): Question {
  return read(line, context, (text) => {
    const name = text.takeName('a name')
    const { type, class: questionClass } = fixedPart(text)
    const extra = text.peek()
    if (extra !== undefined) throw notAs('the end of the question', extra)
    return { name, type, class: questionClass }
  })
}

interface FixedPart {
  readonly ttlSeconds: number | undefined
  readonly type: number
  readonly class: number
}

/** TTL and class in either order, then the type. */
function fixedPart(text: TokenCursor): FixedPart {
  let ttlSeconds: number | undefined
  let recordClass: number | undefined
  for (;;) {
    const token = text.take('a TTL, a class or a record type')
    const ttl = ttlSeconds === undefined && /^[0-9]/.test(token.text) ? parseTtl(token.text) : undefined
    // ANY is a class and a type; what ends the line is the type.
    const isClass = recordClass === undefined && text.more && parseClass(token.text) !== undefined
    if (ttl !== undefined) ttlSeconds = ttl
    else if (isClass) recordClass = parseClass(token.text)
    else {
      const type = parseType(token.text)
      if (type === undefined) throw notAs('a TTL, a class or a record type', token)
      return { ttlSeconds, type, class: recordClass ?? CLASS.IN }
    }
  }
}

function read<T>(line: string, context: RecordContext, take: (text: TokenCursor) => T): T {
  try {
    const entry = new ZoneTokenizer(withoutParentheses(asciiOnly(line)), '').next()
    if (entry === undefined) throw new RecordLineFault('expected a record', 1)
    return take(new TokenCursor(entry.tokens, context.origin))
  } catch (fault) {
    if (fault instanceof TextFault) throw new RecordLineFault(fault.message, fault.token?.column ?? 1)
    if (fault instanceof ZoneTextError) throw new RecordLineFault(fault.expected, fault.column)
    throw fault
  }
}

/** A record is one line here, so parentheses mean nothing, even one alone. */
function withoutParentheses(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|\\.|;.*|[()]/g, (part) =>
    part === '(' || part === ')' ? ' ' : part,
  )
}

/** Files are read as Latin-1: a character above ASCII is one octet. */
function asciiOnly(line: string): string {
  return line.replace(/[\u0080-\u00ff]/g, (character) => `\\${character.charCodeAt(0)}`)
}
