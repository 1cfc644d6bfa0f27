/** Presentation form of names: RFC 1035 5.1, both ways, nothing lost. */
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../base/limits.ts'
import { type Name, ROOT } from './name.ts'

const DOT = 0x2e
const BACKSLASH = 0x5c
const ZERO = 0x30
/** Octets with a meaning in master files: " $ ( ) . ; @ \ */
const SPECIAL = new Set([0x22, 0x24, 0x28, 0x29, DOT, 0x3b, 0x40, BACKSLASH])

/** Room for the text of any name. */
const text = Buffer.alloc(4 * NAME_OCTETS_MAX)

/**
 * Text of a name, with the final dot; unprintable octets as \DDD, special ones behind a backslash. In one piece: a text that
 * grows by `+=` takes a dozen times its length for as long as nobody reads it.
 */
export function formatName(name: Name): string {
  if (name.length === 1) return '.'
  let end = 0
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) {
    for (let i = at + 1; i <= at + name[at]!; i++) end = writeOctet(name[i]!, end)
    text[end++] = DOT
  }
  return text.toString('latin1', 0, end)
}

/** Returns where the next one is written. */
function writeOctet(octet: number, at: number): number {
  if (octet > 0x20 && octet < 0x7f) {
    if (!SPECIAL.has(octet)) {
      text[at] = octet
      return at + 1
    }
    text[at] = BACKSLASH
    text[at + 1] = octet
    return at + 2
  }
  text[at] = BACKSLASH
  text[at + 1] = ZERO + Math.floor(octet / 100)
  text[at + 2] = ZERO + (Math.floor(octet / 10) % 10)
  text[at + 3] = ZERO + (octet % 10)
  return at + 4
}

/** Why a text is not a name. */
export interface NameTextFault {
  readonly fault: string
  /** Characters before the fault. */
  readonly at: number
}

/** Reads a name as `parseNameText` does. */
export type NameReading = (text: string, origin: Name) => Name | NameTextFault

/**
 * Reads a name. One without a final dot is completed by `origin`; `@` alone is the origin.
 * Characters above 0x7f count as their UTF-8 octets.
 */
export function parseNameText(text: string, origin: Name = ROOT): Name | NameTextFault {
  if (text === '@') return origin
  if (text === '.') return ROOT
  if (text === '') return { fault: 'a name is empty', at: 0 }
  const octets: number[] = [0]
  let labelAt = 0
  for (let i = 0; i < text.length; ) {
    if (text.charCodeAt(i) === DOT) {
      if (octets.length - 1 === labelAt) return { fault: 'a label is empty', at: i }
      octets[labelAt] = octets.length - 1 - labelAt
      labelAt = octets.length
      octets.push(0)
      i++
      continue
    }
    const step = readOctets(text, i, octets)
    if (typeof step === 'string') return { fault: step, at: i }
    i += step
    if (octets.length - 1 - labelAt > LABEL_OCTETS_MAX)
      return { fault: 'a label is longer than 63 octets', at: i }
    if (octets.length > NAME_OCTETS_MAX) return { fault: 'a name is longer than 255 octets', at: i }
  }
  const relative = octets.length - 1 > labelAt
  if (relative) octets[labelAt] = octets.length - 1 - labelAt
  const tail: Uint8Array = relative ? origin : new Uint8Array(0)
  if (octets.length + tail.length > NAME_OCTETS_MAX)
    return { fault: 'a name is longer than 255 octets', at: 0 }
  const name = new Uint8Array(octets.length + tail.length)
  name.set(octets)
  name.set(tail, octets.length)
  return name as Name
}

/** Appends the octets of one character or escape; returns how many characters it took, or the fault. */
function readOctets(text: string, at: number, octets: number[]): number | string {
  if (text.charCodeAt(at) !== BACKSLASH) {
    const point = text.codePointAt(at)!
    if (point < 0x80) octets.push(point)
    else octets.push(...Buffer.from(String.fromCodePoint(point), 'utf8'))
    return point > 0xffff ? 2 : 1
  }
  const digits = text.slice(at + 1, at + 4)
  if (/^[0-9]{3}$/.test(digits)) {
    const value = Number(digits)
    if (value > 255) return `\\${digits} is not an octet`
    octets.push(value)
    return 4
  }
  if (at + 1 >= text.length) return 'a backslash ends the text'
  if (/^[0-9]/.test(digits)) return 'an escape needs three decimal digits'
  const point = text.codePointAt(at + 1)!
  if (point < 0x80) octets.push(point)
  else octets.push(...Buffer.from(String.fromCodePoint(point), 'utf8'))
  return point > 0xffff ? 3 : 2
}

/** A name known to be right, for names written in the program and in tests. Throws RangeError otherwise. */
export function nameFrom(text: string): Name {
  const name = parseNameText(text)
  if (!(name instanceof Uint8Array)) throw new RangeError(`${text}: ${name.fault}`)
  return name
}
