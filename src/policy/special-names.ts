/**
 * The names that a resolver answers itself: IANA's "Locally-Served DNS Zones" (RFC 6303 and what followed) and those of
 * its "Special-Use Domain Names" (RFC 6761) for which resolvers have something to do. `example.` is special too, but
 * asks nothing of resolvers (RFC 6761 6.5): the root denies it.
 */

/**
 * - `empty`: the apex has SOA and NS, nothing else exists (RFC 6303 3). Its DS belongs to the parent, which is asked:
 *   the public tree delegates these zones insecurely, and a validator behind us needs that proof (RFC 6303 7).
 * - `absent`: NXDOMAIN for the name itself and all below; nothing is ever asked, DS included.
 * - `no-data`: every name exists and has nothing (RFC 9462 4: "we have no designated resolver").
 * - `loopback`: the name and all below have the loopback addresses (RFC 6761 6.3).
 */
export type SpecialKind = 'empty' | 'absent' | 'no-data' | 'loopback'

/** One zone. */
export interface SpecialZone {
  readonly name: string
  readonly kind: SpecialKind
  /** Data besides SOA and NS: master-file names, types A and PTR. */
  readonly records?: readonly { readonly owner: string; readonly type: 'A' | 'PTR'; readonly data: string }[]
}

const LOOPBACK_PTR = '1.0.0.127.in-addr.arpa.'
const LOOPBACK_PTR_IPV6 = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.'

/** RFC 6303 4, RFC 7793 (100.64.0.0/10) and the zones added to the registry since. */
const EMPTY_ZONES: readonly string[] = [
  '0.in-addr.arpa.',
  '10.in-addr.arpa.',
  ...Array.from({ length: 64 }, (_, i) => `${64 + i}.100.in-addr.arpa.`),
  '254.169.in-addr.arpa.',
  ...Array.from({ length: 16 }, (_, i) => `${16 + i}.172.in-addr.arpa.`),
  '2.0.192.in-addr.arpa.',
  '168.192.in-addr.arpa.',
  '100.51.198.in-addr.arpa.',
  '113.0.203.in-addr.arpa.',
  '255.255.255.255.in-addr.arpa.',
  '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.',
  '8.b.d.0.1.0.0.2.ip6.arpa.',
  'd.f.ip6.arpa.',
  '8.e.f.ip6.arpa.',
  '9.e.f.ip6.arpa.',
  'a.e.f.ip6.arpa.',
  'b.e.f.ip6.arpa.',
  // RFC 7535 3.2: the target of AS112 redirection.
  'empty.as112.arpa.',
  // RFC 8375.
  'home.arpa.',
  // RFC 9665 8; default.service.arpa lies below.
  'service.arpa.',
]

/** RFC 6761 6.2 and 6.4, RFC 6762 22.1, RFC 7686 2, RFC 9476 3, RFC 9031 11, RFC 9140 5.6. */
const ABSENT_ZONES: readonly string[] = [
  'invalid.',
  'test.',
  'local.',
  'onion.',
  'alt.',
  '6tisch.arpa.',
  'eap-noob.arpa.',
]

/** RFC 8880 7.1: what the NAT64 discovery of RFC 7050 asks for, without a NAT64 prefix. */
const IPV4ONLY_ZONES: readonly SpecialZone[] = [
  {
    name: 'ipv4only.arpa.',
    kind: 'empty',
    records: ['192.0.0.170', '192.0.0.171'].map((data) => ({ owner: 'ipv4only.arpa.', type: 'A', data })),
  },
  // RFC 8880 7.2: the reverse mapping of the two addresses.
  ...['170.0.0.192.in-addr.arpa.', '171.0.0.192.in-addr.arpa.'].map((owner) => ({
    name: owner,
    kind: 'empty' as const,
    records: [{ owner, type: 'PTR' as const, data: 'ipv4only.arpa.' }],
  })),
]

/** All of them. */
export const SPECIAL_ZONES: readonly SpecialZone[] = [
  { name: 'localhost.', kind: 'loopback' },
  {
    name: '127.in-addr.arpa.',
    kind: 'empty',
    records: [{ owner: LOOPBACK_PTR, type: 'PTR', data: 'localhost.' }],
  },
  {
    name: LOOPBACK_PTR_IPV6,
    kind: 'empty',
    records: [{ owner: LOOPBACK_PTR_IPV6, type: 'PTR', data: 'localhost.' }],
  },
  { name: 'resolver.arpa.', kind: 'no-data' },
  ...EMPTY_ZONES.map((name): SpecialZone => ({ name, kind: 'empty' })),
  ...ABSENT_ZONES.map((name): SpecialZone => ({ name, kind: 'absent' })),
  ...IPV4ONLY_ZONES,
]
