/** Who may ask. */
import { type Prefix, parsePrefix } from '../base/prefix.ts'
import { PrefixTable } from '../base/prefix-table.ts'

/** Prefixes allowed and denied; the longest that covers a client decides, and at equal length denial. */
export interface AccessOptions {
  readonly allow: readonly Prefix[]
  readonly deny?: readonly Prefix[]
  /** Who may look into the cache with questions without RD; must be allowed besides. */
  readonly snoop?: readonly Prefix[]
}

/** Loopback only: a resolver that answers strangers is a weapon (attack B11), so the operator opens it by hand. */
export const DEFAULT_ACCESS: AccessOptions = {
  allow: ['127.0.0.0/8', '::1/128'].map((text) => parsePrefix(text)!),
}

/** The access list. A look-up allocates nothing. */
export class AccessList {
  readonly #table: PrefixTable<boolean>
  readonly #snoops: PrefixTable<true>

  constructor(options: AccessOptions = DEFAULT_ACCESS) {
    this.#table = new PrefixTable([
      ...options.allow.map((prefix) => ({ prefix, value: true })),
      ...(options.deny ?? []).map((prefix) => ({ prefix, value: false })),
    ])
    this.#snoops = new PrefixTable((options.snoop ?? []).map((prefix) => ({ prefix, value: true })))
  }

  /**
   * True when the client may ask. Who is on no list may not.
   *
   * @param address octets, of which the first `length` (4 or 16) are the address
   */
  allows(address: Uint8Array, length: number = address.length): boolean {
    return this.#table.find(address, length) === true
  }

  /** True when the client gets what is in the cache without RD. Others could learn from it what our clients ask. */
  maySnoop(address: Uint8Array, length: number = address.length): boolean {
    return this.#snoops.find(address, length) === true
  }
}
