/** A keyed hash for tables that strangers fill. */
import type { Random } from './random.ts'

/** 64 secret bits, drawn once an install (or once a run). */
export type HashKey = readonly [number, number]

/** Draws a secret. */
export function drawHashKey(random: Random): HashKey {
  return [random.below(0x1_0000_0000), random.below(0x1_0000_0000)]
}

/** Words of the longest input that `keyedHash` need not make room for: a name and a type. */
const SCRATCH_WORDS = 80

let scratch = new Int32Array(SCRATCH_WORDS)
let scratchOctets = new Uint8Array(scratch.buffer)

/**
 * HalfSipHash-1-3 (32 bits): who does not know the key cannot make names collide on purpose.
 *
 * @returns an unsigned 32-bit number
 */
export function keyedHash(key: HashKey, octets: Uint8Array, from = 0, to: number = octets.length): number {
  const length = to - from
  if (length > scratchOctets.length - 4) {
    scratch = new Int32Array((length >> 2) + 1)
    scratchOctets = new Uint8Array(scratch.buffer)
  }
  const tail = length >> 2
  scratch[tail] = 0
  for (let i = 0; i < length; i++) scratchOctets[i] = octets[from + i]!
  return hashWords(key, scratch, length) >>> 0
}

/**
 * The same hash of octets that lie in words.
 *
 * @param length octets; up to the next multiple of four zeros follow them, if they are not one
 * @returns a signed 32-bit number, which the engine keeps in a register
 */
export function hashWords(key: HashKey, words: Int32Array, length: number): number {
  let v0 = key[0] | 0
  let v1 = key[1] | 0
  let v2 = 0x6c796765 ^ key[0]
  let v3 = 0x74656462 ^ key[1]
  const whole = length >> 2
  for (let i = 0; i < whole; i++) {
    const word = words[i]!
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  const last = (length << 24) | ((length & 3) === 0 ? 0 : words[whole]!)
  v3 ^= last
  for (let round = 0; round < 4; round++) {
    if (round === 1) {
      v0 ^= last
      v2 ^= 0xff
    }
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  return v1 ^ v3
}

/** Bits of a hash that a share is measured by: whole numbers that the engine keeps in a register. */
const SHARE_BITS = 30

/** True for so many percent of all hashes; those of a smaller share are among those of a larger one. */
export function isInShare(hash: number, percent: number): boolean {
  return hash >>> (32 - SHARE_BITS) < Math.floor((percent * 2 ** SHARE_BITS) / 100)
}
