/** What the RRset cache of an earlier process knew. */
import { writeU16 } from '../wire/integers.ts'
import { restoreHead } from './entry-head.ts'
import type { OctetTable } from './octet-table.ts'
import type { RestoreTerms } from './restore-terms.ts'
import { KIND } from './rrset-kinds.ts'
import type { SnapshotRecord } from './snapshot.ts'

/**
 * Kinds that an entry gives way to beside its own, by that: what is newer, be it data or a denial. A denial of a whole
 * name has no type to look for.
 */
const RIVALS: readonly (readonly number[])[] = [
  [KIND.NEGATIVE, KIND.NAME_ERROR],
  [KIND.RRSET, KIND.NAME_ERROR],
  [],
  [],
  [],
]

/**
 * Takes an entry of an earlier process, unless it has run out or something newer of its name and type is there. The
 * record is changed.
 *
 * @param key room for a key
 */
export function restoreRrset(
  table: OctetTable,
  key: Uint8Array,
  record: SnapshotRecord,
  terms: RestoreTerms,
): boolean {
  const { octets, keyStart, keyEnd, valueStart } = record
  const endMs = record.expiresMs + terms.shiftMs
  const rivals = RIVALS[octets[keyStart]!]
  if (endMs <= terms.nowMs || rivals === undefined) return false
  for (const rival of rivals) {
    for (let i = keyStart; i < keyEnd; i++) key[i - keyStart] = octets[i]!
    key[0] = rival
    // The denial of a name is kept under no type.
    if (rival === KIND.NAME_ERROR) writeU16(key, 1, 0)
    if (table.peek(key, terms.nowMs, 0, keyEnd - keyStart) >= 0) return false
  }
  restoreHead(octets, valueStart, terms)
  const value = octets.subarray(valueStart, record.valueEnd)
  return table.put(octets.subarray(keyStart, keyEnd), value, endMs, terms.nowMs, true)
}
