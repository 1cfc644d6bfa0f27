/** A keyed hash for tables that strangers fill. */
import type { Random } from './random.ts'

/** 64 secret bits, drawn once an install (or once a run). */
export type HashKey = readonly [number, number]

/** Draws a secret. */
export function drawHashKey(random: Random): HashKey {
  return [random.below(0x1_0000_0000), random.below(0x1_0000_0000)]
}

/**
 * HalfSipHash-1-3 (32 bits): who does not know the key cannot make names collide on purpose.
 *
 * @returns an unsigned 32-bit number
 */
export function keyedHash(key: HashKey, octets: Uint8Array, from = 0, to: number = octets.length): number {
  let v0 = key[0] | 0
  let v1 = key[1] | 0
  let v2 = 0x6c796765 ^ key[0]
  let v3 = 0x74656462 ^ key[1]
  const whole = from + ((to - from) & ~3)
  let word = 0
  for (let i = from; i < whole; i += 4) {
    word = octets[i]! | (octets[i + 1]! << 8) | (octets[i + 2]! << 16) | (octets[i + 3]! << 24)
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
  word = (to - from) << 24
  for (let i = whole; i < to; i++) word |= octets[i]! << (8 * (i - whole))
  v3 ^= word
  for (let round = 0; round < 4; round++) {
    if (round === 1) {
      v0 ^= word
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
  return (v1 ^ v3) >>> 0
}
