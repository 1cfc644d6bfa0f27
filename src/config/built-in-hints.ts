/** The root servers as https://www.iana.org/domains/root/servers lists them, to prime from (RFC 9609). */
import { parseAddress } from '../base/address.ts'
import type { Name } from '../wire/name.ts'
import { nameFrom } from '../wire/name-text.ts'

/** A root server and where it is reached. */
export interface RootHint {
  readonly name: Name
  readonly addresses: readonly Uint8Array[]
}

const ROOT_SERVERS: Readonly<Record<string, readonly [ipv4: string, ipv6: string]>> = {
  'a.root-servers.net.': ['198.41.0.4', '2001:503:ba3e::2:30'],
  'b.root-servers.net.': ['170.247.170.2', '2801:1b8:10::b'],
  'c.root-servers.net.': ['192.33.4.12', '2001:500:2::c'],
  'd.root-servers.net.': ['199.7.91.13', '2001:500:2d::d'],
  'e.root-servers.net.': ['192.203.230.10', '2001:500:a8::e'],
  'f.root-servers.net.': ['192.5.5.241', '2001:500:2f::f'],
  'g.root-servers.net.': ['192.112.36.4', '2001:500:12::d0d'],
  'h.root-servers.net.': ['198.97.190.53', '2001:500:1::53'],
  'i.root-servers.net.': ['192.36.148.17', '2001:7fe::53'],
  'j.root-servers.net.': ['192.58.128.30', '2001:503:c27::2:30'],
  'k.root-servers.net.': ['193.0.14.129', '2001:7fd::1'],
  'l.root-servers.net.': ['199.7.83.42', '2001:500:9f::42'],
  'm.root-servers.net.': ['202.12.27.33', '2001:dc3::35'],
}

/** Hints for the public root. */
export const BUILT_IN_HINTS: readonly RootHint[] = Object.entries(ROOT_SERVERS).map(
  ([server, addresses]) => ({
    name: nameFrom(server),
    addresses: addresses.map((text) => parseAddress(text)!),
  }),
)
