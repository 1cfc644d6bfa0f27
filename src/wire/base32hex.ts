/** Base 32 with the extended hex alphabet, no padding (RFC 4648 7): text of NSEC3 hashes. */

const DIGITS = '0123456789abcdefghijklmnopqrstuv'

/** Lower-case text of the octets. */
export function formatBase32hex(octets: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += DIGITS[(held >> bits) & 31]
    }
  }
  return bits === 0 ? text : text + DIGITS[(held << (5 - bits)) & 31]
}

/** Octets of a text, whatever its case; undefined when it is no base32hex. */
export function parseBase32hex(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8))
  let at = 0
  let bits = 0
  let held = 0
  for (const character of text) {
    const digit = character > '\x7f' ? -1 : DIGITS.indexOf(character.toLowerCase())
    if (digit < 0) return undefined
    held = ((held << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      octets[at++] = (held >> bits) & 0xff
    }
  }
  // 1, 3 or 6 digits too many cannot come from whole octets; the bits left over must be zero.
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? undefined : octets
}
