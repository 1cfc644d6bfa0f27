/** Fields that are character-strings, or text of another shape. */
import { formatCharacterString, parseCharacterString } from '../character-string.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, TextFault, type TokenCursor } from '../text-token.ts'
import type { FieldKind } from './field.ts'

/** One character-string: a length octet and that many octets (RFC 1035 3.3). */
export const STRING: FieldKind = {
  reading: 'checked',
  end: endOfString,
  format: (octets, at, end) => formatCharacterString(octets.subarray(at + 1, end)),
  parse: parseString,
}

/** One character-string or none, last in its RDATA. */
export const STRING_OPTIONAL: FieldKind = {
  ...STRING,
  end: (octets, at, to) => (at === to ? to : endOfString(octets, at, to)),
  format: (octets, at, end) => (at === end ? '' : STRING.format(octets, at, end)),
  parse(text, out) {
    if (text.more) parseString(text, out)
  },
}

/** One or more character-strings, to the end. */
export const STRINGS: FieldKind = {
  reading: 'checked',
  end(octets, at, to) {
    let next = at === to ? -1 : at
    while (next >= 0 && next < to) next = endOfString(octets, next, to)
    return next
  },
  format(octets, at, end) {
    const strings: string[] = []
    for (let next = at; next < end; next += octets[next]! + 1) {
      strings.push(formatCharacterString(octets.subarray(next + 1, next + 1 + octets[next]!)))
    }
    return strings.join(' ')
  },
  parse(text, out) {
    do parseString(text, out)
    while (text.more)
  },
}

/** Text to the end, without a length octet, quoted (URI, CAA). */
export const TEXT_REST: FieldKind = {
  reading: 'plain',
  end: (_octets, _at, to) => to,
  format: (octets, at, end) => formatCharacterString(octets.subarray(at, end)),
  parse: (text, out) => out.octets(parseCharacterString(text.take('a quoted string'))),
}

/** A property tag: a length octet and that many ASCII letters and digits, one at least (RFC 8659 4.1). */
export const TAG: FieldKind = {
  reading: 'plain',
  end(octets, at, to) {
    const end = endOfString(octets, at, to)
    if (end < at + 2) return -1
    for (let i = at + 1; i < end; i++) if (!isAlphanumeric(octets[i]!)) return -1
    return end
  },
  format: (octets, at, end) => Buffer.from(octets.subarray(at + 1, end)).toString('latin1'),
  parse(text, out) {
    const token = text.take('a property tag')
    if (!/^[0-9A-Za-z]{1,255}$/.test(token.text)) throw notAs('a property tag of letters and digits', token)
    out.u8(token.text.length)
    out.octets(Buffer.from(token.text, 'latin1'))
  },
}

function isAlphanumeric(octet: number): boolean {
  const lower = octet | 0x20
  return (octet >= 0x30 && octet <= 0x39) || (lower >= 0x61 && lower <= 0x7a)
}

function endOfString(octets: Uint8Array, at: number, to: number): number {
  if (at >= to) return -1
  const end = at + 1 + octets[at]!
  return end <= to ? end : -1
}

function parseString(text: TokenCursor, out: OctetSink): void {
  const token = text.take('a character-string')
  const octets = parseCharacterString(token)
  if (octets.length > 255) throw new TextFault('a character-string is longer than 255 octets', token)
  out.u8(octets.length)
  out.octets(octets)
}
