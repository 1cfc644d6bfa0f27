/** The addresses that this machine answers on, so that the engine never asks itself. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { type Endpoint, parseAddress } from '../base/address.ts'

/** Listening addresses; a wildcard stands for every address of the machine of its family. */
export function ownAddresses(listen: readonly Endpoint[]): Endpoint[] {
  return listen.flatMap((endpoint) => {
    const { address, port } = endpoint
    if (address.some((octet) => octet !== 0)) return [endpoint]
    const mine = interfaceAddresses().filter((one) => one.length === address.length)
    return [endpoint, ...mine.map((one) => ({ address: one, port }))]
  })
}

function interfaceAddresses(): Uint8Array[] {
  try {
    const listed = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    return parseAll(listed.map(({ address }) => address))
  } catch {
    // A sandbox without netlink sockets: what Node asks by them stands in files as well.
    return kernelAddresses()
  }
}

/** The addresses of this machine by the tables that Linux has of them; none elsewhere. */
export function kernelAddresses(): Uint8Array[] {
  const ipv6 = readTable('/proc/self/net/if_inet6').matchAll(/^[0-9a-f]{32}/gm)
  const ipv4 = readTable('/proc/self/net/fib_trie').matchAll(/\|-- ([0-9.]+)\n *\/32 host LOCAL/g)
  return [
    ...Array.from(ipv6, ([octets]) => Uint8Array.from(Buffer.from(octets, 'hex'))),
    ...parseAll(Array.from(ipv4, ([, text]) => text!)),
  ]
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function parseAll(texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => parseAddress(text.split('%')[0]!)).filter((address) => address !== undefined)
}
