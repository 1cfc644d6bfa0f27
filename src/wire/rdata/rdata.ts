/** What can be done with RDATA of any type, derived from its layout. */
import { formatHex, octetsEqual } from '../../base/octets.ts'
import { FormatError } from '../format-error.ts'
import { CLASS } from '../iana/class.ts'
import { formatType } from '../iana/rrtype.ts'
import { FOLD, type Name, ROOT } from '../name.ts'
import { NameReader } from '../name-reader.ts'
import type { NameReading } from '../name-text.ts'
import { OctetSink } from '../octet-sink.ts'
import { notAs, TextFault, type Token, TokenCursor } from '../text-token.ts'
import { ZoneTokenizer } from '../zone-tokens.ts'
import { hexOf } from './binary-fields.ts'
import type { NameRule } from './field.ts'
import { type Layout, layoutOf } from './layouts.ts'

const unfolded = new OctetSink()

/**
 * RDATA of a message, names unfolded: a view of the message where there was nothing to unfold. Names may be
 * compressed in every type that holds one. What is checked: RDLENGTH, and the form of types with names, addresses
 * or character-strings; other types are taken as they are, and who reads them judges.
 *
 * @param names the message's reader, so that its bounds cover all records; a new one when left out
 * @throws FormatError
 */
export function decompressRdata(
  type: number,
  message: Uint8Array,
  from: number,
  to: number,
  names: NameReader = new NameReader(message),
  recordClass: number = CLASS.IN,
): Uint8Array {
  if (to > message.length) throw new FormatError('RDATA runs past the message', from)
  const layout = layoutOf(type, recordClass)
  if (layout === undefined || !layout.checked || isPlain(layout, message, from, to))
    return message.subarray(from, to)
  unfolded.clear()
  let at = from
  for (const field of layout.fields) {
    if (field.reading === 'opaque') {
      unfolded.octets(message, at, to)
      at = to
    } else if (field.name === undefined || field.name.start(message, at, to) < 0) {
      const end = field.end(message, at, to)
      if (end < 0) throw new FormatError(`RDATA of ${formatType(type)} is malformed`, at)
      unfolded.octets(message, at, end)
      at = end
    } else at = unfoldNames(field.name, message, at, to, names)
  }
  if (at !== to) throw new FormatError(`RDATA of ${formatType(type)} is longer than it should be`, at)
  if (unfolded.overflow) throw new FormatError('RDATA unfolds to too many octets', from)
  return names.arena.copy(unfolded.view())
}

/** True when RDATA is well formed and no name in it is compressed. */
function isPlain(layout: Layout, message: Uint8Array, from: number, to: number): boolean {
  let at = from
  for (const field of layout.fields) {
    if (field.reading === 'opaque') return true
    at = field.end(message, at, to)
    if (at < 0) return false
  }
  return at === to
}

/** Unfolds the name, or the row of names, of the field at `at`; returns the field's end in the message. */
function unfoldNames(rule: NameRule, message: Uint8Array, at: number, to: number, names: NameReader): number {
  let from = at
  for (let nameAt = rule.start(message, at, to); nameAt >= 0; nameAt = rule.start(message, from, to)) {
    unfolded.octets(message, from, nameAt)
    unfolded.octets(names.read(nameAt, to))
    from = names.end
    if (!rule.repeated) break
  }
  return from
}

/** What is wrong with uncompressed RDATA; undefined when it has the form of its type, or the type is opaque. */
export function checkRdata(
  type: number,
  rdata: Uint8Array,
  recordClass: number = CLASS.IN,
): string | undefined {
  const layout = layoutOf(type, recordClass)
  if (layout === undefined) return undefined
  let at = 0
  for (const field of layout.fields) {
    const end = field.end(rdata, at, rdata.length)
    if (end < 0) return `RDATA of ${formatType(type)} is malformed at octet ${at}`
    at = end
  }
  return at === rdata.length
    ? undefined
    : `RDATA of ${formatType(type)} has ${rdata.length - at} octets too many`
}

/**
 * The canonical form of uncompressed RDATA (RFC 4034 6.2 item 3, RFC 6840 5.1): names of the listed types in lower
 * case. The RDATA itself when nothing changes or it is malformed.
 */
export function canonicalRdata(type: number, rdata: Uint8Array, recordClass: number = CLASS.IN): Uint8Array {
  const layout = layoutOf(type, recordClass)
  if (layout === undefined || !layout.folded) return rdata
  let canonical: Uint8Array | undefined
  let at = 0
  for (const field of layout.fields) {
    const end = field.end(rdata, at, rdata.length)
    if (end < 0) return rdata
    const nameAt = field.name?.folded === true ? field.name.start(rdata, at, rdata.length) : -1
    for (let i = nameAt; i >= 0 && i < end; i++) {
      if (FOLD[rdata[i]!] === rdata[i]) continue
      canonical ??= new Uint8Array(rdata)
      canonical[i] = FOLD[rdata[i]!]!
    }
    at = end
  }
  return canonical ?? rdata
}

/**
 * RDATA in presentation form; the form of RFC 3597 where the type has none, where the RDATA is malformed, and
 * where the type's own form would not lead back to the same octets.
 */
export function formatRdata(type: number, rdata: Uint8Array, recordClass: number = CLASS.IN): string {
  const layout = layoutOf(type, recordClass)
  if (layout === undefined || checkRdata(type, rdata, recordClass) !== undefined) return formatGeneric(rdata)
  const words: string[] = []
  let at = 0
  for (const field of layout.fields) {
    const end = field.end(rdata, at, rdata.length)
    const word = field.format(rdata, at, end)
    if (word !== '') words.push(word)
    at = end
  }
  const text = words.join(' ')
  if (layout.opaque && !octetsEqual(rdataFrom(type, text), rdata)) return formatGeneric(rdata)
  return text
}

function formatGeneric(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${formatHex(rdata)}`
}

/**
 * Reads RDATA in presentation form, or in that of RFC 3597 for any type.
 *
 * @throws TextFault
 */
export function parseRdataText(
  type: number,
  tokens: readonly Token[],
  origin: Name,
  recordClass: number = CLASS.IN,
  readName?: NameReading,
): Uint8Array {
  const text = new TokenCursor(tokens, origin, readName)
  const first = text.peek()
  if (first?.text === '\\#' && !first.quoted) return parseGeneric(type, text, recordClass)
  const layout = layoutOf(type, recordClass)
  if (layout === undefined) {
    throw new TextFault(
      `${formatType(type)} has no text form of its own: expected \\# LENGTH HEXADECIMAL`,
      first,
    )
  }
  const out = new OctetSink()
  for (const field of layout.fields) field.parse(text, out)
  const extra = text.peek()
  if (extra !== undefined) throw notAs('the end of the record', extra)
  if (out.overflow) throw new TextFault('RDATA is longer than 65535 octets', first)
  const rdata = out.finish()
  const fault = checkRdata(type, rdata, recordClass)
  if (fault !== undefined) throw new TextFault(fault, first)
  return rdata
}

/**
 * RDATA known to be right, for records written in the program and in tests.
 *
 * @throws TextFault or ZoneTextError otherwise
 */
export function rdataFrom(type: number, text: string, origin: Name = ROOT): Uint8Array {
  return parseRdataText(type, new ZoneTokenizer(text, 'rdata').next()?.tokens ?? [], origin)
}

function parseGeneric(type: number, text: TokenCursor, recordClass: number): Uint8Array {
  const mark = text.take('\\#')
  const length = text.takeNumber(0xffff, 'a length up to 65535')
  const rdata = text.more ? hexOf(text.takeRest('hexadecimal digits')) : new Uint8Array(0)
  if (rdata.length !== length) throw new TextFault(`expected ${length} octets, found ${rdata.length}`, mark)
  const fault = checkRdata(type, rdata, recordClass)
  if (fault !== undefined) throw new TextFault(fault, mark)
  return rdata
}
