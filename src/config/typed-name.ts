/**
 * Names as people type them, in configurations and commands: letters beyond ASCII are those of an internationalised name
 * (RFC 5890), not octets. Every edge where a name is typed reads it here.
 */
import { domainToASCII } from 'node:url'
import { type Name, ROOT } from '../wire/name.ts'
import { type NameTextFault, parseNameText } from '../wire/name-text.ts'

/** Besides the letters: what has no meaning of its own where host names are converted. */
const CONVERTIBLE = /^[-_0-9A-Za-z\u{80}-\u{10ffff}]+$/u
/** Dots that other alphabets have beside their letters (RFC 3490 3.1). */
const DOTS = /[.\u3002\uff0e\uff61]/
/** Keeps the converter from taking a label of digits for an address. */
const GUARD = '.x'

/** As `parseNameText`, which reads it; labels of ASCII, with their escapes, stay as they are. */
export function parseTypedName(text: string, origin: Name = ROOT): Name | NameTextFault {
  if (/^\p{ASCII}*$/u.test(text)) return parseNameText(text, origin)
  let ascii = ''
  /** Where each label ends in `ascii`, and where it began in `text`. */
  const labels: { readonly end: number; readonly at: number }[] = []
  for (let at = 0; at <= text.length; ) {
    const end = labelEnd(text, at)
    const label = asciiLabel(text.slice(at, end))
    if (label === undefined)
      return { fault: `"${text.slice(at, end)}" cannot be written in ASCII (RFC 5890)`, at }
    ascii += end < text.length ? `${label}.` : label
    labels.push({ end: ascii.length, at })
    at = end + 1
  }
  const name = parseNameText(ascii, origin)
  if (name instanceof Uint8Array) return name
  return { fault: name.fault, at: labels.find(({ end }) => name.at < end)?.at ?? 0 }
}

/** The next dot that no backslash stands before, or the end. */
function labelEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (DOTS.test(text[at]!)) return at
  }
  return text.length
}

/** Undefined where there is no such label: escapes stand for octets, which have no letters beside them. */
function asciiLabel(label: string): string | undefined {
  if (/^\p{ASCII}*$/u.test(label)) return label
  const ascii = CONVERTIBLE.test(label) ? domainToASCII(`${label}${GUARD}`) : ''
  const found = ascii.endsWith(GUARD) ? ascii.slice(0, -GUARD.length) : ''
  return found === '' || found.includes('.') ? undefined : found
}
