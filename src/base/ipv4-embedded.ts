/** IPv4 addresses inside IPv6 ones, as translators write them (RFC 6052 2.2). */
import type { Address } from './address.ts'
import type { Prefix } from './prefix.ts'

/** Prefix lengths that leave room for an IPv4 address in a place that all agree on. */
export const TRANSLATION_PREFIX_BITS: readonly number[] = [32, 40, 48, 56, 64, 96]

/** Bits 64 to 71 of an address must be zero (RFC 6052 2.2), so an IPv4 address is written around them. */
const RESERVED_OCTET = 8

/** True when the prefix may stand before IPv4 addresses. */
export function isTranslationPrefix({ address, bits }: Prefix): boolean {
  return address.length === 16 && TRANSLATION_PREFIX_BITS.includes(bits) && address[RESERVED_OCTET] === 0
}

/** The IPv6 address that stands for an IPv4 address. */
export function embedIPv4({ address, bits }: Prefix, ipv4: Address): Address {
  const ipv6 = address.slice()
  placesOf(bits).forEach((place, i) => {
    ipv6[place] = ipv4[i]!
  })
  return ipv6
}

/** The IPv4 address that an IPv6 address stands for; undefined when it stands for none. What follows it is of no account. */
export function embeddedIPv4(prefix: Prefix, ipv6: Address): Address | undefined {
  const { address, bits } = prefix
  if (ipv6.length !== 16 || ipv6[RESERVED_OCTET] !== 0) return undefined
  for (let at = 0; at < bits / 8; at++) if (ipv6[at] !== address[at]) return undefined
  return Uint8Array.from(placesOf(bits), (place) => ipv6[place]!)
}

/** Where the four octets stand behind a prefix. */
function placesOf(bits: number): number[] {
  const places: number[] = []
  for (let at = bits / 8; places.length < 4; at++) if (at !== RESERVED_OCTET) places.push(at)
  return places
}
