/**
 * The hash of NSEC3 (RFC 5155 5). A hash may take tens of calls of SHA-1 on some tens of octets each, and whoever signs a
 * zone says how many, so the calls are made here: three times as fast as one by one through `node:crypto`, with no
 * allocation in each, and where a policy of the platform refuses SHA-1 too. It hides nothing and signs nothing.
 */
import { foldName, type Name } from '../wire/name.ts'

export const SHA1_OCTETS = 20

/** FIPS 180-4 5.2.1, 6.1: a block is 16 words of 32 bits, which are expanded to 80. */
const BLOCK_WORDS = 16
const ROUNDS = 80
/** A message is followed by one bit and, in the last block, by its length in two words. */
const TRAILER_OCTETS = 9
const SHA1_WORDS = SHA1_OCTETS / 4

const schedule = new Int32Array(ROUNDS)
const state = new Int32Array(SHA1_WORDS)

/** The NSEC3 hash of a name: SHA-1 over it and the salt, then `iterations` more times over the digest and the salt. */
export function nsec3Hash(name: Name, iterations: number, salt: Uint8Array): Uint8Array {
  const first = new Uint8Array(name.length + salt.length)
  first.set(foldName(name))
  first.set(salt, name.length)
  digest(padded(first))
  if (iterations > 0) {
    const next = new Uint8Array(SHA1_OCTETS + salt.length)
    next.set(salt, SHA1_OCTETS)
    const message = padded(next)
    for (let i = 0; i < iterations; i++) {
      for (let word = 0; word < SHA1_WORDS; word++) message[word] = state[word]!
      digest(message)
    }
  }
  const hash = new Uint8Array(SHA1_OCTETS)
  const view = new DataView(hash.buffer)
  for (let word = 0; word < SHA1_WORDS; word++) view.setInt32(4 * word, state[word]!)
  return hash
}

/** The blocks of a message, as words (FIPS 180-4 5.1.1). */
function padded(message: Uint8Array): Int32Array {
  const words = new Int32Array(Math.ceil((message.length + TRAILER_OCTETS) / (4 * BLOCK_WORDS)) * BLOCK_WORDS)
  const view = new DataView(new ArrayBuffer(4 * words.length))
  new Uint8Array(view.buffer).set(message)
  view.setUint8(message.length, 0x80)
  view.setUint32(view.byteLength - 4, 8 * message.length)
  for (let i = 0; i < words.length; i++) words[i] = view.getInt32(4 * i)
  return words
}

/** FIPS 180-4 6.1.2: leaves the digest of the message in `state`. */
function digest(message: Int32Array): void {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0
  for (let at = 0; at < message.length; at += BLOCK_WORDS) compress(message, at)
}

function compress(message: Int32Array, at: number): void {
  const w = schedule
  for (let i = 0; i < BLOCK_WORDS; i++) w[i] = message[at + i]!
  for (let i = BLOCK_WORDS; i < ROUNDS; i++) {
    const mixed = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!
    w[i] = (mixed << 1) | (mixed >>> 31)
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  // Four loops that differ in one line: one loop with the choice inside takes half as long again.
  for (let i = 0; i < 20; i++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + w[i]! + 0x5a827999) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let i = 20; i < 40; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i]! + 0x6ed9eba1) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let i = 40; i < 60; i++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + w[i]! + 0x8f1bbcdc) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let i = 60; i < 80; i++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i]! + 0xca62c1d6) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  state[0] = (state[0]! + a) | 0
  state[1] = (state[1]! + b) | 0
  state[2] = (state[2]! + c) | 0
  state[3] = (state[3]! + d) | 0
  state[4] = (state[4]! + e) | 0
}
