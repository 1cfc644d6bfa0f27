/**
 * What is kept of the trust in zones: copies, since a name or a key that points into a message keeps the whole message in
 * memory, and no more of them than there is room for.
 */
import { ZONES_TRUSTED_OCTETS_MAX } from '../base/limits.ts'
import { ExpiringTable } from '../cache/expiring-table.ts'
import type { BrokenLink } from '../dnssec/broken-link.ts'
import type { ZoneKeys } from '../dnssec/rrset-signature.ts'
import { copyName } from '../wire/name.ts'
import { type Dnskey, parseDnskey } from '../wire/rdata/dnskey.ts'
import type { KnownTrust, ZoneTrust } from './context.ts'

/** Octets of heap of a zone without its keys, and of a key beside its RDATA, as V8 11 and 13 have them. */
const ZONE_OCTETS = 1_500
const KEY_OCTETS = 400

/**
 * Makes the table of zones, by folded apex name.
 *
 * @param max zones
 * @param octetsMax of heap in all
 */
export function trustTable(
  max: number,
  nowMs: () => number,
  octetsMax: number = ZONES_TRUSTED_OCTETS_MAX,
): ExpiringTable<KnownTrust> {
  return new ExpiringTable({ max, nowMs, room: { octetsMax, octetsOf } })
}

function octetsOf({ trust }: KnownTrust): number {
  if (trust.status !== 'secure') return ZONE_OCTETS + trust.detail.length
  return trust.keys.keys.reduce((sum, { rdata }) => sum + KEY_OCTETS + rdata.length, ZONE_OCTETS)
}

/** The same trust, which points into nothing else. */
export function ownTrust<T extends ZoneTrust>(trust: T): T {
  const zone = copyName(trust.zone)
  if (trust.status === 'secure') return { ...trust, zone, keys: ownKeys(trust.keys) }
  return { ...trust, zone, link: trust.link && ownLink(trust.link) }
}

/** The same link, which points into nothing else. */
export function ownLink({ zone, type }: BrokenLink): BrokenLink {
  return { zone: copyName(zone), type }
}

/** All keys of a zone lie in one piece of memory. */
function ownKeys({ zone, keys }: ZoneKeys): ZoneKeys {
  const octets = new Uint8Array(keys.reduce((sum, { rdata }) => sum + rdata.length, 0))
  let end = 0
  const copyOf = ({ rdata }: Dnskey): Dnskey => {
    const at = end
    octets.set(rdata, at)
    end += rdata.length
    return parseDnskey(octets.subarray(at, end))!
  }
  return { zone: copyName(zone), keys: keys.map(copyOf) }
}
