/** Fields of plain octets: hexadecimal, base 64 or base 32 in text. */
import { formatHex, octetsFromHex } from '../../base/octets.ts'
import { formatBase32hex, parseBase32hex } from '../base32hex.ts'
import { notAs, TextFault, type Token } from '../text-token.ts'
import type { FieldKind } from './field.ts'

/** Octets to the end, one at least; hexadecimal. */
export const HEX_REST: FieldKind = {
  reading: 'plain',
  end: (_, at, to) => (at < to ? to : -1),
  format: (octets, at, end) => formatHex(octets.subarray(at, end)).toUpperCase(),
  parse: (text, out) => out.octets(hexOf(text.takeRest('hexadecimal digits'))),
}

/** Octets to the end, one at least; base 64. */
export const BASE64_REST: FieldKind = {
  reading: 'plain',
  end: (_, at, to) => (at < to ? to : -1),
  format: (octets, at, end) => formatBase64(octets.subarray(at, end)),
  parse: (text, out) => out.octets(base64Of(text.takeRest('base 64'))),
}

/** Octets to the end or none; base 64. */
export const BASE64_OPTIONAL: FieldKind = {
  ...BASE64_REST,
  end: (_octets, _at, to) => to,
  parse(text, out) {
    if (text.more) BASE64_REST.parse(text, out)
  },
}

/** As `BASE64_OPTIONAL`, but no octets are written as a hyphen (DOA). */
export const BASE64_OR_HYPHEN: FieldKind = {
  ...BASE64_OPTIONAL,
  format: (octets, at, end) => (at === end ? '-' : BASE64_REST.format(octets, at, end)),
  parse(text, out) {
    if (text.peek()?.text === '-') text.take('base 64 or a hyphen')
    else BASE64_REST.parse(text, out)
  },
}

/** A length octet and that many octets; hexadecimal in one word, a hyphen for none: NSEC3 salt (RFC 5155 3.3). */
export const SALT: FieldKind = {
  reading: 'plain',
  end: endOfCounted,
  format: (octets, at, end) => (end === at + 1 ? '-' : formatHex(octets.subarray(at + 1, end)).toUpperCase()),
  parse(text, out) {
    const token = text.take('a salt in hexadecimal, or a hyphen')
    const salt = token.text === '-' ? new Uint8Array(0) : hexOf(token)
    if (salt.length > 255) throw new TextFault('a salt is longer than 255 octets', token)
    out.u8(salt.length)
    out.octets(salt)
  },
}

/** A length octet and that many octets, one at least; base32hex: NSEC3 next hashed owner name (RFC 5155 3.3). */
export const HASH: FieldKind = {
  reading: 'plain',
  end(octets, at, to) {
    const end = endOfCounted(octets, at, to)
    return end === at + 1 ? -1 : end
  },
  format: (octets, at, end) => formatBase32hex(octets.subarray(at + 1, end)).toUpperCase(),
  parse(text, out) {
    const token = text.take('a hash in base 32')
    const hash = parseBase32hex(token.text)
    if (hash === undefined || hash.length === 0) throw notAs('a hash in base 32 (extended hex)', token)
    if (hash.length > 255) throw new TextFault('a hash is longer than 255 octets', token)
    out.u8(hash.length)
    out.octets(hash)
  },
}

/** Octets of a word of hexadecimal digits. Throws TextFault. */
export function hexOf(token: Token): Uint8Array {
  const octets = octetsFromHex(token.text)
  if (octets === undefined) throw notAs('hexadecimal digits, two an octet', token)
  return octets
}

/** Octets of a word of base 64 (RFC 4648 4), padded. Throws TextFault. */
export function base64Of(token: Token): Uint8Array {
  const { text } = token
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw notAs('base 64', token)
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** Base 64 of the octets, padded. */
export function formatBase64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')
}

function endOfCounted(octets: Uint8Array, at: number, to: number): number {
  if (at >= to) return -1
  const end = at + 1 + octets[at]!
  return end <= to ? end : -1
}
