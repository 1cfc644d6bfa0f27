/** Fields that are addresses or identifiers of hosts. */
import { formatAddress, parseAddress } from '../../base/address.ts'
import { formatHex } from '../../base/octets.ts'
import { notAs, type TokenCursor } from '../text-token.ts'
import type { FieldKind } from './field.ts'

/** An IPv4 address (RFC 1035 3.4.1). */
export const IPV4: FieldKind = addressField(4, 'an IPv4 address')
/** An IPv6 address (RFC 3596 2.2). */
export const IPV6: FieldKind = addressField(16, 'an IPv6 address')

/** 48 bits as six pairs of hexadecimal digits (RFC 7043 3.2). */
export const EUI48: FieldKind = groupsField(6, 2, '-', 'an EUI-48 as xx-xx-xx-xx-xx-xx')
/** 64 bits as eight pairs of hexadecimal digits (RFC 7043 4.2). */
export const EUI64: FieldKind = groupsField(8, 2, '-', 'an EUI-64 as xx-xx-xx-xx-xx-xx-xx-xx')
/** 64 bits as four groups of hexadecimal digits, leading zeros optional when read (RFC 6742 2.1.2). */
export const LOCATOR64: FieldKind = groupsField(8, 4, ':', 'a 64-bit locator as xxxx:xxxx:xxxx:xxxx')

function addressField(length: number, expected: string): FieldKind {
  return {
    reading: 'checked',
    end: (_, at, to) => (at + length <= to ? at + length : -1),
    format: (octets, at, end) => formatAddress(octets.subarray(at, end)),
    parse: (text, out) => out.octets(takeAddress(text, length, expected)),
  }
}

/** The next word as an address of 4 or 16 octets. Throws TextFault. */
export function takeAddress(text: TokenCursor, length: number, expected: string): Uint8Array {
  const token = text.take(expected)
  const address = parseAddress(token.text)
  if (address?.length !== length) throw notAs(expected, token)
  return address
}

function groupsField(length: number, digits: number, separator: string, expected: string): FieldKind {
  const group = digits === 2 ? '[0-9a-fA-F]{2}' : `[0-9a-fA-F]{1,${digits}}`
  const pattern = new RegExp(`^${group}(?:${separator}${group}){${(length * 2) / digits - 1}}$`)
  return {
    reading: 'plain',
    end: (_, at, to) => (at + length <= to ? at + length : -1),
    format: (octets, at, end) =>
      formatHex(octets.subarray(at, end))
        .match(new RegExp(`.{${digits}}`, 'g'))!
        .join(separator),
    parse(text, out) {
      const token = text.take(expected)
      if (!pattern.test(token.text)) throw notAs(expected, token)
      const hex = token.text.split(separator).map((part) => part.padStart(digits, '0'))
      out.octets(Buffer.from(hex.join(''), 'hex'))
    },
  }
}
