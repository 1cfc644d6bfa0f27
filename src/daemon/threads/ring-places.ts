/**
 * Whose questions are in a ring. A client has no more of it than is free, and a network of clients no more than some
 * times that: so whoever fills it leaves room, and one who comes later finds as much as each of them has. It is counted
 * in octets, which are what a ring runs out of.
 *
 * The reader is another thread, and says no more than how far it has got. So what was written is noted here in the order
 * of the ring, and is given back, before anybody is judged, as far as the reader has taken it out.
 */
import { assert } from '../../base/assert.ts'
import { RING_NETWORK_SHARES } from '../../base/limits.ts'
import type { RingWriter } from '../../base/ring.ts'

/** See the head of this file. */
export class RingPlaces {
  readonly #ring: RingWriter
  /** Of each record that is noted, in a circle: where it ends, and who wrote it. */
  readonly #ends: Int32Array
  readonly #clients: Int32Array
  readonly #networks: Int32Array
  readonly #mask: number
  /** The oldest that is noted, and one past the newest: numbers that go round at 2^32. */
  #oldest = 0
  #next = 0
  /** Where the oldest begins, and where the next will. */
  #begin: number
  #end: number
  readonly #byClient = new Map<number, number>()
  readonly #byNetwork = new Map<number, number>()

  /** @param recordOctetsMin what the shortest record has */
  constructor(ring: RingWriter, recordOctetsMin: number) {
    this.#ring = ring
    this.#begin = this.#end = ring.written
    const places = 2 ** Math.ceil(Math.log2(ring.size / recordOctetsMin))
    this.#mask = places - 1
    this.#ends = new Int32Array(places)
    this.#clients = new Int32Array(places)
    this.#networks = new Int32Array(places)
  }

  /** False when the client, or its network, has its share of the ring already. */
  hasRoomFor(client: number, network: number): boolean {
    this.#giveBack()
    const { free } = this.#ring
    if ((this.#byClient.get(client) ?? 0) >= free) return false
    return (this.#byNetwork.get(network) ?? 0) < RING_NETWORK_SHARES * free
  }

  /** The record that was just published is theirs. */
  take(client: number, network: number): void {
    const at = this.#next & this.#mask
    assert(((this.#next - this.#oldest) | 0) <= this.#mask, 'a ring with more records than it can hold')
    const { written } = this.#ring
    this.#ends[at] = written
    this.#clients[at] = client
    this.#networks[at] = network
    this.#next = (this.#next + 1) | 0
    const octets = (written - this.#end) | 0
    this.#end = written
    add(this.#byClient, client, octets)
    add(this.#byNetwork, network, octets)
  }

  #giveBack(): void {
    const { read } = this.#ring
    while (this.#oldest !== this.#next) {
      const at = this.#oldest & this.#mask
      const end = this.#ends[at]!
      if (((read - end) | 0) < 0) return
      const octets = (this.#begin - end) | 0
      add(this.#byClient, this.#clients[at]!, octets)
      add(this.#byNetwork, this.#networks[at]!, octets)
      this.#begin = end
      this.#oldest = (this.#oldest + 1) | 0
    }
  }
}

/** Counts octets, fewer when the number is below zero. Who has none is forgotten. */
function add(counts: Map<number, number>, key: number, octets: number): void {
  const sum = (counts.get(key) ?? 0) + octets
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}
