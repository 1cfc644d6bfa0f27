/**
 * FIFO queues as rings of memory, which is how `OctetTable` keeps its entries: what is replaced takes room until the old
 * end has passed it, and what is kept is copied to the young end, a bounded number of octets for each put.
 */
import type { Policy } from './policy.ts'
import type { Trace } from './trace.ts'

/** As in `OctetTable`: octets that one put may move, and so many times its own size. */
const MOVED_OCTETS = 4_096
const MOVED_TIMES = 8
const NONE = -1

/** A queue of names in some octets of memory. */
class Ring {
  readonly capacity: number
  used = 0
  /** Place of the oldest; places count up for ever. */
  oldest = 0
  #next = 0
  readonly #names: Int32Array

  constructor(capacity: number, octetsMin: number) {
    this.capacity = capacity
    this.#names = new Int32Array(Math.ceil(capacity / octetsMin) + 1)
  }

  /** Returns its place. */
  add(name: number, octets: number): number {
    this.used += octets
    this.#names[this.#next % this.#names.length] = name
    return this.#next++
  }

  nameAt(place: number): number {
    return this.#names[place % this.#names.length]!
  }
}

/** How a ring policy differs from others. */
export interface RingOptions {
  /** Share of the memory that new names have to prove themselves in; 0 for one ring. */
  readonly smallShare: number
  /** Times that a name must have been asked for there to get into the other ring. */
  readonly asksToEnter: number
  /** Most times that are counted: so many laps in the main ring. */
  readonly asksMax: number
  /** What leaves the small ring unasked goes on to the main ring where that has room, or its oldest entries have run out. */
  readonly fills: boolean
  /** Octets of memory for each name that left the small ring and is remembered; 0 to remember none. */
  readonly octetsPerGhost: number
}

/** FIFO with reinsertion, and S3-FIFO. */
export class Rings implements Policy {
  readonly #trace: Trace
  readonly #options: RingOptions
  readonly #small: Ring
  readonly #main: Ring
  readonly #place: Int32Array
  readonly #inSmall: Uint8Array
  readonly #asks: Uint8Array
  readonly #expiresMs: Float64Array
  /** Each remembered name at the place that its hash says. */
  readonly #ghosts: Int32Array
  #movable = 0

  constructor(trace: Trace, capacity: number, options: RingOptions) {
    const names = trace.octets.length
    const octetsMin = trace.octets.reduce((least, octets) => Math.min(least, octets))
    const smallOctets = Math.floor(capacity * options.smallShare)
    this.#trace = trace
    this.#options = options
    this.#small = new Ring(smallOctets, octetsMin)
    this.#main = new Ring(capacity - smallOctets, octetsMin)
    this.#place = new Int32Array(names).fill(NONE)
    this.#inSmall = new Uint8Array(names)
    this.#asks = new Uint8Array(names)
    this.#expiresMs = new Float64Array(names)
    const { octetsPerGhost } = options
    this.#ghosts = new Int32Array(octetsPerGhost > 0 ? capacity / octetsPerGhost : 0).fill(NONE)
  }

  ask(name: number, nowMs: number): boolean {
    const isHere = this.#place[name] !== NONE
    if (isHere && nowMs < this.#expiresMs[name]!) {
      if (this.#asks[name]! < this.#options.asksMax) this.#asks[name]!++
      return true
    }
    this.#movable = MOVED_OCTETS + MOVED_TIMES * this.#trace.octets[name]!
    // What has run out and is asked for again has proven itself too.
    const proven = this.#options.smallShare === 0 || isHere || this.#isGhost(name)
    this.#place[name] = NONE
    this.#expiresMs[name] = nowMs + this.#trace.ttlMs[name]!
    this.#add(name, !proven, nowMs)
    return false
  }

  #add(name: number, toSmall: boolean, nowMs: number): void {
    const ring = toSmall ? this.#small : this.#main
    const octets = this.#trace.octets[name]!
    while (ring.used + octets > ring.capacity) this.#passOldest(ring, nowMs)
    this.#place[name] = ring.add(name, octets)
    this.#inSmall[name] = toSmall ? 1 : 0
    this.#asks[name] = 0
  }

  #passOldest(ring: Ring, nowMs: number): void {
    const place = ring.oldest++
    const name = ring.nameAt(place)
    const octets = this.#trace.octets[name]!
    const isSmall = ring === this.#small
    ring.used -= octets
    if (this.#place[name] !== place || (this.#inSmall[name] === 1) !== isSmall) return
    const asks = this.#asks[name]!
    const lives = nowMs < this.#expiresMs[name]!
    this.#place[name] = NONE
    if (isSmall) {
      const isWanted = lives && asks >= this.#options.asksToEnter
      if (isWanted || (this.#options.fills && this.#hasRoom(octets, lives, nowMs)))
        this.#add(name, false, nowMs)
      else this.#addGhost(name)
    } else if (lives && asks > 0 && octets <= this.#movable) {
      this.#movable -= octets
      this.#place[name] = ring.add(name, octets)
      this.#asks[name] = asks - 1
    }
  }

  /** Whether the main ring has room: for what lives, once what is of no use any more is gone from its old end. */
  #hasRoom(octets: number, lives: boolean, nowMs: number): boolean {
    const ring = this.#main
    while (ring.used + octets > ring.capacity) {
      const name = ring.nameAt(ring.oldest)
      const isHere = this.#place[name] === ring.oldest && this.#inSmall[name] === 0
      if (!lives || (isHere && nowMs < this.#expiresMs[name]!)) return false
      this.#passOldest(ring, nowMs)
    }
    return true
  }

  #ghostAt(name: number): number {
    return (Math.imul(name, 0x9e37_79b1) >>> 0) % this.#ghosts.length
  }

  #isGhost(name: number): boolean {
    return this.#ghosts[this.#ghostAt(name)] === name
  }

  #addGhost(name: number): void {
    if (this.#ghosts.length > 0) this.#ghosts[this.#ghostAt(name)] = name
  }
}
