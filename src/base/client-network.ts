/** What counts as one client wherever it is bounded what one may take. */
import { CLIENT_IPV6_OCTETS, NEIGHBOURS_IPV4_OCTETS, NEIGHBOURS_IPV6_OCTETS } from './limits.ts'

/**
 * An IPv4 address as it is, or the network of an IPv6 one.
 *
 * @param address 4 or 16 octets
 * @returns a view
 */
export function clientNetwork(address: Uint8Array): Uint8Array {
  return address.length === 4 ? address : address.subarray(0, CLIENT_IPV6_OCTETS)
}

/** Which network a client is in, by its number (`front/who-asks.ts`): the upper half of that. */
export function networkOf(client: number): number {
  return client >>> 16
}

/**
 * The network that clients share, for what is shared out among networks first.
 *
 * @param address 4 or 16 octets
 * @returns a view
 */
export function neighbourhood(address: Uint8Array): Uint8Array {
  return address.subarray(0, address.length === 4 ? NEIGHBOURS_IPV4_OCTETS : NEIGHBOURS_IPV6_OCTETS)
}
