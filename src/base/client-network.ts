/** What counts as one client wherever it is bounded what one may take. */
import { CLIENT_IPV6_OCTETS } from './limits.ts'

/**
 * An IPv4 address as it is, or the network of an IPv6 one.
 *
 * @param address 4 or 16 octets
 * @returns a view
 */
export function clientNetwork(address: Uint8Array): Uint8Array {
  return address.length === 4 ? address : address.subarray(0, CLIENT_IPV6_OCTETS)
}
