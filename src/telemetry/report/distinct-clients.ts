/**
 * Counts distinct clients without keeping any of them. Up to a thousand the count is exact; above, it is HyperLogLog
 * (Flajolet and others, 2007) with the estimator of Ertl (2017), whose standard error is 0.8 %. What goes in is a
 * client's keyed hash, so nothing that comes out says who it was.
 */
import { DISTINCT_EXACT_MAX } from '../../base/limits.ts'

/** log2 of the registers: 16 KiB, for an error well below 3 %. */
const INDEX_BITS = 14
const REGISTERS = 2 ** INDEX_BITS
/** Bits of a hash that say how rare it is, and the highest that a register can hold. */
const RANK_BITS = 32 - INDEX_BITS
const RANK_MAX = RANK_BITS + 1
const SLOTS_FIRST = 16
/** What stands for the hash 0 in the exact form, where 0 is an empty slot: one client in four thousand million is mistaken. */
const ZERO = 1

/** Registers of 2^14 octets, on their own for the hot path: adding allocates nothing. */
export class ClientRegisters {
  readonly octets: Uint8Array

  constructor(octets: Uint8Array = new Uint8Array(REGISTERS)) {
    this.octets = octets
  }

  /** @param hash 32 bits, spread evenly */
  add(hash: number): void {
    const index = hash >>> RANK_BITS
    // The bit behind the last one that counts ends the search.
    const rank = Math.clz32((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))) + 1
    if (rank > this.octets[index]!) this.octets[index] = rank
  }

  clear(): void {
    this.octets.fill(0)
  }
}

/**
 * Spreads a client's hash anew (the finalizer of MurmurHash3, a permutation), so that clients who were chosen by that hash
 * are still evenly spread.
 */
export function spreadHash(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** See the head of this file. */
export class DistinctClients {
  /** Spread hashes, open addressing, 0 for an empty slot; undefined once there are registers. */
  #slots: Int32Array | undefined = new Int32Array(SLOTS_FIRST)
  #count = 0
  #registers: ClientRegisters | undefined
  #estimate: number | undefined

  /** @param hash the client's keyed hash, 32 bits */
  add(hash: number): void {
    this.#addSpread(spreadHash(hash))
  }

  /** Takes over those of another: who is in both counts once. */
  merge(other: DistinctClients): void {
    if (other.#registers !== undefined) this.addRegisters(other.#registers.octets)
    else for (const hash of other.#slots!) if (hash !== 0) this.#addSpread(hash)
  }

  /** Takes over those that registers hold. */
  addRegisters(octets: Uint8Array): void {
    const mine = this.#toRegisters().octets
    for (let i = 0; i < REGISTERS; i++) if (octets[i]! > mine[i]!) mine[i] = octets[i]!
    this.#estimate = undefined
  }

  /** How many there are. */
  get count(): number {
    if (this.#registers === undefined) return this.#count
    this.#estimate ??= Math.round(estimate(this.#registers.octets))
    return this.#estimate
  }

  /** As text for JSON: what `decode` reads. */
  encode(): string {
    if (this.#registers !== undefined) return `r${packed(this.#registers.octets).toString('base64')}`
    const hashes = this.#slots!.filter((hash) => hash !== 0).sort()
    return `h${Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength).toString('base64')}`
  }

  /** Undefined where the text is none of `encode`. */
  static decode(text: string): DistinctClients | undefined {
    const octets = Buffer.from(text.slice(1), 'base64')
    const clients = new DistinctClients()
    if (text.startsWith('r') && octets.length === PACKED_OCTETS) {
      const registers = unpacked(octets)
      if (registers.some((rank) => rank > RANK_MAX)) return undefined
      clients.addRegisters(registers)
      return clients
    }
    if (!text.startsWith('h') || octets.length % 4 !== 0 || octets.length > 4 * DISTINCT_EXACT_MAX)
      return undefined
    for (let at = 0; at < octets.length; at += 4) clients.#addSpread(octets.readInt32LE(at))
    return clients
  }

  #addSpread(spread: number): void {
    if (this.#registers !== undefined) {
      this.#registers.add(spread)
      this.#estimate = undefined
      return
    }
    if (!insert(this.#slots!, spread)) return
    this.#count++
    if (this.#count > DISTINCT_EXACT_MAX) this.#toRegisters()
    else if (2 * this.#count > this.#slots!.length) this.#grow()
  }

  #grow(): void {
    const wider = new Int32Array(2 * this.#slots!.length)
    for (const hash of this.#slots!) if (hash !== 0) insert(wider, hash)
    this.#slots = wider
  }

  #toRegisters(): ClientRegisters {
    if (this.#registers !== undefined) return this.#registers
    const registers = new ClientRegisters()
    for (const hash of this.#slots!) if (hash !== 0) registers.add(hash)
    this.#slots = undefined
    this.#registers = registers
    return registers
  }
}

/** False when it is there already. The table has room. */
function insert(slots: Int32Array, spread: number): boolean {
  const hash = spread === 0 ? ZERO : spread | 0
  const mask = slots.length - 1
  let at = hash & mask
  while (slots[at] !== 0) {
    if (slots[at] === hash) return false
    at = (at + 1) & mask
  }
  slots[at] = hash
  return true
}

/** O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6. */
function estimate(registers: Uint8Array): number {
  const counts = new Uint32Array(RANK_MAX + 1)
  for (const rank of registers) counts[rank]!++
  let z = REGISTERS * tau(1 - counts[RANK_MAX]! / REGISTERS)
  for (let rank = RANK_BITS; rank >= 1; rank--) z = (z + counts[rank]!) / 2
  z += REGISTERS * sigma(counts[0]! / REGISTERS)
  return (REGISTERS * REGISTERS) / (2 * Math.LN2 * z)
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY
  let power = x
  let weight = 1
  let sum = x
  for (let before = -1; before !== sum; weight *= 2) {
    power *= power
    before = sum
    sum += power * weight
  }
  return sum
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let root = x
  let weight = 1
  let sum = 1 - x
  for (let before = -1; before !== sum; ) {
    root = Math.sqrt(root)
    before = sum
    weight /= 2
    sum -= (1 - root) ** 2 * weight
  }
  return sum / 3
}

// --- registers in five bits each ----------------------------------------------------------------------------------

const PACKED_OCTETS = (REGISTERS * 5) / 8

function packed(registers: Uint8Array): Buffer {
  const octets = Buffer.alloc(PACKED_OCTETS)
  for (let i = 0; i < REGISTERS; i++) {
    const bit = i * 5
    const pair = registers[i]! << (11 - (bit & 7))
    octets[bit >> 3]! |= pair >> 8
    if ((bit & 7) > 3) octets[(bit >> 3) + 1]! |= pair & 0xff
  }
  return octets
}

function unpacked(octets: Uint8Array): Uint8Array {
  const registers = new Uint8Array(REGISTERS)
  for (let i = 0; i < REGISTERS; i++) {
    const bit = i * 5
    const pair = (octets[bit >> 3]! << 8) | (octets[(bit >> 3) + 1] ?? 0)
    registers[i] = (pair >> (11 - (bit & 7))) & 0x1f
  }
  return registers
}
