/**
 * Keeps addresses of the operator's own network out of answers about public names: a page from outside must not reach
 * inside by a name that suddenly points there (DNS rebinding).
 *
 * It works on the finished answer: what is cached and judged is what the zone said, and a bogus answer is bogus first
 * (attack A17). A record is removed whole, also where only one of several hints in it is private. What is left is not the
 * zone's own set any more, so its signatures go and the answer is not called authenticated.
 */
import { embeddedIPv4 } from '../base/ipv4-embedded.ts'
import type { Prefix } from '../base/prefix.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isSubdomainOf, type Name } from '../wire/name.ts'
import { SVC_PARAM, svcParameter } from '../wire/rdata/svcb.ts'
import type { Rrset } from '../wire/record.ts'
import type { ResolverSettings } from './ports.ts'

/** An answer without the records that it must not have. */
export interface Cleaned {
  readonly answer: readonly Rrset[]
  /** The first owner that lost a record; undefined when none did. */
  readonly owner: Name | undefined
}

/** The rule. Made once. */
export class PrivateAddresses {
  readonly #private: PrefixTable<true>
  readonly #isEmpty: boolean
  readonly #domains: readonly Name[]
  readonly #translation: Prefix | undefined

  constructor({
    privateAddresses,
    privateDomains,
    dns64,
  }: Pick<ResolverSettings, 'privateAddresses' | 'privateDomains' | 'dns64'>) {
    this.#private = new PrefixTable(privateAddresses.map((prefix) => ({ prefix, value: true })))
    this.#isEmpty = privateAddresses.length === 0
    this.#domains = privateDomains
    this.#translation = dns64?.prefix
  }

  /** Takes the records out. Owners at or below the private domains may have any address. */
  removedFrom(answer: readonly Rrset[]): Cleaned {
    if (this.#isEmpty) return { answer, owner: undefined }
    let owner: Name | undefined
    const kept: Rrset[] = []
    for (const rrset of answer) {
      const rdatas = this.#allowed(rrset)
      if (rdatas.length === rrset.rdatas.length) {
        kept.push(rrset)
        continue
      }
      owner ??= rrset.owner
      if (rdatas.length > 0) kept.push({ ...rrset, rdatas, signatures: [] })
    }
    return { answer: kept, owner }
  }

  #allowed({ owner, type, rdatas }: Rrset): readonly Uint8Array[] {
    const addressesIn = ADDRESSES_IN.get(type)
    if (addressesIn === undefined || this.#domains.some((domain) => isSubdomainOf(owner, domain)))
      return rdatas
    return rdatas.filter((rdata) => !addressesIn(rdata).some((address) => this.#isPrivate(address)))
  }

  #isPrivate(address: Uint8Array): boolean {
    if (this.#private.find(address, address.length) === true) return true
    // Whoever made it, the client gets to the IPv4 address by it.
    const beyond = this.#translation && embeddedIPv4(this.#translation, address)
    return beyond !== undefined && this.#private.find(beyond) === true
  }
}

/** The addresses in a record, by its type. */
const ADDRESSES_IN: ReadonlyMap<number, (rdata: Uint8Array) => Uint8Array[]> = new Map([
  [TYPE.A, (rdata) => [rdata]],
  [TYPE.AAAA, (rdata) => [rdata]],
  [TYPE.SVCB, hints],
  [TYPE.HTTPS, hints],
])

function hints(rdata: Uint8Array): Uint8Array[] {
  return [
    ...addressesOf(svcParameter(rdata, SVC_PARAM.IPV4HINT), 4),
    ...addressesOf(svcParameter(rdata, SVC_PARAM.IPV6HINT), 16),
  ]
}

function addressesOf(value: Uint8Array | undefined, octets: number): Uint8Array[] {
  const addresses: Uint8Array[] = []
  for (let at = 0; value !== undefined && at + octets <= value.length; at += octets)
    addresses.push(value.subarray(at, at + octets))
  return addresses
}
