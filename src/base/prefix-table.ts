/** Values by address prefix, the longest prefix wins: access lists and whatever else goes by client network. */
import type { Prefix } from './prefix.ts'

/** Number of leading zero octets, then two of ones, in an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2). */
const MAPPED_ZEROS = 10
const MAPPED_BITS = 96

/** True for an address in ::ffff:0:0/96. */
export function isMappedIPv4(address: Uint8Array, length: number = address.length): boolean {
  if (length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false
  for (let i = 0; i < MAPPED_ZEROS; i++) if (address[i] !== 0) return false
  return true
}

/**
 * A fixed table, made once. Prefixes nest or are disjoint, so they flatten into ranges that do not overlap: a look-up is
 * one binary search over numbers and allocates nothing. An IPv4-mapped IPv6 address counts as the IPv4 address.
 */
export class PrefixTable<Value> {
  readonly #values: Value[] = []
  readonly #ipv4: Ranges
  readonly #ipv6: Ranges

  /** @param entries where two prefixes are equal, the later one counts */
  constructor(entries: Iterable<{ readonly prefix: Prefix; readonly value: Value }>) {
    const ipv4 = new Map<string, Span>()
    const ipv6 = new Map<string, Span>()
    for (const { prefix, value } of entries) {
      const index = this.#values.push(value) - 1
      const mapped = prefix.bits >= MAPPED_BITS && isMappedIPv4(prefix.address)
      const address = mapped ? prefix.address.subarray(12) : prefix.address
      const span = spanOf(address, mapped ? prefix.bits - MAPPED_BITS : prefix.bits, index)
      const home = address.length === 4 ? ipv4 : ipv6
      home.set(`${span.first} ${span.last}`, span)
    }
    this.#ipv4 = new Ranges([...ipv4.values()], 1)
    this.#ipv6 = new Ranges([...ipv6.values()], 4)
  }

  /**
   * The value of the longest prefix that covers the address.
   *
   * @param address octets; only the first `length` (4 or 16) are read, so a reused buffer will do
   */
  find(address: Uint8Array, length: number = address.length): Value | undefined {
    let index = -1
    if (length === 4) index = this.#ipv4.findOfWord(wordAt(address, 0))
    else if (isMappedIPv4(address, length)) index = this.#ipv4.findOfWord(wordAt(address, 12))
    else if (length === 16) index = this.#ipv6.find(address, 0)
    return index < 0 ? undefined : this.#values[index]
  }
}

/** Four octets of an address as a number. */
function wordAt(octets: Uint8Array, at: number): number {
  return ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
}

/** First and last address of a prefix as one number, and the value's index. */
interface Span {
  readonly first: bigint
  readonly last: bigint
  readonly index: number
}

function spanOf(address: Uint8Array, bits: number, index: number): Span {
  let first = 0n
  for (const octet of address) first = (first << 8n) | BigInt(octet)
  const hostBits = BigInt(address.length * 8 - bits)
  return { first, last: first | ((1n << hostBits) - 1n), index }
}

/** Sorted starts of ranges, `words` 32-bit words each, and the value from each start to the next (-1: none). */
class Ranges {
  readonly #words: number
  readonly #starts: Uint32Array
  readonly #indexes: Int32Array

  constructor(spans: Span[], words: number) {
    const flat = flatten(spans, 1n << BigInt(32 * words))
    this.#words = words
    this.#starts = new Uint32Array(flat.length * words)
    this.#indexes = Int32Array.from(flat, (range) => range.index)
    flat.forEach(({ start }, i) => {
      for (let w = 0; w < words; w++) {
        this.#starts[i * words + w] = Number((start >> BigInt(32 * (words - 1 - w))) & 0xffff_ffffn)
      }
    })
  }

  /** As `find`, where an address is one word. */
  findOfWord(word: number): number {
    const starts = this.#starts
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (starts[middle]! > word) high = middle
      else low = middle + 1
    }
    return low === 0 ? -1 : this.#indexes[low - 1]!
  }

  /** Index of the value for the address whose octets begin at `at`, or -1. */
  find(octets: Uint8Array, at: number): number {
    let low = 0
    let high = this.#indexes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#startsAfter(middle, octets, at)) high = middle
      else low = middle + 1
    }
    return low === 0 ? -1 : this.#indexes[low - 1]!
  }

  #startsAfter(range: number, octets: Uint8Array, at: number): boolean {
    for (let w = 0; w < this.#words; w++) {
      const word = wordAt(octets, at + 4 * w)
      const start = this.#starts[range * this.#words + w]!
      if (start !== word) return start > word
    }
    return false
  }
}

/** Nested spans to a sequence of starts: where a span begins its value holds, where it ends the enclosing one's. */
function flatten(spans: Span[], end: bigint): { start: bigint; index: number }[] {
  const flat: { start: bigint; index: number }[] = []
  const open: Span[] = []
  const begin = (start: bigint, index: number): void => {
    if (flat.at(-1)?.start === start) flat.pop()
    if (start < end) flat.push({ start, index })
  }
  const closeBefore = (start: bigint): void => {
    while (open.length > 0 && open.at(-1)!.last < start) {
      const closed = open.pop()!
      begin(closed.last + 1n, open.at(-1)?.index ?? -1)
    }
  }
  // At equal starts the wider span comes first, so that the narrower one is inside it.
  const sorted = [...spans].sort((a, b) => order(a.first, b.first) || order(b.last, a.last))
  for (const span of sorted) {
    closeBefore(span.first)
    begin(span.first, span.index)
    open.push(span)
  }
  closeBefore(end)
  return flat
}

function order(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
