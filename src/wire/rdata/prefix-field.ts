/** RDATA of APL: a list of address prefixes (RFC 3123). */
import { formatAddress, parseAddress } from '../../base/address.ts'
import { readU16 } from '../integers.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, type TokenCursor } from '../text-token.ts'
import type { FieldKind } from './field.ts'

/** Octets of an address by IANA address family. */
const ADDRESS_OCTETS: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [2, 16],
])
const NEGATION = 0x80

/** Prefixes to the end, or none. */
export const PREFIXES: FieldKind = {
  reading: 'plain',
  end(octets, at, to) {
    let next = at
    while (next >= 0 && next < to) next = endOfPrefix(octets, next, to)
    return next
  },
  format(octets, at, end) {
    const words: string[] = []
    for (let next = at; next < end; next = endOfPrefix(octets, next, end))
      words.push(formatPrefix(octets, next))
    return words.join(' ')
  },
  parse(text, out) {
    while (text.more) parsePrefix(text, out)
  },
}

function endOfPrefix(octets: Uint8Array, at: number, to: number): number {
  if (at + 4 > to) return -1
  const addressOctets = ADDRESS_OCTETS.get(readU16(octets, at))
  const length = octets[at + 3]! & ~NEGATION
  const end = at + 4 + length
  if (addressOctets === undefined || length > addressOctets || end > to) return -1
  if (octets[at + 2]! > addressOctets * 8) return -1
  // Trailing zero octets are left out (RFC 3123 4).
  return length > 0 && octets[end - 1] === 0 ? -1 : end
}

function formatPrefix(octets: Uint8Array, at: number): string {
  const family = readU16(octets, at)
  const address = new Uint8Array(ADDRESS_OCTETS.get(family)!)
  address.set(octets.subarray(at + 4, at + 4 + (octets[at + 3]! & ~NEGATION)))
  const sign = (octets[at + 3]! & NEGATION) === 0 ? '' : '!'
  return `${sign}${family}:${formatAddress(address)}/${octets[at + 2]}`
}

function parsePrefix(text: TokenCursor, out: OctetSink): void {
  const expected = 'an address prefix as [!]family:address/length'
  const token = text.take(expected)
  const parts = /^(!?)([12]):([0-9a-fA-F.:]+)\/([0-9]{1,3})$/.exec(token.text)
  const family = Number(parts?.[2])
  const addressOctets = ADDRESS_OCTETS.get(family)
  const address = parts === null ? undefined : parseAddress(parts[3]!)
  const length = Number(parts?.[4])
  if (address === undefined || address.length !== addressOctets || length > addressOctets * 8) {
    throw notAs(expected, token)
  }
  let kept = address.length
  while (kept > 0 && address[kept - 1] === 0) kept--
  out.u16(family)
  out.u8(length)
  out.u8((parts![1] === '!' ? NEGATION : 0) | kept)
  out.octets(address, 0, kept)
}
