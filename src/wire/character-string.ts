/** Character-strings in presentation form (RFC 1035 5.1): quoted text with \DDD escapes, octets all the same. */
import { TextFault, type Token } from './text-token.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const encoder = new TextEncoder()

/** The octets between double quotes; quotes and backslashes escaped, unprintable octets as \DDD. */
export function formatCharacterString(octets: Uint8Array): string {
  let text = '"'
  for (const octet of octets) {
    if (octet < 0x20 || octet >= 0x7f) text += `\\${String(octet).padStart(3, '0')}`
    else if (octet === QUOTE || octet === BACKSLASH) text += `\\${String.fromCharCode(octet)}`
    else text += String.fromCharCode(octet)
  }
  return `${text}"`
}

/** The octets of a word, escapes resolved; characters above 0x7f count as their UTF-8 octets. Throws TextFault. */
export function parseCharacterString(token: Token): Uint8Array {
  const { text } = token
  if (!text.includes('\\')) return encoder.encode(text)
  const octets: number[] = []
  for (let i = 0; i < text.length; ) {
    if (text.charCodeAt(i) !== BACKSLASH) {
      const plain = text.indexOf('\\', i)
      const piece = text.slice(i, plain < 0 ? text.length : plain)
      for (const octet of encoder.encode(piece)) octets.push(octet)
      i += piece.length
      continue
    }
    const escaped = readEscape(token, i)
    for (const octet of escaped.octets) octets.push(octet)
    i += escaped.length
  }
  return Uint8Array.from(octets)
}

/** What the backslash at `at` stands for, and how many characters that takes. */
function readEscape(
  token: Token,
  at: number,
): { readonly octets: Iterable<number>; readonly length: number } {
  const following = token.text.slice(at + 1, at + 4)
  if (following === '') throw new TextFault('a backslash ends the text', token, at)
  if (!/^[0-9]/.test(following)) {
    const character = String.fromCodePoint(token.text.codePointAt(at + 1)!)
    return { octets: encoder.encode(character), length: 1 + character.length }
  }
  if (!/^[0-9]{3}$/.test(following)) throw new TextFault('an escape needs three decimal digits', token, at)
  if (Number(following) > 255) throw new TextFault(`\\${following} is not an octet`, token, at)
  return { octets: [Number(following)], length: 4 }
}
