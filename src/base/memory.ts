/** Octets that can be read and written four at a time as well, which the hit path does wherever it copies. */
import { assert } from './assert.ts'

/** One memory, seen in two ways. */
export class Memory {
  readonly octets: Uint8Array
  /** In the machine's order; the last three octets at most are in none. */
  readonly words: Int32Array

  /** @param octets that begin at a multiple of four in their buffer */
  constructor(octets: Uint8Array) {
    assert(octets.byteOffset % 4 === 0, 'octets that begin within a word')
    this.octets = octets
    this.words = new Int32Array(octets.buffer, octets.byteOffset, octets.length >> 2)
  }

  /** These octets, wherever they lie: a copy if need be. */
  static of(octets: Uint8Array): Memory {
    return new Memory(octets.byteOffset % 4 === 0 ? octets : octets.slice())
  }
}

/** Copies `count` octets between multiples of four. */
export function copyAligned(from: Memory, fromAt: number, to: Memory, toAt: number, count: number): void {
  const source = from.words
  const target = to.words
  const sourceWord = fromAt >> 2
  const targetWord = toAt >> 2
  const whole = count >> 2
  for (let i = 0; i < whole; i++) target[targetWord + i] = source[sourceWord + i]!
  for (let i = whole << 2; i < count; i++) to.octets[toAt + i] = from.octets[fromAt + i]!
}
