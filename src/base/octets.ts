/** Small operations on octet sequences. */

/** The empty sequence, shared. */
export const NO_OCTETS: Uint8Array = new Uint8Array(0)

/** True when both hold the same octets. */
export function octetsEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * Order of octet strings, left-justified, absence before zero (the RDATA order of RFC 4034 6.3).
 *
 * @returns negative, zero or positive
 */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** One sequence out of many. */
export function concatOctets(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * The octets as a key for a JavaScript map: one character an octet, nothing lost, not text.
 * For small tables only; the caches key by octets.
 */
export function mapKey(octets: Uint8Array): string {
  return latin1Slice.call(octets as Buffer, 0, octets.length)
}

/** What `Buffer.toString('latin1')` comes to; it takes any octets, so no Buffer has to be made of them first. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Buffer, start: number, end: number): string
}

/** Octets of a hexadecimal text (white space allowed), or undefined when it is none. */
export function octetsFromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** Lower-case hexadecimal text of the octets. */
export function formatHex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')
}

/** True when `octets` hold `part` at offset `at`. */
export function holdsAt(octets: Uint8Array, at: number, part: Uint8Array): boolean {
  if (octets.length < at + part.length) return false
  for (let i = 0; i < part.length; i++) if (octets[at + i] !== part[i]) return false
  return true
}
