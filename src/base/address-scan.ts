/** Reading the text of addresses that the system hands out with every datagram, into a buffer that is kept. */

const DOT = 0x2e
const COLON = 0x3a
const PERCENT = 0x25

/**
 * Reads an address as the sockets of the system write it, a zone index (`%eth0`) left out. Allocates nothing.
 *
 * @param into sixteen octets at least; the address goes to its start
 * @returns 4 or 16, the octets of the address, or 0 when the text is none
 */
export function scanAddress(text: string, into: Uint8Array): 0 | 4 | 16 {
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === COLON) return scanIPv6(text, into)
    if (character === DOT) return scanIPv4(text, 0, text.length, into, 0) ? 4 : 0
  }
  return 0
}

function scanIPv4(text: string, from: number, to: number, into: Uint8Array, at: number): boolean {
  let value = -1
  let parts = 0
  for (let i = from; i <= to; i++) {
    const character = i === to ? DOT : text.charCodeAt(i)
    if (character === DOT) {
      if (value < 0 || parts === 4) return false
      into[at + parts++] = value
      value = -1
    } else {
      if (character < 0x30 || character > 0x39) return false
      value = Math.max(0, value) * 10 + character - 0x30
      if (value > 255) return false
    }
  }
  return parts === 4
}

function scanIPv6(text: string, into: Uint8Array): 0 | 16 {
  const percent = text.indexOf('%')
  const end = percent < 0 ? text.length : percent
  let at = 0
  let gapAt = -1
  for (let i = 0; i < end; ) {
    if (text.charCodeAt(i) === COLON && text.charCodeAt(i + 1) === COLON) {
      if (gapAt >= 0) return 0
      gapAt = at
      i += 2
      continue
    }
    // A single colon stands between two groups and nowhere else.
    if (at > 0 && gapAt !== at) {
      if (text.charCodeAt(i) !== COLON) return 0
      i++
    }
    const groupEnd = endOfGroup(text, i, end)
    if (text.charCodeAt(groupEnd) === DOT) {
      if (at > 12 || !scanIPv4(text, i, end, into, at)) return 0
      at += 4
      break
    }
    const value = hexGroup(text, i, groupEnd)
    if (value < 0 || at === 16) return 0
    into[at++] = value >> 8
    into[at++] = value & 0xff
    i = groupEnd
  }
  if (gapAt < 0) return at === 16 ? 16 : 0
  if (at > 14) return 0
  into.copyWithin(16 - (at - gapAt), gapAt, at)
  into.fill(0, gapAt, 16 - (at - gapAt))
  return 16
}

function endOfGroup(text: string, from: number, end: number): number {
  let i = from
  while (
    i < end &&
    text.charCodeAt(i) !== COLON &&
    text.charCodeAt(i) !== DOT &&
    text.charCodeAt(i) !== PERCENT
  )
    i++
  return i
}

/** The value of one to four hexadecimal digits, or -1. */
function hexGroup(text: string, from: number, to: number): number {
  if (to === from || to - from > 4) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = hexDigit(text.charCodeAt(i))
    if (digit < 0) return -1
    value = (value << 4) | digit
  }
  return value
}

function hexDigit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  const lower = character | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
