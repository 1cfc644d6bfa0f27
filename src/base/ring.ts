/**
 * A queue of records in memory that two threads share: one writes, one reads, neither waits. A full ring refuses, an
 * empty one has nothing; who sleeps is woken by other means, as seldom as can be (`needsBell`, `mayRest`).
 *
 * Positions count octets and go round at 2^32. A record is published by an atomic store of the writer's position, after
 * its octets; its room is given back by one of the reader's, after they were read. Hence what either side sees of the
 * other's plain accesses is complete, in the memory model of JavaScript and on every machine.
 */
import { assert } from './assert.ts'

// Words of the header; each position has a cache line to itself, lest the threads slow each other down.
const WRITTEN = 0
const READ = 16
const AWAKE = 32
const HEADER_OCTETS = 192

const LENGTH_OCTETS = 4
/** In the place of a length: the next record begins where the memory begins. */
const GO_ROUND = -1

/** Octets of memory for a ring that holds `octets` of records, lengths included; a power of two. */
export function ringOctets(octets: number): number {
  assert(octets >= 64 && octets <= 0x4000_0000 && (octets & (octets - 1)) === 0, `a ring of ${octets} octets`)
  return HEADER_OCTETS + octets
}

/** What both ends have. */
class RingEnd {
  /** Where records are: what `reserve` and `next` give are offsets into it. */
  readonly octets: Uint8Array
  protected readonly header: Int32Array
  protected readonly words: Int32Array
  /** Octets of records that it holds, lengths included. */
  readonly size: number

  /** @param memory `ringOctets` of it, all zero when the first end is made */
  constructor(memory: SharedArrayBuffer) {
    this.size = memory.byteLength - HEADER_OCTETS
    this.header = new Int32Array(memory, 0, HEADER_OCTETS / 4)
    this.words = new Int32Array(memory, HEADER_OCTETS)
    this.octets = new Uint8Array(memory, HEADER_OCTETS)
  }

  protected get isEmpty(): boolean {
    return Atomics.load(this.header, WRITTEN) === Atomics.load(this.header, READ)
  }
}

/** The writing end; one thread has it. */
export class RingWriter extends RingEnd {
  /** Where the next record begins once the reserved one is published; undefined when none is reserved. */
  #reservedEnd: number | undefined

  /** Octets of the longest record: more could not always be placed, since a record lies in one piece. */
  get recordOctetsMax(): number {
    return this.size / 2 - LENGTH_OCTETS
  }

  /** Octets that nobody takes; a record that would have to go round may lack room all the same. */
  get free(): number {
    return this.size - ((this.written - this.read) >>> 0)
  }

  /** The position behind the last record that was published. */
  get written(): number {
    return Atomics.load(this.header, WRITTEN)
  }

  /** The position that the reader has got to: what ends there or before it is taken out. */
  get read(): number {
    return Atomics.load(this.header, READ)
  }

  /**
   * Makes room for a record, to be filled and then published with `commit`.
   *
   * @returns where its octets go, or -1 when there is no room now
   */
  reserve(length: number): number {
    if (length > this.recordOctetsMax) return -1
    const { written, free } = this
    const need = recordOctets(length)
    let at = written & (this.size - 1)
    const toEnd = this.size - at
    const skipped = need > toEnd ? toEnd : 0
    if (skipped + need > free) return -1
    if (skipped > 0) {
      this.words[at / 4] = GO_ROUND
      at = 0
    }
    this.words[at / 4] = length
    this.#reservedEnd = (written + skipped + need) | 0
    return at + LENGTH_OCTETS
  }

  /** Publishes the record that was reserved last. */
  commit(): void {
    assert(this.#reservedEnd !== undefined, 'nothing is reserved')
    Atomics.store(this.header, WRITTEN, this.#reservedEnd)
    this.#reservedEnd = undefined
  }

  /** To be asked after `commit`: true when the reader sleeps and nobody is about to wake it. */
  needsBell(): boolean {
    return Atomics.exchange(this.header, AWAKE, 1) === 0
  }
}

/** The reading end; one thread has it. */
export class RingReader extends RingEnd {
  #length = 0

  /** Octets of the record that `next` gave. */
  get length(): number {
    return this.#length
  }

  /**
   * The oldest record, which stays until `release`.
   *
   * @returns where its octets begin, or -1 when there is none
   */
  next(): number {
    const read = Atomics.load(this.header, READ)
    const written = Atomics.load(this.header, WRITTEN)
    if (read === written) return -1
    let at = read & (this.size - 1)
    if (this.words[at / 4] === GO_ROUND) {
      Atomics.store(this.header, READ, (read + this.size - at) | 0)
      at = 0
    }
    this.#length = this.words[at / 4]!
    return at + LENGTH_OCTETS
  }

  /** Gives the room of the oldest record back. */
  release(): void {
    const read = Atomics.load(this.header, READ)
    Atomics.store(this.header, READ, (read + recordOctets(this.#length)) | 0)
  }

  /**
   * To be asked by a reader that found nothing: true when it may wait for the bell, false when it is to look again,
   * because something came meanwhile and the writer saw it awake.
   */
  mayRest(): boolean {
    Atomics.store(this.header, AWAKE, 0)
    return this.isEmpty || Atomics.exchange(this.header, AWAKE, 1) === 1
  }
}

/** Octets that a record takes, its length included. */
function recordOctets(length: number): number {
  return (LENGTH_OCTETS + length + 3) & ~3
}
