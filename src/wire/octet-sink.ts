/** Octets that are gathered one after the other. */
import { MESSAGE_OCTETS_MAX } from '../base/limits.ts'
import { writeU16, writeU32 } from './integers.ts'

const OCTETS_INITIAL = 256

/** A growing sequence of at most 65,535 octets. What does not fit is counted, not kept: see `overflow`. */
export class OctetSink {
  #octets = new Uint8Array(OCTETS_INITIAL)
  #length = 0
  /** True once more octets came than a record can hold. */
  overflow = false

  /** Octets gathered. */
  get length(): number {
    return this.#length
  }

  /** Forgets everything. */
  clear(): void {
    this.#length = 0
    this.overflow = false
  }

  u8(value: number): void {
    if (this.#makeRoom(1)) this.#octets[this.#length++] = value
  }

  u16(value: number): void {
    if (!this.#makeRoom(2)) return
    writeU16(this.#octets, this.#length, value)
    this.#length += 2
  }

  u32(value: number): void {
    if (!this.#makeRoom(4)) return
    writeU32(this.#octets, this.#length, value)
    this.#length += 4
  }

  /** Octets of another sequence, or a part of it. */
  octets(source: Uint8Array, from = 0, to: number = source.length): void {
    if (!this.#makeRoom(to - from)) return
    const [octets, start] = [this.#octets, this.#length - from]
    for (let i = from; i < to; i++) octets[start + i] = source[i]!
    this.#length += to - from
  }

  /** What was gathered, until more is. */
  view(): Uint8Array {
    return this.#octets.subarray(0, this.#length)
  }

  /** A copy of what was gathered. */
  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length)
  }

  #makeRoom(count: number): boolean {
    const needed = this.#length + count
    if (this.overflow || needed > MESSAGE_OCTETS_MAX) {
      this.overflow = true
      return false
    }
    if (needed > this.#octets.length) {
      const grown = new Uint8Array(Math.min(MESSAGE_OCTETS_MAX, Math.max(needed, 2 * this.#octets.length)))
      grown.set(this.#octets.subarray(0, this.#length))
      this.#octets = grown
    }
    return true
  }
}
