/** Names inside messages: decompression with bounded work (RFC 1035 4.1.4). */

import {
  DECOMPRESSED_OCTETS_FLOOR,
  DECOMPRESSED_OCTETS_PER_OCTET_MAX,
  LABEL_OCTETS_MAX,
  NAME_OCTETS_MAX,
  POINTER_HOPS_MAX,
} from '../base/limits.ts'
import { FormatError } from './format-error.ts'
import { HEADER_OCTETS } from './header.ts'
import { type Name, nameLengthAt, ROOT } from './name.ts'
import { OctetArena } from './octet-arena.ts'

/** Both top bits of a length octet: the rest is an offset. */
const POINTER = 0xc0
/** What the names of most messages unfold to. */
const UNFOLDED_OCTETS_USUAL = 256
const scratch = new Uint8Array(NAME_OCTETS_MAX)

/**
 * Reads the names of one message. Pointers lead backwards only, a name follows at most `POINTER_HOPS_MAX` of them,
 * and all names together may unfold to a bounded multiple of the message.
 */
export class NameReader {
  readonly #message: Uint8Array
  #octetsLeft: number
  /** Consecutive records mostly point at one owner; its name is made once. */
  #lastTarget = 0
  #lastName: Name = ROOT
  /** Holds what had to be unfolded. */
  readonly arena: OctetArena = new OctetArena(UNFOLDED_OCTETS_USUAL)
  /** Offset after the name read last. */
  end = 0

  constructor(message: Uint8Array) {
    this.#message = message
    this.#octetsLeft = Math.max(DECOMPRESSED_OCTETS_FLOOR, message.length * DECOMPRESSED_OCTETS_PER_OCTET_MAX)
  }

  /**
   * The name at `at`; sets `end`. A view of the message where the name stands there in one piece.
   *
   * @param limit the name, up to and including its first pointer, must end here or before
   * @throws FormatError
   */
  read(at: number, limit: number): Name {
    const target = this.#pointerAt(at, limit)
    if (target >= HEADER_OCTETS && target < at) return this.#readAlias(at, target, limit)
    const length = nameLengthAt(this.#message, at, limit)
    if (length === 0) return this.#unfold(at, limit)
    this.end = at + length
    return this.#message.subarray(at, this.end) as Name
  }

  /** The name at `at`, which is nothing but a pointer. */
  #readAlias(at: number, target: number, limit: number): Name {
    if (target !== this.#lastTarget) {
      const length = nameLengthAt(this.#message, target, this.#message.length)
      const view = this.#message.subarray(target, target + length) as Name
      this.#lastName = length === 0 ? this.#unfold(at, limit) : view
      this.#lastTarget = target
    }
    this.#charge(this.#lastName.length, at)
    this.end = at + 2
    return this.#lastName
  }

  /** Gathers the pieces of the name at `at`; sets `end`. */
  #unfold(at: number, limit: number): Name {
    const message = this.#message
    let from = at
    let bound = limit
    let segment = at
    let length = 0
    this.end = 0
    for (let hops = 0; hops <= POINTER_HOPS_MAX; hops++) {
      for (;;) {
        if (from >= bound) throw new FormatError('a name runs past its end', from)
        const octet = message[from]!
        if (octet > LABEL_OCTETS_MAX) break
        if (from + octet >= bound) throw new FormatError('a label runs past its end', from)
        if (length + octet >= NAME_OCTETS_MAX) throw new FormatError('a name is longer than 255 octets', at)
        for (const stop = from + octet; from <= stop; from++) scratch[length++] = message[from]!
        if (octet > 0) continue
        if (this.end === 0) this.end = from
        this.#charge(length, at)
        return this.arena.copy(scratch, 0, length) as Name
      }
      const target = this.#pointerAt(from, bound)
      if (target < HEADER_OCTETS || target >= segment) throw new FormatError('a pointer leads nowhere', from)
      if (this.end === 0) this.end = from + 2
      segment = target
      from = target
      bound = message.length
    }
    throw new FormatError('a name has too many pointers', at)
  }

  #charge(length: number, at: number): void {
    this.#octetsLeft -= length
    if (this.#octetsLeft < 0) throw new FormatError('the names unfold to too many octets', at)
  }

  /** Where the pointer at `at` leads, or 0 when there is none. */
  #pointerAt(at: number, limit: number): number {
    if (at + 1 >= limit || (this.#message[at]! & POINTER) !== POINTER) return 0
    return ((this.#message[at]! & ~POINTER) << 8) | this.#message[at + 1]!
  }
}

/** Offset after the name at `at`, which is not unfolded: for records that are passed over. Throws FormatError. */
export function skipName(message: Uint8Array, at: number): number {
  let from = at
  for (;;) {
    if (from >= message.length) throw new FormatError('a name runs past the message', at)
    const octet = message[from]!
    if (octet === 0) return from + 1
    if (octet >= POINTER && from + 2 <= message.length) return from + 2
    if (octet > LABEL_OCTETS_MAX) throw new FormatError('a label has a reserved form', from)
    from += octet + 1
    if (from - at >= NAME_OCTETS_MAX) throw new FormatError('a name is longer than 255 octets', at)
  }
}
