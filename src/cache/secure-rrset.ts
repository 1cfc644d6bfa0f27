/** A secure RRset of the RRset cache, as one sees it who goes through the whole table. */

import { readU16 } from '../wire/integers.ts'
import type { Name } from '../wire/name.ts'
import { readHead } from './entry-head.ts'
import { statusOctet } from './fields.ts'
import { RrsetReader } from './rrset-code.ts'
import { KEY_PREFIX_OCTETS, KIND } from './rrset-kinds.ts'
import type { SnapshotRecord } from './snapshot.ts'

/** What is to be known of its signatures. Name and RDATA are views: they hold until another entry is looked at. */
export interface SecureRrset {
  /** Folded. */
  readonly owner: Name
  readonly type: number
  readonly signatures: readonly Uint8Array[]
  /** When it was fetched, in milliseconds of the clock of the cache. */
  readonly storedMs: number
}

const SECURE = statusOctet('secure')

/** Undefined for anything else in the table. */
export function secureRrset(record: Omit<SnapshotRecord, 'expiresMs'>): SecureRrset | undefined {
  const { octets, keyStart, keyEnd, valueStart, valueEnd } = record
  if (octets[keyStart] !== KIND.RRSET || octets[valueStart + 1] !== SECURE) return undefined
  const value = octets.subarray(valueStart, valueEnd)
  const head = readHead(value)
  const owner = octets.subarray(keyStart + KEY_PREFIX_OCTETS, keyEnd) as Name
  const type = readU16(octets, keyStart + 1)
  const reader = new RrsetReader(value, head.end)
  if (head.ownerSpelt) reader.name()
  const { signatures } = reader.data(owner, type, head.ttlSeconds, 0)
  return { owner, type, signatures, storedMs: head.storedMs }
}
