/** What stands behind the message of an answer entry: extended errors as EDNS options, and the link that is broken. */
import { EDE_PER_ANSWER_MAX, EDE_TEXT_OCTETS_MAX } from '../base/limits.ts'
import { NO_OCTETS } from '../base/octets.ts'
import type { BrokenLink } from '../dnssec/broken-link.ts'
import { type ExtendedError, parseEde } from '../wire/edns.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { readU16, writeU16 } from '../wire/integers.ts'
import { foldName, nameFromOctets, nameLengthAt } from '../wire/name.ts'
import { utf8Within } from './fields.ts'

/** Octets of an EDNS option before its content: code and length. */
export const OPTION_HEADER_OCTETS = 4
/** The type, before the name of the zone. */
const LINK_TYPE_OCTETS = 2

const EDES = new Uint8Array(EDE_PER_ANSWER_MAX * (OPTION_HEADER_OCTETS + 2 + EDE_TEXT_OCTETS_MAX))

/** Options ready to be copied into an OPT record: a view that the next call writes over. */
export function edeOctets(errors: readonly ExtendedError[]): Uint8Array {
  if (errors.length === 0) return NO_OCTETS
  const octets = EDES
  let end = 0
  for (const { code, text } of errors.slice(0, EDE_PER_ANSWER_MAX)) {
    const extra = utf8Within(text)
    writeU16(octets, end, OPTION.EXTENDED_ERROR)
    writeU16(octets, end + 2, 2 + extra.length)
    writeU16(octets, end + 4, code)
    octets.set(extra, end + 6)
    end += 6 + extra.length
  }
  return octets.subarray(0, end)
}

/** What `edeOctets` wrote from `start` to `end`. */
export function readEdes(octets: Uint8Array, start: number, end: number): ExtendedError[] {
  const errors: ExtendedError[] = []
  for (let optionAt = start; optionAt < end; ) {
    const contentAt = optionAt + OPTION_HEADER_OCTETS
    optionAt = contentAt + readU16(octets, optionAt + 2)
    const error = parseEde({ code: OPTION.EXTENDED_ERROR, octets: octets.subarray(contentAt, optionAt) })
    if (error !== undefined) errors.push(error)
  }
  return errors
}

/** Its type and the zone's name; nothing where none is known. */
export function linkOctets(link: BrokenLink | undefined): Uint8Array {
  if (link === undefined) return NO_OCTETS
  const octets = new Uint8Array(LINK_TYPE_OCTETS + link.zone.length)
  writeU16(octets, 0, link.type)
  octets.set(foldName(link.zone), LINK_TYPE_OCTETS)
  return octets
}

/** Octets of a link that begins at `at`. */
export function linkLength(octets: Uint8Array, at: number): number {
  return LINK_TYPE_OCTETS + nameLengthAt(octets, at + LINK_TYPE_OCTETS, octets.length)
}

/** What `linkOctets` wrote at `at`. */
export function readLink(octets: Uint8Array, at: number): BrokenLink | undefined {
  const zone = nameFromOctets(octets.slice(at + LINK_TYPE_OCTETS, at + linkLength(octets, at)))
  return zone && { zone, type: readU16(octets, at) }
}
