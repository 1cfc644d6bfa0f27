/** Parameters of SVCB and HTTPS (RFC 9460 2.1, 2.2). */
import { formatAddress, parseAddress } from '../../base/address.ts'
import { concatOctets, NO_OCTETS } from '../../base/octets.ts'
import { formatCharacterString, parseCharacterString } from '../character-string.ts'
import { readU16 } from '../integers.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, TextFault, type Token, type TokenCursor } from '../text-token.ts'
import { base64Of, formatBase64 } from './binary-fields.ts'
import type { FieldKind } from './field.ts'

/** What the value of a key looks like. */
interface ValueKind {
  valid(value: Uint8Array): boolean
  /** Text after `=`; undefined for no value. */
  format(value: Uint8Array): string | undefined
  /** `token` holds the text of the value, empty when there was none. Throws TextFault. */
  parse(token: Token): Uint8Array
}

const KEY_MANDATORY = 0
const KEY_NAMES: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]

/** Any octets: keys without a form of their own, and `dohpath` (RFC 9461 5). */
const TEXT: ValueKind = {
  valid: () => true,
  format: (value) => (value.length === 0 ? undefined : formatCharacterString(value)),
  parse: parseCharacterString,
}

const FLAG: ValueKind = {
  valid: (value) => value.length === 0,
  format: () => undefined,
  parse(token) {
    if (token.text !== '') throw notAs('a key without a value', token)
    return NO_OCTETS
  },
}

/** Keys in rising order, `mandatory` itself never among them (RFC 9460 8). */
const KEYS: ValueKind = {
  valid(value) {
    if (value.length === 0 || value.length % 2 !== 0) return false
    let last = KEY_MANDATORY
    for (let at = 0; at < value.length; at += 2) {
      if (readU16(value, at) <= last) return false
      last = readU16(value, at)
    }
    return true
  },
  format(value) {
    const names: string[] = []
    for (let at = 0; at < value.length; at += 2) names.push(formatKey(readU16(value, at)))
    return names.join(',')
  },
  parse(token) {
    const keys = token.text.split(',').map((word) => parseKey(word, token))
    const octets = [...new Set(keys)].sort((a, b) => a - b).flatMap((key) => [key >> 8, key & 0xff])
    if (octets.length !== 2 * keys.length) throw new TextFault('a mandatory key stands twice', token)
    return Uint8Array.from(octets)
  },
}

const PORT: ValueKind = {
  valid: (value) => value.length === 2,
  format: (value) => String(readU16(value, 0)),
  parse(token) {
    const port = /^[0-9]{1,5}$/.test(token.text) ? Number(token.text) : 0x10000
    if (port > 0xffff) throw notAs('a port', token)
    return Uint8Array.of(port >> 8, port & 0xff)
  },
}

const ECH: ValueKind = {
  valid: (value) => value.length > 0,
  format: formatBase64,
  parse(token) {
    const octets = base64Of(token)
    if (octets.length === 0) throw notAs('base 64', token)
    return octets
  },
}

/** Protocol identifiers, each a character-string of one octet at least (RFC 9460 7.1.1). */
const ALPN: ValueKind = {
  valid(value) {
    let at = 0
    while (at < value.length && value[at] !== 0) at += 1 + value[at]!
    return value.length > 0 && at === value.length
  },
  format(value) {
    const items: string[] = []
    for (let at = 0; at < value.length; at += 1 + value[at]!) {
      // A comma or backslash in an item is escaped first, the whole list a second time (RFC 9460 A.1).
      const item = Buffer.from(value.subarray(at + 1, at + 1 + value[at]!)).toString('latin1')
      items.push(item.replace(/[\\,]/g, '\\$&'))
    }
    return formatCharacterString(Buffer.from(items.join(','), 'latin1'))
  },
  parse(token) {
    const list = Buffer.from(parseCharacterString(token)).toString('latin1')
    const items = list.match(/(?:[^\\,]|\\[\\,])+/g) ?? []
    if (items.length === 0 || items.join(',') !== list) throw notAs('a list of protocol identifiers', token)
    const octets = items.map((item) => Buffer.from(item.replace(/\\([\\,])/g, '$1'), 'latin1'))
    if (octets.some((item) => item.length > 255))
      throw notAs('protocol identifiers of at most 255 octets', token)
    return concatOctets(...octets.flatMap((item) => [Uint8Array.of(item.length), item]))
  },
}

function addresses(length: number, expected: string): ValueKind {
  return {
    valid: (value) => value.length > 0 && value.length % length === 0,
    format(value) {
      const words: string[] = []
      for (let at = 0; at < value.length; at += length)
        words.push(formatAddress(value.subarray(at, at + length)))
      return words.join(',')
    },
    parse(token) {
      const parts = token.text.split(',').map((word) => parseAddress(word))
      const octets = parts.filter((address) => address?.length === length)
      if (octets.length !== parts.length) throw notAs(expected, token)
      return concatOctets(...(octets as Uint8Array[]))
    },
  }
}

const VALUE_KINDS: readonly ValueKind[] = [
  KEYS,
  ALPN,
  FLAG,
  PORT,
  addresses(4, 'IPv4 addresses'),
  ECH,
  addresses(16, 'IPv6 addresses'),
  TEXT,
  FLAG,
]

/** Parameters to the end, or none: keys in rising order, each with its value. */
export const SERVICE_PARAMETERS: FieldKind = {
  reading: 'opaque',
  end(octets, at, to) {
    const present = new Set<number>()
    let last = -1
    let next = at
    while (next < to) {
      if (next + 4 > to) return -1
      const key = readU16(octets, next)
      const end = next + 4 + readU16(octets, next + 2)
      if (key <= last || end > to || !valueKind(key).valid(octets.subarray(next + 4, end))) return -1
      present.add(key)
      last = key
      next = end
    }
    return holdsMandatory(octets, at, present) ? to : -1
  },
  format(octets, at, end) {
    const words: string[] = []
    for (let next = at; next < end; ) {
      const valueEnd = next + 4 + readU16(octets, next + 2)
      const key = readU16(octets, next)
      const value = valueKind(key).format(octets.subarray(next + 4, valueEnd))
      words.push(value === undefined ? formatKey(key) : `${formatKey(key)}=${value}`)
      next = valueEnd
    }
    return words.join(' ')
  },
  parse(text, out) {
    const values = new Map<number, Uint8Array>()
    while (text.more) parseParameter(text, values)
    for (const key of [...values.keys()].sort((a, b) => a - b)) writeParameter(key, values.get(key)!, out)
  },
}

/** True when every key that `mandatory` lists is there (RFC 9460 8). */
function holdsMandatory(octets: Uint8Array, at: number, present: ReadonlySet<number>): boolean {
  if (!present.has(KEY_MANDATORY)) return true
  for (let i = at + 4; i < at + 4 + readU16(octets, at + 2); i += 2)
    if (!present.has(readU16(octets, i))) return false
  return true
}

function parseParameter(text: TokenCursor, values: Map<number, Uint8Array>): void {
  const token = text.take('a service parameter')
  const equals = token.text.indexOf('=')
  const word = equals < 0 ? token.text : token.text.slice(0, equals)
  const key = parseKey(word, token)
  if (values.has(key)) throw new TextFault(`${word} stands twice`, token)
  const value = { ...token, text: equals < 0 ? '' : token.text.slice(equals + 1) }
  // A known key in its generic form holds the value's octets.
  values.set(key, /^key/i.test(word) ? parseCharacterString(value) : valueKind(key).parse(value))
}

function writeParameter(key: number, value: Uint8Array, out: OctetSink): void {
  out.u16(key)
  out.u16(value.length)
  if (value.length > 0xffff) out.overflow = true
  else out.octets(value)
}

function valueKind(key: number): ValueKind {
  return VALUE_KINDS[key] ?? TEXT
}

function formatKey(key: number): string {
  return KEY_NAMES[key] ?? `key${key}`
}

function parseKey(word: string, token: Token): number {
  const known = KEY_NAMES.indexOf(word.toLowerCase())
  if (known >= 0) return known
  const number = /^key(?:0|[1-9][0-9]{0,4})$/i.test(word) ? Number(word.slice(3)) : 0xffff
  if (number >= 0xffff) throw notAs('a service parameter as key=value', token)
  return number
}
