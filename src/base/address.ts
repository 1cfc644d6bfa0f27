/** IP addresses as octets: four for IPv4, sixteen for IPv6. */
import { isIPv4, isIPv6 } from 'node:net'
import { mapKey } from './octets.ts'

/** An IP address: 4 or 16 octets in network order. */
export type Address = Uint8Array

/** Where a server listens. */
export interface Endpoint {
  readonly address: Address
  readonly port: number
}

/** Octets of an address in text, or undefined when it is none. No zone index, no brackets. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  return parseIPv6(text)
}

function parseIPv6(text: string): Address {
  const octets = new Uint8Array(16)
  const [head = '', tail] = text.split('::')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  octets.set(front, 0)
  octets.set(back, 16 - back.length)
  return octets
}

function groups(text: string): number[] {
  const octets: number[] = []
  if (text === '') return octets
  for (const group of text.split(':')) {
    if (group.includes('.')) octets.push(...group.split('.').map(Number))
    else {
      const value = Number.parseInt(group, 16)
      octets.push(value >> 8, value & 0xff)
    }
  }
  return octets
}

/** Text of an address; IPv6 as RFC 5952 has it. */
export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join('.')
  const words: number[] = []
  for (let i = 0; i < 16; i += 2) words.push((address[i]! << 8) | address[i + 1]!)
  const [start, length] = longestZeroRun(words)
  const hex = words.map((word) => word.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(words: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let i = 0; i < words.length; ) {
    let j = i
    while (j < words.length && words[j] === 0) j++
    if (j - i > best[1]) best = [i, j - i]
    i = Math.max(j, i + 1)
  }
  return best
}

/** The endpoint as a key for a JavaScript map: two servers may share an address. Not text. */
export function endpointKey({ address, port }: Endpoint): string {
  return mapKey(address) + String.fromCharCode(port)
}

/** `address@port`, the form of the configuration. */
export function formatEndpoint(endpoint: Endpoint): string {
  return `${formatAddress(endpoint.address)}@${endpoint.port}`
}
