/** Fields whose first octets say what follows: gateways, relays, A6 suffixes, host identities. */
import { formatAddress, parseAddress } from '../../base/address.ts'
import { formatHex } from '../../base/octets.ts'
import { readU16 } from '../integers.ts'
import type { Name } from '../name.ts'
import { formatName } from '../name-text.ts'
import type { OctetSink } from '../octet-sink.ts'
import { notAs, TextFault, type TokenCursor } from '../text-token.ts'
import { takeAddress } from './address-fields.ts'
import { base64Of, formatBase64, hexOf } from './binary-fields.ts'
import type { FieldKind } from './field.ts'
import { endOfName } from './name-fields.ts'

const GATEWAY_NONE = 0
const GATEWAY_IPV4 = 1
const GATEWAY_IPV6 = 2
const GATEWAY_NAME = 3

/** IPSECKEY: gateway type, algorithm, gateway (RFC 4025 2.3 to 2.5). */
export const IPSEC_GATEWAY: FieldKind = {
  reading: 'checked',
  name: {
    start: (octets, at, to) => (at + 2 < to && octets[at] === GATEWAY_NAME ? at + 2 : -1),
    folded: false,
    compressible: false,
    repeated: false,
  },
  end: (octets, at, to) => (at + 2 <= to ? endOfGateway(octets[at]!, octets, at + 2, to) : -1),
  format: (octets, at, end) =>
    `${octets[at]} ${octets[at + 1]} ${formatGateway(octets[at]!, octets, at + 2, end)}`,
  parse(text, out) {
    const type = text.takeNumber(GATEWAY_NAME, 'a gateway type from 0 to 3')
    out.u8(type)
    out.u8(text.takeNumber(0xff, 'a key algorithm'))
    parseGateway(type, text, out)
  },
}

/** AMTRELAY: discovery-optional bit, relay type, relay (RFC 8777 4.2). */
export const AMT_RELAY: FieldKind = {
  reading: 'checked',
  name: {
    start: (octets, at, to) => (at + 1 < to && (octets[at]! & 0x7f) === GATEWAY_NAME ? at + 1 : -1),
    folded: false,
    compressible: false,
    repeated: false,
  },
  end: (octets, at, to) => (at + 1 <= to ? endOfGateway(octets[at]! & 0x7f, octets, at + 1, to) : -1),
  format(octets, at, end) {
    const type = octets[at]! & 0x7f
    return `${octets[at]! >> 7} ${type} ${formatGateway(type, octets, at + 1, end)}`.trimEnd()
  },
  parse(text, out) {
    const optional = text.takeNumber(1, 'a discovery-optional bit')
    const type = text.takeNumber(GATEWAY_NAME, 'a relay type from 0 to 3')
    out.u8((optional << 7) | type)
    parseGateway(type, text, out)
  },
}

function endOfGateway(type: number, octets: Uint8Array, at: number, to: number): number {
  if (type === GATEWAY_NONE) return at
  if (type === GATEWAY_IPV4) return at + 4 <= to ? at + 4 : -1
  if (type === GATEWAY_IPV6) return at + 16 <= to ? at + 16 : -1
  return type === GATEWAY_NAME ? endOfName(octets, at, to) : -1
}

function formatGateway(type: number, octets: Uint8Array, at: number, end: number): string {
  if (type === GATEWAY_NONE) return '.'
  if (type === GATEWAY_NAME) return formatName(octets.subarray(at, end) as Name)
  return formatAddress(octets.subarray(at, end))
}

function parseGateway(type: number, text: TokenCursor, out: OctetSink): void {
  if (type === GATEWAY_IPV4) out.octets(takeAddress(text, 4, 'an IPv4 address'))
  else if (type === GATEWAY_IPV6) out.octets(takeAddress(text, 16, 'an IPv6 address'))
  else if (type === GATEWAY_NAME) out.octets(text.takeName('a domain name'))
  else {
    const token = text.take('a full stop for no gateway')
    if (token.text !== '.') throw notAs('a full stop for no gateway', token)
  }
}

/** A6: prefix length, address suffix, prefix name unless the length is 0 (RFC 2874 3.1). */
export const A6_REST: FieldKind = {
  reading: 'checked',
  name: {
    start(octets, at, to) {
      const nameAt = at + 1 + suffixOctets(octets[at]!)
      return at < to && octets[at]! > 0 && octets[at]! <= 128 && nameAt < to ? nameAt : -1
    },
    folded: true,
    compressible: false,
    repeated: false,
  },
  end(octets, at, to) {
    if (at >= to || octets[at]! > 128) return -1
    const nameAt = at + 1 + suffixOctets(octets[at]!)
    if (nameAt > to) return -1
    // The bits of the first suffix octet that belong to the prefix are zero.
    if (nameAt > at + 1 && octets[at + 1]! >> (8 - (octets[at]! & 7)) !== 0) return -1
    return octets[at] === 0 ? nameAt : endOfName(octets, nameAt, to)
  },
  format(octets, at, end) {
    const prefix = octets[at]!
    const nameAt = at + 1 + suffixOctets(prefix)
    const address = new Uint8Array(16)
    address.set(octets.subarray(at + 1, nameAt), 16 - (nameAt - at - 1))
    const words = [String(prefix)]
    if (prefix < 128) words.push(formatAddress(address))
    if (prefix > 0) words.push(formatName(octets.subarray(nameAt, end) as Name))
    return words.join(' ')
  },
  parse(text, out) {
    const prefix = text.takeNumber(128, 'a prefix length up to 128')
    out.u8(prefix)
    if (prefix < 128) {
      const token = text.take('an IPv6 address')
      const address = parseAddress(token.text)
      if (address?.length !== 16) throw notAs('an IPv6 address', token)
      const suffix = address.slice(prefix >> 3)
      suffix[0]! &= 0xff >> (prefix & 7)
      out.octets(suffix)
    }
    if (prefix > 0) out.octets(text.takeName('a prefix name'))
  },
}

function suffixOctets(prefix: number): number {
  return prefix > 128 ? 0 : 16 - (prefix >> 3)
}

/** HIP: lengths, algorithm, host identity tag and public key (RFC 8005 5). */
export const HOST_IDENTITY: FieldKind = {
  reading: 'plain',
  end(octets, at, to) {
    if (at + 4 > to || octets[at] === 0) return -1
    const keyLength = readU16(octets, at + 2)
    const end = at + 4 + octets[at]! + keyLength
    return keyLength > 0 && end <= to ? end : -1
  },
  format(octets, at, end) {
    const keyAt = at + 4 + octets[at]!
    const tag = formatHex(octets.subarray(at + 4, keyAt)).toUpperCase()
    return `${octets[at + 1]} ${tag} ${formatBase64(octets.subarray(keyAt, end))}`
  },
  parse(text, out) {
    const algorithm = text.takeNumber(0xff, 'a public key algorithm')
    const tagToken = text.take('a host identity tag in hexadecimal')
    const tag = hexOf(tagToken)
    if (tag.length === 0 || tag.length > 255)
      throw new TextFault('a host identity tag has 1 to 255 octets', tagToken)
    const keyToken = text.take('a public key in base 64')
    const key = base64Of(keyToken)
    if (key.length === 0 || key.length > 0xffff)
      throw new TextFault('a public key has 1 to 65535 octets', keyToken)
    out.u8(tag.length)
    out.u8(algorithm)
    out.u16(key.length)
    out.octets(tag)
    out.octets(key)
  },
}
