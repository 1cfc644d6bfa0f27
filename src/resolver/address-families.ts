/** Which families authorities are asked over, and what is asked for an address of the other (NAT64). */
import type { Address } from '../base/address.ts'
import { embeddedIPv4, embedIPv4 } from '../base/ipv4-embedded.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { addressUsable } from './address-rules.ts'
import type { ResolverSettings } from './ports.ts'

type Families = Pick<ResolverSettings, 'ipv4' | 'ipv6' | 'nat64Prefix'>

/** Types of the addresses that are of use, in the order in which they are looked up. */
export function addressTypes({ ipv4, ipv6, nat64Prefix }: Families): number[] {
  if (!ipv4 && nat64Prefix !== undefined) return ipv6 ? [TYPE.AAAA, TYPE.A] : [TYPE.A]
  return [...(ipv4 ? [TYPE.A] : []), ...(ipv6 ? [TYPE.AAAA] : [])]
}

/** Where a server is asked that has the address; undefined when it is not to be asked. */
export function addressToAsk(address: Address, settings: ResolverSettings): Address | undefined {
  const asked = throughNat64(address, settings)
  const endpoint = asked && { address: asked, port: settings.authorityPort }
  return endpoint !== undefined && addressUsable(endpoint, settings) ? asked : undefined
}

/** The address itself or, where only the other family leads out, the one that stands for it; undefined when neither does. */
export function throughNat64(address: Address, { ipv4, ipv6, nat64Prefix }: Families): Address | undefined {
  if (address.length === 4 ? ipv4 : ipv6) return address
  if (ipv4 || nat64Prefix === undefined) return undefined
  if (address.length === 4) return embedIPv4(nat64Prefix, address)
  return embeddedIPv4(nat64Prefix, address) === undefined ? undefined : address
}
