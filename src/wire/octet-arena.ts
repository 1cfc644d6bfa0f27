/** Memory for the many small pieces of one message. */

/** Octets of a piece of memory: some twenty names. */
const CHUNK_OCTETS = 1024

/** Copies that share their memory: an allocation each would cost more than reading the message. */
export class OctetArena {
  #chunk = new Uint8Array(0)
  #used = 0

  /** A copy of the first `length` octets of `source`. */
  copy(source: Uint8Array, length: number = source.length): Uint8Array {
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(CHUNK_OCTETS, length))
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    for (let i = 0; i < length; i++) this.#chunk[start + i] = source[i]!
    return this.#chunk.subarray(start, this.#used)
  }
}
