/** Address prefixes: networks in CIDR notation (RFC 4632 3.1, RFC 4291 2.3). */
import { type Address, formatAddress, parseAddress } from './address.ts'

/** An address prefix. No bit of `address` is set beyond `bits`. */
export interface Prefix {
  readonly address: Address
  readonly bits: number
}

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32` or a bare address.
 *
 * @returns undefined when it is none, or when bits beyond the length are set: then one of the two is a mistake
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  if (slash < 0) return { address, bits: address.length * 8 }
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits)) return undefined
  const bits = Number(digits)
  if (bits > address.length * 8) return undefined
  for (let i = 0; i < address.length; i++) if ((address[i]! & ~maskOctet(bits, i)) !== 0) return undefined
  return { address, bits }
}

/** `192.0.2.0/24`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.bits}`
}

/** The bits of octet `index` that a prefix of `bits` covers. */
function maskOctet(bits: number, index: number): number {
  return (0xff << (8 - Math.max(0, Math.min(8, bits - index * 8)))) & 0xff
}
