/** Type bit maps of NSEC, NSEC3 and CSYNC (RFC 4034 4.1.2). */

declare const TYPE_BITMAP: unique symbol

/** Type bit maps in wire form, known to be well formed. */
export type TypeBitmap = Uint8Array & { readonly [TYPE_BITMAP]: true }

/**
 * Takes octets as type bit maps: windows in rising order, each of 1 to 32 octets. None at all is allowed
 * (RFC 5155 3.2.1: an empty non-terminal).
 *
 * @returns the same octets, not copied, or undefined
 */
export function parseTypeBitmap(octets: Uint8Array): TypeBitmap | undefined {
  let last = -1
  let at = 0
  while (at < octets.length) {
    if (at + 2 > octets.length) return undefined
    const window = octets[at]!
    const length = octets[at + 1]!
    if (window <= last || length === 0 || length > 32 || at + 2 + length > octets.length) return undefined
    last = window
    at += 2 + length
  }
  return octets as TypeBitmap
}

/** True when the bit of `type` is set. */
export function bitmapHas(types: TypeBitmap, type: number): boolean {
  const window = type >> 8
  const octet = (type & 0xff) >> 3
  for (let at = 0; at < types.length && types[at]! <= window; at += 2 + types[at + 1]!) {
    if (types[at] === window)
      return octet < types[at + 1]! && (types[at + 2 + octet]! & (0x80 >> (type & 7))) !== 0
  }
  return false
}

/** The types whose bits are set, rising. */
export function bitmapTypes(types: TypeBitmap): number[] {
  const found: number[] = []
  for (let at = 0; at < types.length; at += 2 + types[at + 1]!) {
    for (let bit = 0; bit < types[at + 1]! * 8; bit++) {
      if ((types[at + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) found.push((types[at]! << 8) | bit)
    }
  }
  return found
}

/** Type bit maps with exactly these types, in the shortest form; order and repetition do not matter. */
export function writeTypeBitmap(types: readonly number[]): TypeBitmap {
  const octets: number[] = []
  let window = -1
  let lengthAt = 0
  for (const type of [...types].sort((a, b) => a - b)) {
    if (type >> 8 !== window) {
      window = type >> 8
      octets.push(window, 0)
      lengthAt = octets.length - 1
    }
    const index = lengthAt + 1 + ((type & 0xff) >> 3)
    while (octets.length <= index) octets.push(0)
    octets[index]! |= 0x80 >> (type & 7)
    octets[lengthAt] = octets.length - lengthAt - 1
  }
  return Uint8Array.from(octets) as TypeBitmap
}
