/** Memory for many small pieces, as those of one message. */

import { NO_OCTETS } from '../base/octets.ts'

/** Copies that share their memory: an allocation each would cost more than what is done with most of them. */
export class OctetArena {
  readonly #chunkOctets: number
  #chunk = NO_OCTETS
  #used = 0

  /** @param chunkOctets of a piece of memory; all of it stays as long as one of the copies in it */
  constructor(chunkOctets: number) {
    this.#chunkOctets = chunkOctets
  }

  /** A copy of the octets of `source` from `from` up to `to`. */
  copy(source: Uint8Array, from = 0, to: number = source.length): Uint8Array {
    const length = to - from
    let chunk = this.#chunk
    if (this.#used + length > chunk.length) {
      chunk = new Uint8Array(Math.max(this.#chunkOctets, length))
      this.#chunk = chunk
      this.#used = 0
    }
    const start = this.#used
    for (let i = 0; i < length; i++) chunk[start + i] = source[from + i]!
    this.#used = start + length
    return chunk.subarray(start, start + length)
  }
}
