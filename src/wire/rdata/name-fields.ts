/** Fields that are one domain name. */
import { type Name, nameLengthAt } from '../name.ts'
import { formatName } from '../name-text.ts'
import type { FieldKind } from './field.ts'

/** A name of the types of RFC 1035: may be compressed, canonical form is lower case. */
export const NAME_1035: FieldKind = nameField(true, true)
/** A name of the later types in RFC 4034's list: never written compressed, canonical form is lower case. */
export const NAME_FOLDED: FieldKind = nameField(true, false)
/** A name of all other types (RFC 3597 7): never written compressed, canonical form keeps its case. */
export const NAME: FieldKind = nameField(false, false)

/** Any number of names, to the end. */
export const NAMES: FieldKind = {
  reading: 'checked',
  name: { start: (_, at, to) => (at < to ? at : -1), folded: false, compressible: false, repeated: true },
  end(octets, at, to) {
    let next = at
    while (next < to) {
      const length = nameLengthAt(octets, next, to)
      if (length === 0) return -1
      next += length
    }
    return next
  },
  format(octets, at, end) {
    const names: string[] = []
    for (let next = at; next < end; ) {
      const length = nameLengthAt(octets, next, end)
      names.push(formatName(octets.subarray(next, next + length) as Name))
      next += length
    }
    return names.join(' ')
  },
  parse(text, out) {
    while (text.more) out.octets(text.takeName('a domain name'))
  },
}

function nameField(folded: boolean, compressible: boolean): FieldKind {
  return {
    reading: 'checked',
    name: { start: (_, at) => at, folded, compressible, repeated: false },
    end: endOfName,
    format: (octets, at, end) => formatName(octets.subarray(at, end) as Name),
    parse: (text, out) => out.octets(text.takeName('a domain name')),
  }
}

/** Offset after the uncompressed name at `at`, or -1. */
export function endOfName(octets: Uint8Array, at: number, to: number): number {
  const length = nameLengthAt(octets, at, to)
  return length === 0 ? -1 : at + length
}
