/** A whole zone held against its trust anchors: its keys, its signatures at the apex, its digest (RFC 8976 4). */
import { TYPE } from '../wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { parseSoa, type Soa } from '../wire/rdata/soa.ts'
import { groupRrsets, type ResourceRecord, type Rrset } from '../wire/record.ts'
import { checkDnskeySet } from './delegation.ts'
import type { ValidationParameters } from './parameters.ts'
import { REASONS, type Reason } from './reasons.ts'
import { checkRrset } from './rrset-signature.ts'
import { unwrapSerialTime } from './serial.ts'
import type { TrustAnchor } from './trust-anchors.ts'
import { zoneDigestFault } from './zone-digest.ts'

/** A zone that is whole and authentic, or why it is not taken for that. */
export type ZoneProof =
  | {
      readonly soa: Soa
      /** Seconds since 1970: the first of the signatures that prove it ends. */
      readonly signedUntilSeconds: number
    }
  | { readonly fault: string }

/**
 * Proves a zone: an anchor vouches for the keys, these signed SOA and ZONEMD, and the digest is that of the records.
 *
 * @param anchors those of the zone
 */
export function proveZone(
  apex: Name,
  records: readonly ResourceRecord[],
  anchors: readonly TrustAnchor[],
  p: ValidationParameters,
): ZoneProof {
  const atApex = groupRrsets(records.filter(({ owner }) => namesEqual(owner, apex)))
  const of = (type: number): Rrset | undefined => atApex.find((set) => set.type === type)
  const soas = of(TYPE.SOA)
  const soa = soas?.rdatas.length === 1 ? parseSoa(soas.rdatas[0]!) : undefined
  if (soas === undefined || soa === undefined) return { fault: 'it has no SOA record, or several' }
  if (anchors.length === 0) return { fault: `there is no trust anchor for ${formatName(apex)}` }
  const keys = of(TYPE.DNSKEY)
  if (keys === undefined) return { fault: 'it is not signed: it has no DNSKEY record' }
  const verdict = checkDnskeySet(keys, { anchors }, apex, p)
  if (verdict.status === 'insecure') return { fault: REASONS[verdict.reason].text }
  if (verdict.status === 'bogus') return { fault: words(verdict.reason, verdict.detail) }
  const zonemd = of(TYPE.ZONEMD)
  if (zonemd === undefined) return { fault: 'it has no ZONEMD record' }
  const ends = [verdict.expiration]
  for (const set of [soas, zonemd]) {
    const signed = checkRrset(set, verdict.keys, p)
    if (signed.status === 'bogus') return { fault: words(signed.reason, signed.detail) }
    ends.push(signed.expiration)
  }
  const fault = zoneDigestFault(apex, soa.serial, records)
  if (fault !== undefined) return { fault }
  const signedUntilSeconds = Math.min(...ends.map((end) => unwrapSerialTime(end, p.nowSeconds)))
  return { soa, signedUntilSeconds }
}

function words(reason: Reason, detail: string): string {
  return detail === '' ? REASONS[reason].text : detail
}
