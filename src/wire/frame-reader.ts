/** Messages out of a stream: each behind its length in two octets (RFC 1035 4.2.2). */

const LENGTH_OCTETS = 2

/** Puts messages together, however the stream is cut. Holds at most one message that is not whole. */
export class FrameReader {
  #length = 0
  #lengthHave = 0
  #frame: Uint8Array | undefined
  #frameHave = 0

  /** True while a message, or its length, has begun and is not whole. */
  get partial(): boolean {
    return this.#lengthHave > 0 || this.#frame !== undefined
  }

  /**
   * Reads on from `at` until one message is whole or the chunk ends. `end` says how far it came.
   *
   * @returns the message in octets of its own, empty for a length of 0; undefined when the chunk ended first
   */
  read(chunk: Uint8Array, at: number): Uint8Array | undefined {
    this.end = at
    while (this.#frame === undefined) {
      if (this.end >= chunk.length) return undefined
      this.#length = (this.#length << 8) | chunk[this.end++]!
      if (++this.#lengthHave < LENGTH_OCTETS) continue
      this.#frame = new Uint8Array(this.#length)
      this.#length = 0
      this.#lengthHave = 0
      this.#frameHave = 0
    }
    const frame = this.#frame
    const take = Math.min(chunk.length - this.end, frame.length - this.#frameHave)
    frame.set(chunk.subarray(this.end, this.end + take), this.#frameHave)
    this.end += take
    this.#frameHave += take
    if (this.#frameHave < frame.length) return undefined
    this.#frame = undefined
    return frame
  }

  /** Offset in the chunk behind what `read` took. */
  end = 0
}
