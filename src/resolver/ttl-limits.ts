/** The operator's bounds on time to live, laid on whatever an authority says before anybody looks at it. */

import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message } from '../wire/message.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import type { ResourceRecord, Rrset } from '../wire/record.ts'

/** Bounds, seconds (`ResolverSettings.ttlSeconds`). Where they contradict each other the upper one holds. */
export interface TtlLimits {
  readonly min: number
  readonly max: number
  readonly negativeMax: number
}

/**
 * The message with every TTL within the bounds, so that caches and first replies say the same. What a signature
 * allows (RFC 4035 5.3.3) is looked at later and is less where it is less: no lower bound keeps a record for longer.
 */
export function withinLimits(message: Message, limits: TtlLimits): Message {
  const { answer, authority, additional } = message
  const isWithin = ({ ttlSeconds }: ResourceRecord): boolean =>
    ttlSeconds === withinBounds(ttlSeconds, limits)
  if (answer.every(isWithin) && authority.every(isWithin) && additional.every(isWithin)) return message
  return {
    ...message,
    answer: limited(answer, limits),
    authority: limited(authority, limits),
    additional: limited(additional, limits),
  }
}

function limited(records: readonly ResourceRecord[], limits: TtlLimits): ResourceRecord[] {
  return records.map((record) => ({ ...record, ttlSeconds: withinBounds(record.ttlSeconds, limits) }))
}

function withinBounds(ttlSeconds: number, { min, max }: TtlLimits): number {
  return Math.min(Math.max(ttlSeconds, min), max)
}

/**
 * How long a denial may be kept, seconds: the least of the SOA's TTL and MINIMUM and of the proofs' TTLs (RFC 2308 5,
 * RFC 9077), 0 without either; then the bounds.
 */
export function negativeTtlSeconds(
  authority: readonly Rrset[],
  { min, max, negativeMax }: TtlLimits,
): number {
  const most = Math.min(max, negativeMax)
  let ttlSeconds = authority.length === 0 ? 0 : most
  for (const set of authority) {
    ttlSeconds = Math.min(ttlSeconds, set.ttlSeconds)
    if (set.type === TYPE.SOA)
      ttlSeconds = Math.min(ttlSeconds, parseSoa(set.rdatas[0]!)?.minimumSeconds ?? 0)
  }
  return Math.min(Math.max(ttlSeconds, min), most)
}

/** The set, to be kept no longer than this. */
export function cappedTo(set: Rrset, ttlSeconds: number): Rrset {
  return set.ttlSeconds <= ttlSeconds ? set : { ...set, ttlSeconds }
}
