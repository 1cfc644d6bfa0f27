/** Keys and values that tell whether a value is whole and belongs to its key: what torn reads would mix. */

/** Keys in use: few, so that they are replaced, and more than a small table holds, so that they have to go. */
export const KEYS = 150

/** The key of a number below `KEYS`; they differ in length. */
export function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(4 + (number % 5)).fill(number)
  key[0] = number
  return key
}

/** Octets of the values: some of one entry in two cache lines, some of a quarter of a small table; four in a row are alike. */
export function valueOctets(serial: number): number {
  return 8 + (((serial >>> 2) * 2_654_435_761) % 700)
}

/** Writes the value with this serial number for a key; every octet depends on both. Returns its length. */
export function writeValue(value: Uint8Array, number: number, serial: number): number {
  const octets = valueOctets(serial)
  value[0] = number
  for (let i = 0; i < 4; i++) value[1 + i] = serial >>> (8 * i)
  for (let i = 5; i < octets; i++) value[i] = (serial * 31 + number * 7 + i) & 0xff
  return octets
}

const EXPECTED = new Uint8Array(1024)

/** What is wrong with the value found under a key, or undefined. */
export function faultOf(
  octets: Uint8Array,
  start: number,
  end: number,
  number: number = octets[start]!,
): string | undefined {
  if (octets[start] !== number) return `the value of key ${octets[start]} under key ${number}`
  const serial = new DataView(octets.buffer, octets.byteOffset + start + 1, 4).getUint32(0, true)
  if (end - start !== valueOctets(serial)) return `${end - start} octets of value ${serial}`
  writeValue(EXPECTED, number, serial)
  for (let i = 0; i < end - start; i++)
    if (octets[start + i] !== EXPECTED[i]) return `octet ${i} of value ${serial} is another's`
  return undefined
}
