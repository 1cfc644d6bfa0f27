/** An answer entry, taken apart for looking at. */
import { Memory } from '../../src/base/memory.ts'
import {
  copyAnswer,
  entryAgeSeconds,
  entryAuthenticated,
  entryEdes,
  entryLink,
  entryOctets,
  entryRcode,
  entryReason,
  entryStatus,
  entryTtlSeconds,
} from '../../src/cache/answer-entry.ts'
import { type Reason, reasonFromNumber } from '../../src/dnssec/reasons.ts'
import type { SecurityStatus } from '../../src/dnssec/security-status.ts'
import { formatType } from '../../src/wire/iana/rrtype.ts'
import { type Message, parseMessage } from '../../src/wire/message.ts'
import { formatName } from '../../src/wire/name-text.ts'

export interface EntryReply {
  readonly status: SecurityStatus
  readonly reason: Reason | undefined
  readonly rcode: number
  readonly authenticated: boolean
  readonly ttlSeconds: number
  readonly ede: { readonly code: number; readonly text: string } | undefined
  /** All of them. */
  readonly edes: readonly { readonly code: number; readonly text: string }[]
  /** Where the chain of trust breaks: zone and type as text. */
  readonly link: string | undefined
  /** The reply to a client with DO. */
  readonly message: Message
}

export function entryReply(entry: Uint8Array, nowMs: number): EntryReply {
  const out = new Uint8Array(65_535)
  const length = copyAnswer(
    Memory.of(entry),
    0,
    new Memory(out),
    true,
    entryAgeSeconds(entry, 0, Float64Array.of(nowMs)),
  )
  if (entryOctets(entry, 0) !== entry.length) throw new Error('the entry is longer or shorter than it says')
  const edes = entryEdes(entry, 0)
  const link = entryLink(entry, 0)
  return {
    status: entryStatus(entry, 0),
    reason: reasonFromNumber(entryReason(entry, 0)),
    rcode: entryRcode(entry, 0),
    authenticated: entryAuthenticated(entry, 0),
    ttlSeconds: entryTtlSeconds(entry, 0),
    ede: edes[0],
    edes,
    link: link && `${formatName(link.zone)} ${formatType(link.type)}`,
    message: parseMessage(out.slice(0, length)),
  }
}
