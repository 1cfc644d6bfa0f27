/**
 * For whom validation is enforced while mode `enforce` is rolled out: a share of the clients, networks that are always
 * or never among them, listening addresses that always or never are. A client is its network, and the share it falls in
 * hangs on a secret of the install alone, so raising the share moves no client back.
 */
import { type HashKey, hashWords, isInShare } from '../base/keyed-hash.ts'
import type { Prefix } from '../base/prefix.ts'
import { isMappedIPv4, PrefixTable } from '../base/prefix-table.ts'
import type { PolicyWords } from './policy-words.ts'

/** Who is enforced whatever the share. */
export interface RolloutLists {
  readonly always: readonly Prefix[]
  /** Of two prefixes that cover a client the longer decides, of two equal ones this. */
  readonly never: readonly Prefix[]
  /** Numbers of listening addresses, in the order of `server.listen`; prefixes go before them. */
  readonly alwaysListeners: readonly number[]
  readonly neverListeners: readonly number[]
}

/** What it is made of. */
export interface RolloutOptions {
  readonly words: Pick<PolicyWords, 'mode' | 'percent'>
  /** The secret of the install. */
  readonly key: HashKey
  /** Leading bits of an address that name a client. */
  readonly ipv4Bits: number
  readonly ipv6Bits: number
  readonly lists?: RolloutLists
}

/** Nobody is treated apart. */
export const NO_LISTS: RolloutLists = { always: [], never: [], alwaysListeners: [], neverListeners: [] }

const ADDRESS_OCTETS_MAX = 16

/** See the head of this file. Deciding allocates nothing. */
export class Rollout {
  readonly #words: RolloutOptions['words']
  readonly #key: HashKey
  readonly #ipv4Bits: number
  readonly #ipv6Bits: number
  readonly #scratch = new Int32Array(ADDRESS_OCTETS_MAX / 4)
  readonly #scratchOctets = new Uint8Array(this.#scratch.buffer)
  #table!: PrefixTable<boolean>
  /** By the number of the listener; undefined where the share decides. */
  #listeners!: readonly (boolean | undefined)[]

  constructor(options: RolloutOptions) {
    this.#words = options.words
    this.#key = options.key
    this.#ipv4Bits = options.ipv4Bits
    this.#ipv6Bits = options.ipv6Bits
    this.configure(options.lists ?? NO_LISTS)
  }

  configure(lists: RolloutLists): void {
    this.#table = new PrefixTable([
      ...lists.always.map((prefix) => ({ prefix, value: true })),
      ...lists.never.map((prefix) => ({ prefix, value: false })),
    ])
    const listeners: (boolean | undefined)[] = []
    for (const listener of lists.alwaysListeners) listeners[listener] = true
    for (const listener of lists.neverListeners) listeners[listener] = false
    this.#listeners = Array.from(listeners)
  }

  /**
   * True when the client gets SERVFAIL in place of bogus data.
   *
   * @param address octets, of which the first `length` (4 or 16) are the address
   * @param listener number of the listening address that it asked
   */
  enforces(address: Uint8Array, length: number, listener: number): boolean {
    if (this.#words.mode !== 'enforce') return false
    const listed = this.#table.find(address, length) ?? this.#listeners[listener]
    if (listed !== undefined) return listed
    const { percent } = this.#words
    return percent >= 100 || isInShare(this.clientHash(address, length), percent)
  }

  /** A client's network as a number, 32 bits with a sign: who does not have the secret learns nothing of the address. */
  clientHash(address: Uint8Array, length: number): number {
    const mapped = isMappedIPv4(address, length)
    const from = mapped ? 12 : 0
    const octets = mapped ? 4 : length
    const bits = octets === 4 ? this.#ipv4Bits : this.#ipv6Bits
    const whole = bits >> 3
    const scratch = this.#scratchOctets
    for (let i = 0; i < octets; i++) scratch[i] = i < whole ? address[from + i]! : 0
    if ((bits & 7) !== 0) scratch[whole] = address[from + whole]! & (0xff00 >> (bits & 7))
    return hashWords(this.#key, this.#scratch, octets)
  }
}
