/** Addresses of other networks: NSAP (RFC 1706) and ATM (ATM Forum, ATM Name System 2.0). */
import { formatHex, octetsFromHex } from '../../base/octets.ts'
import { notAs } from '../text-token.ts'
import type { FieldKind } from './field.ts'

/** An NSAP to the end: `0x` and hexadecimal digits, full stops between them ignored. */
export const NSAP_ADDRESS: FieldKind = {
  reading: 'plain',
  end: (_, at, to) => (at < to ? to : -1),
  format: (octets, at, end) => `0x${formatHex(octets.subarray(at, end))}`,
  parse(text, out) {
    const token = text.take('an NSAP as 0x and hexadecimal digits')
    const octets = /^0x/i.test(token.text)
      ? octetsFromHex(token.text.slice(2).replaceAll('.', ''))
      : undefined
    if (octets === undefined || octets.length === 0)
      throw notAs('an NSAP as 0x and hexadecimal digits', token)
    out.octets(octets)
  },
}

const FORMAT_AESA = 0
const FORMAT_E164 = 1

/** An ATM address to the end: hexadecimal digits (AESA), or `+` and decimal digits (E.164). */
export const ATM_ADDRESS: FieldKind = {
  reading: 'plain',
  end(octets, at, to) {
    if (at + 2 > to || octets[at]! > FORMAT_E164) return -1
    if (octets[at] === FORMAT_AESA) return to
    for (let i = at + 1; i < to; i++) if (octets[i]! < 0x30 || octets[i]! > 0x39) return -1
    return to
  },
  format(octets, at, end) {
    const address = octets.subarray(at + 1, end)
    return octets[at] === FORMAT_AESA ? formatHex(address) : `+${Buffer.from(address).toString('latin1')}`
  },
  parse(text, out) {
    const token = text.take('an ATM address')
    const plain = token.text.replaceAll('.', '')
    const digits = /^\+[0-9]+$/.test(plain)
    const octets = digits ? Buffer.from(plain.slice(1), 'latin1') : octetsFromHex(plain)
    if (octets === undefined || octets.length === 0) throw notAs('an ATM address', token)
    out.u8(digits ? FORMAT_E164 : FORMAT_AESA)
    out.octets(octets)
  },
}
