/** How long a denial may be kept. */
import { NEGATIVE_TTL_SECONDS_MAX } from '../base/limits.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import type { Rrset } from '../wire/record.ts'

/** RFC 2308 5, RFC 9077: the least of the SOA's TTL and MINIMUM and of the proofs' TTLs, capped; 0 without either. */
export function negativeTtlSeconds(authority: readonly Rrset[]): number {
  let ttlSeconds = authority.length === 0 ? 0 : NEGATIVE_TTL_SECONDS_MAX
  for (const set of authority) {
    ttlSeconds = Math.min(ttlSeconds, set.ttlSeconds)
    if (set.type === TYPE.SOA)
      ttlSeconds = Math.min(ttlSeconds, parseSoa(set.rdatas[0]!)?.minimumSeconds ?? 0)
  }
  return ttlSeconds
}

/** The set, to be kept no longer than this. */
export function cappedTo(set: Rrset, ttlSeconds: number): Rrset {
  return set.ttlSeconds <= ttlSeconds ? set : { ...set, ttlSeconds }
}
