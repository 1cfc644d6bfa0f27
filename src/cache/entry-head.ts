/**
 * The head of an entry in the RRset cache: what is known of the data behind it.
 *
 * 0: u8 rank, plus 0x80 when the owner's spelling is kept, 1: u8 status, 2: u16 reason, 4: u32 policy sequence number, 8: f64 when stored (ms), 16: u32 TTL (s),
 * 20: u16 rcode, 22: u8 octets of detail, 23: detail in UTF-8, then the owner
 * if it is kept, then data (`rrset-code.ts`); of a denial, RRsets.
 */
import { REASONS } from '../dnssec/reasons.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import { readU16, readU32, writeU16, writeU32 } from '../wire/integers.ts'
import { readF64, statusFromOctet, statusOctet, utf8Within, writeF64 } from './fields.ts'
import { type RestoreTerms, restoredSequence } from './restore-terms.ts'

/** A verdict as the cache keeps it. */
export interface CachedVerdict {
  readonly status: SecurityStatus
  /** Number of a reason (`dnssec/reasons.ts`). */
  readonly reason: number
  /** Names the zone and the failing link; empty when there is nothing to tell. At most 200 octets are kept. */
  readonly detail: string
  /** The policy sequence number the verdict was reached under. */
  readonly policySequence: number
}

/** Nobody has judged the data. */
export const UNJUDGED: CachedVerdict = {
  status: 'indeterminate',
  reason: REASONS['not-judged'].number,
  detail: '',
  policySequence: 0,
}

/** A head, read. */
export interface EntryHead extends CachedVerdict {
  readonly rank: number
  /** The owner comes first in what follows. Else it is the name in the key: folded, as most are spelt anyhow. */
  readonly ownerSpelt: boolean
  readonly rcode: number
  readonly storedMs: number
  readonly ttlSeconds: number
  /** Where the RRsets begin, from the start of the entry. */
  readonly end: number
}

const FIXED_OCTETS = 23
const OWNER_SPELT = 0x80

/** Where entries are put together; it grows to the longest. */
let draft = new Uint8Array(4_096)

/** Room for a head and `bodyOctets` behind it, the head written. It is for the table to copy: the next call writes there too. */
export function entryWithHead(
  head: Omit<EntryHead, 'end'>,
  bodyOctets: number,
): { octets: Uint8Array; end: number } {
  const detail = utf8Within(head.detail)
  const end = FIXED_OCTETS + detail.length
  if (draft.length < end + bodyOctets) draft = new Uint8Array(end + bodyOctets)
  const octets = draft.subarray(0, end + bodyOctets)
  octets[0] = head.rank | (head.ownerSpelt ? OWNER_SPELT : 0)
  octets[1] = statusOctet(head.status)
  writeU16(octets, 2, head.reason)
  writeU32(octets, 4, head.policySequence)
  writeF64(octets, 8, head.storedMs)
  writeU32(octets, 16, head.ttlSeconds)
  writeU16(octets, 20, head.rcode)
  octets[22] = detail.length
  if (detail.length > 0) octets.set(detail, FIXED_OCTETS)
  return { octets, end }
}

/** Makes an entry of an earlier process one of this. */
export function restoreHead(octets: Uint8Array, at: number, terms: RestoreTerms): void {
  writeU32(octets, at + 4, restoredSequence(terms, readU32(octets, at + 4)))
  writeF64(octets, at + 8, readF64(octets, at + 8) + terms.shiftMs)
}

function textOf({ buffer, byteOffset }: Uint8Array, from: number, end: number): string {
  return Buffer.from(buffer, byteOffset + from, end - from).toString('utf8')
}

/** Reads the head of the entry at `at`. */
export function readHead(octets: Uint8Array, at = 0): EntryHead {
  const end = FIXED_OCTETS + octets[at + 22]!
  return {
    rank: octets[at]! & ~OWNER_SPELT,
    ownerSpelt: (octets[at]! & OWNER_SPELT) !== 0,
    status: statusFromOctet(octets[at + 1]!),
    reason: readU16(octets, at + 2),
    policySequence: readU32(octets, at + 4),
    storedMs: readF64(octets, at + 8),
    ttlSeconds: readU32(octets, at + 16),
    rcode: readU16(octets, at + 20),
    detail: octets[at + 22] === 0 ? '' : textOf(octets, at + FIXED_OCTETS, at + end),
    end,
  }
}
