/** SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits that other programs compute as well. */

/** Octets of a key. */
export const SIPHASH_KEY_OCTETS = 16
/** 32-bit words of a key, and of a hash. */
export const SIPHASH_KEY_WORDS = 4
export const SIPHASH_WORDS = 2

/** The key of so many octets as words, from an index of `words` on. */
export function writeSipHashKey(key: Uint8Array, words: Int32Array, at = 0): void {
  for (let word = 0; word < SIPHASH_KEY_WORDS; word++) words[at + word] = wordAt(key, 4 * word)
}

/**
 * Hashes octets. A word of 64 bits is two of 32 here, the lower one first: nothing is allocated.
 *
 * @param keys holds the key at index `keyAt`
 * @param length octets of `message` that count
 * @param hash gets the two words, whose octets are the hash from the lowest to the highest
 */
export function sipHash24(
  keys: Int32Array,
  keyAt: number,
  message: Uint8Array,
  length: number,
  hash: Int32Array,
): void {
  let v0l = 0x70736575 ^ keys[keyAt]!
  let v0h = 0x736f6d65 ^ keys[keyAt + 1]!
  let v1l = 0x6e646f6d ^ keys[keyAt + 2]!
  let v1h = 0x646f7261 ^ keys[keyAt + 3]!
  let v2l = 0x6e657261 ^ keys[keyAt]!
  let v2h = 0x6c796765 ^ keys[keyAt + 1]!
  let v3l = 0x79746573 ^ keys[keyAt + 2]!
  let v3h = 0x74656462 ^ keys[keyAt + 3]!
  const whole = length >> 3
  for (let block = 0; block <= whole; block++) {
    const at = 8 * block
    const isLast = block === whole
    const low = isLast ? tailWord(message, at, length) : wordAt(message, at)
    const high = isLast ? tailWord(message, at + 4, length) | (length << 24) : wordAt(message, at + 4)
    v3l ^= low
    v3h ^= high
    for (let round = isLast ? 6 : 2; round > 0; round--) {
      if (round === 4) {
        v0l ^= low
        v0h ^= high
        v2l ^= 0xff
      }
      v0l = (v0l + v1l) | 0
      v0h = (v0h + v1h + (v0l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0
      const turned1 = ((v1l << 13) | (v1h >>> 19)) ^ v0l
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h
      v1l = turned1
      v2l = (v2l + v3l) | 0
      v2h = (v2h + v3h + (v2l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0
      const turned3 = ((v3l << 16) | (v3h >>> 16)) ^ v2l
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h
      v3l = turned3
      // A turn by 32 bits exchanges the halves.
      const sum0l = (v0h + v3l) | 0
      v0h = (v0l + v3h + (sum0l >>> 0 < v3l >>> 0 ? 1 : 0)) | 0
      v0l = sum0l
      const again3 = ((v3l << 21) | (v3h >>> 11)) ^ v0l
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h
      v3l = again3
      v2l = (v2l + v1l) | 0
      v2h = (v2h + v1h + (v2l >>> 0 < v1l >>> 0 ? 1 : 0)) | 0
      const again1 = ((v1l << 17) | (v1h >>> 15)) ^ v2l
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h
      v1l = again1
      const exchanged = v2l
      v2l = v2h
      v2h = exchanged
    }
    if (!isLast) {
      v0l ^= low
      v0h ^= high
    }
  }
  hash[0] = v0l ^ v1l ^ v2l ^ v3l
  hash[1] = v0h ^ v1h ^ v2h ^ v3h
}

/** Four octets as a word of a hash or of what is hashed: the lowest first. */
export function wordAt(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24)
}

/** The same of what is left before the end, with zeros behind it. */
function tailWord(octets: Uint8Array, at: number, end: number): number {
  let word = 0
  for (let i = 0; i < 4 && at + i < end; i++) word |= octets[at + i]! << (8 * i)
  return word
}
