/** Addresses at which the public Internet finds no name server. */
import type { Address } from '../base/address.ts'
import { parsePrefix } from '../base/prefix.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import { addressUsable } from '../resolver/address-rules.ts'
import type { ResolverSettings } from '../resolver/ports.ts'

/** Networks of IANA's special-purpose registries (RFC 6890) that are not reachable from everywhere, loopback aside. */
const PREFIXES = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
  '100::/64',
  '2001:db8::/32',
  'fc00::/7',
  'fe80::/10',
]

const HIDDEN = new PrefixTable(PREFIXES.map((text) => ({ prefix: parsePrefix(text)!, value: true })))

/** True for an address that cannot be that of a public name server. The loopback counts, but in labs. */
export function isHidden(address: Address, settings: ResolverSettings): boolean {
  if (HIDDEN.find(address) === true) return true
  return !addressUsable({ address, port: settings.authorityPort }, settings)
}
