/** Names of addresses: below `in-addr.arpa` for IPv4 (RFC 1035 3.5), below `ip6.arpa` for IPv6 (RFC 3596 2.5). */
import type { Address } from '../base/address.ts'
import { isSubdomainOf, labelsOf, type Name, nameFromLabels } from './name.ts'
import { nameFrom } from './name-text.ts'

const IN_ADDR_ARPA = nameFrom('in-addr.arpa.')
const IP6_ARPA = nameFrom('ip6.arpa.')
/** Four bits a label. */
const IP6_LABELS = 32

/** The name of an IPv4 address. */
export function inAddrArpaOf(ipv4: Address): Name {
  const labels = Array.from(ipv4, (octet) => Uint8Array.from(String(octet), (digit) => digit.charCodeAt(0)))
  return nameFromLabels([...labels.reverse(), ...labelsOf(IN_ADDR_ARPA)])!
}

/** The IPv6 address that a name is for; undefined when it is not the name of a whole address. */
export function addressOfIp6Arpa(name: Name): Address | undefined {
  if (!isSubdomainOf(name, IP6_ARPA)) return undefined
  const nibbles = labelsOf(name).slice(0, -2)
  if (nibbles.length !== IP6_LABELS) return undefined
  const address = new Uint8Array(16)
  for (const [i, label] of nibbles.reverse().entries()) {
    const value = label.length === 1 ? hexValue(label[0]!) : -1
    if (value < 0) return undefined
    address[i >> 1]! |= (i & 1) === 0 ? value << 4 : value
  }
  return address
}

/** Value of a hexadecimal digit, or -1. */
function hexValue(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const folded = octet | 0x20
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1
}
