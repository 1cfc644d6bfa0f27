/** Fields that are sets of types or ports, one bit each. */
import { formatType, parseType } from '../iana/rrtype.ts'
import { notAs, TextFault, type TokenCursor } from '../text-token.ts'
import type { FieldKind } from './field.ts'
import { bitmapTypes, parseTypeBitmap, type TypeBitmap, writeTypeBitmap } from './type-bitmap.ts'

/** Type bit maps of NSEC, NSEC3 and CSYNC, to the end (RFC 4034 4.1.2). */
export const TYPE_BITMAP: FieldKind = {
  reading: 'opaque',
  end: (octets, at, to) => (parseTypeBitmap(octets.subarray(at, to)) === undefined ? -1 : to),
  format: (octets, at, end) =>
    bitmapTypes(octets.subarray(at, end) as TypeBitmap)
      .map(formatType)
      .join(' '),
  parse: (text, out) => out.octets(writeTypeBitmap(takeTypes(text))),
}

const NXT_OCTETS_MAX = 16

/** The one bit map of NXT, to the end; bit 0, which asks for another form, is clear (RFC 2535 5.2). */
export const NXT_BITMAP: FieldKind = {
  reading: 'opaque',
  end: (octets, at, to) => (to - at > NXT_OCTETS_MAX || (at < to && octets[at]! >= 0x80) ? -1 : to),
  format: (octets, at, end) => bitsSet(octets, at, end).map(formatType).join(' '),
  parse(text, out) {
    const first = text.peek()
    const types = takeTypes(text)
    if (first !== undefined && types.some((type) => type === 0 || type >= NXT_OCTETS_MAX * 8)) {
      throw new TextFault('NXT knows types 1 to 127 only', first)
    }
    out.octets(writeBits(types))
  },
}

/** IP protocols and ports that WKS text may name (RFC 1010); all others are numbers. */
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 }
const PORTS: Readonly<Record<string, number>> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  nameserver: 42,
  nicname: 43,
  domain: 53,
  gopher: 70,
  finger: 79,
  http: 80,
  pop2: 109,
  pop3: 110,
  sunrpc: 111,
  auth: 113,
  sftp: 115,
  nntp: 119,
  ntp: 123,
  snmp: 161,
}

/** Protocol and port bit map of WKS, to the end (RFC 1035 3.4.2). */
export const SERVICES: FieldKind = {
  reading: 'opaque',
  end: (_, at, to) => (at < to && to - at - 1 <= 0x2000 ? to : -1),
  format: (octets, at, end) => [octets[at]!, ...bitsSet(octets, at + 1, end)].join(' '),
  parse(text, out) {
    out.u8(takeNamed(text, PROTOCOLS, 0xff, 'an IP protocol'))
    const ports: number[] = []
    while (text.more) ports.push(takeNamed(text, PORTS, 0xffff, 'a port'))
    out.octets(writeBits(ports))
  },
}

function takeTypes(text: TokenCursor): number[] {
  const types: number[] = []
  while (text.more) {
    const token = text.take('a record type')
    const type = parseType(token.text)
    if (type === undefined) throw notAs('a record type', token)
    types.push(type)
  }
  return types
}

function takeNamed(
  text: TokenCursor,
  names: Readonly<Record<string, number>>,
  max: number,
  expected: string,
): number {
  const word = text.peek()?.text.toLowerCase() ?? ''
  if (!Object.hasOwn(names, word)) return text.takeNumber(max, expected)
  text.take(expected)
  return names[word]!
}

function bitsSet(octets: Uint8Array, at: number, end: number): number[] {
  const bits: number[] = []
  for (let bit = 0; bit < (end - at) * 8; bit++) {
    if ((octets[at + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) bits.push(bit)
  }
  return bits
}

function writeBits(bits: readonly number[]): Uint8Array {
  let highest = -1
  for (const bit of bits) highest = Math.max(highest, bit)
  const octets = new Uint8Array((highest >> 3) + 1)
  for (const bit of bits) octets[bit >> 3]! |= 0x80 >> (bit & 7)
  return octets
}
