/** Networks: an address and how many of its leading bits count. */
import { type Address, formatAddress, parseAddress } from './address.ts'

/** A network. Bits of the address behind the prefix are zero. */
export interface Prefix {
  readonly address: Address
  /** 0 to 32, or to 128 for IPv6. */
  readonly bits: number
}

/** Reads `192.0.2.0/24`, or an address alone; undefined when it is none or a bit behind the prefix is set. */
export function parsePrefix(text: string): Prefix | undefined {
  const [addressText = '', bitsText, ...rest] = text.split('/')
  const address = parseAddress(addressText)
  if (address === undefined || rest.length > 0) return undefined
  if (bitsText === undefined) return { address, bits: address.length * 8 }
  if (!/^(0|[1-9][0-9]{0,2})$/.test(bitsText)) return undefined
  const bits = Number(bitsText)
  if (bits > address.length * 8 || !isZeroFrom(address, bits)) return undefined
  return { address, bits }
}

/** `address/bits`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.bits}`
}

function isZeroFrom(address: Address, bits: number): boolean {
  for (let bit = bits; bit < address.length * 8; bit++) {
    if ((address[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) return false
  }
  return true
}
