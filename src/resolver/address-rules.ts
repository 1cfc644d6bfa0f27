/** Which addresses are never asked, whatever a zone says (attack B08). */
import type { Endpoint } from '../base/address.ts'
import { embeddedIPv4 } from '../base/ipv4-embedded.ts'
import { octetsEqual } from '../base/octets.ts'
import type { ResolverSettings } from './ports.ts'

/** True when a query may be sent there: not to ourselves, nowhere, to a group or (labs aside) to the loopback. */
export function addressUsable(endpoint: Endpoint, settings: ResolverSettings): boolean {
  const { address, port } = endpoint
  const own = settings.ownAddresses.some((mine) => mine.port === port && octetsEqual(mine.address, address))
  if (own) return false
  if (address.length === 4) return usableIPv4(address, settings.allowLoopbackAuthorities)
  if (address.length !== 16) return false
  // Beyond the translator it is the IPv4 address (RFC 6052).
  const beyond = settings.nat64Prefix && embeddedIPv4(settings.nat64Prefix, address)
  if (beyond !== undefined && !addressUsable({ address: beyond, port }, settings)) return false
  return usableIPv6(address, settings.allowLoopbackAuthorities)
}

/** The same for a server that the operator gave, who may well mean the loopback. */
export function routeAddressUsable(endpoint: Endpoint, settings: ResolverSettings): boolean {
  return addressUsable(endpoint, { ...settings, allowLoopbackAuthorities: true })
}

function usableIPv4(address: Uint8Array, allowLoopback: boolean): boolean {
  const first = address[0]!
  if (first === 0 || first >= 224) return false
  return first !== 127 || allowLoopback
}

function usableIPv6(address: Uint8Array, allowLoopback: boolean): boolean {
  if (address[0] === 0xff) return false
  const zeros = address.findIndex((octet) => octet !== 0)
  if (zeros < 0) return false
  if (zeros === 15 && address[15] === 1) return allowLoopback
  // IPv4-mapped (RFC 4291 2.5.5.2): judged as the IPv4 address that it stands for.
  if (zeros === 10 && address[10] === 0xff && address[11] === 0xff) {
    return usableIPv4(address.subarray(12), allowLoopback)
  }
  return true
}
