/** How clients find out about a NAT64 (RFC 7050): the AAAA records of `ipv4only.arpa`, which only a DNS64 has. */

import type { Address } from '../base/address.ts'
import { embedIPv4 } from '../base/ipv4-embedded.ts'
import { LOCAL_TTL_SECONDS } from '../base/limits.ts'
import type { Prefix } from '../base/prefix.ts'
import { CLASS } from '../wire/iana/class.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Name } from '../wire/name.ts'
import { nameFrom } from '../wire/name-text.ts'
import type { ResourceRecord } from '../wire/record.ts'

/** The name that is asked for. */
export const IPV4ONLY: Name = nameFrom('ipv4only.arpa.')
/** Its addresses, the same everywhere (RFC 7050 2.2). */
const ADDRESSES: readonly Address[] = [Uint8Array.of(192, 0, 0, 170), Uint8Array.of(192, 0, 0, 171)]

/** What a DNS64 answers of itself for the name, beside its A records (RFC 8880 7.1). */
export function discoveryRecords(prefix: Prefix): ResourceRecord[] {
  return ADDRESSES.map((address) => ({
    owner: IPV4ONLY,
    type: TYPE.AAAA,
    class: CLASS.IN,
    ttlSeconds: LOCAL_TTL_SECONDS,
    rdata: embedIPv4(prefix, address),
  }))
}
