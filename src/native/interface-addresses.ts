/** The addresses that the interfaces of this machine have. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Address, formatAddress, parseAddress } from '../base/address.ts'

/** One of them. */
export interface InterfaceAddress {
  readonly address: Address
  /** As sockets take it: with the interface where the address is link-local, and means nothing without. */
  readonly text: string
}

/** All as they are now, each once; none where they cannot be learnt. */
export function interfaceAddresses(): InterfaceAddress[] {
  try {
    const listed = Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
      list.flatMap(({ address }) => interfaceAddress(parseAddress(address.split('%')[0]!), name)),
    )
    return eachOnce(listed)
  } catch {
    // A sandbox without netlink sockets: what Node asks by them stands in files as well.
    return kernelAddresses()
  }
}

/** The addresses of this machine by the tables that Linux has of them; none elsewhere. */
export function kernelAddresses(): InterfaceAddress[] {
  const ipv6 = readTable('/proc/self/net/if_inet6').matchAll(/^([0-9a-f]{32}) .* (\S+)$/gm)
  const ipv4 = readTable('/proc/self/net/fib_trie').matchAll(/\|-- ([0-9.]+)\n *\/32 host LOCAL/g)
  return eachOnce(
    [
      ...Array.from(ipv4, ([, text]) => interfaceAddress(parseAddress(text!), '')),
      ...Array.from(ipv6, ([, octets, name]) => interfaceAddress(Buffer.from(octets!, 'hex'), name!)),
    ].flat(),
  )
}

function interfaceAddress(address: Uint8Array | undefined, name: string): InterfaceAddress[] {
  if (address === undefined) return []
  const text = formatAddress(address)
  return [{ address: Uint8Array.from(address), text: isLinkLocal(address) ? `${text}%${name}` : text }]
}

/** RFC 4291 2.5.6. */
function isLinkLocal(address: Uint8Array): boolean {
  return address.length === 16 && address[0] === 0xfe && (address[1]! & 0xc0) === 0x80
}

function eachOnce(list: readonly InterfaceAddress[]): InterfaceAddress[] {
  return [...new Map(list.map((one) => [one.text, one])).values()]
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
