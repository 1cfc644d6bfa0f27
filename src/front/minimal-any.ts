/** ANY over UDP: one RRset instead of all (RFC 8482 4.1), so that nobody is flooded by asking in his name. */
import { type AnswerParts, parseAnswerEntry, writeAnswerEntry } from '../cache/answer-entry.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Rrset } from '../wire/record.ts'

/**
 * The entry cut down to its smallest RRset, or to the alias when it begins with one. An entry without data stays as
 * it is.
 *
 * @param dnssec whether the client wants the signatures too
 */
export function minimalAny(octets: Uint8Array, at: number, nowMs: number, dnssec: boolean): Uint8Array {
  const parts = parseAnswerEntry(octets, at, nowMs)
  const chosen = choose(parts.answer)
  if (chosen === undefined) return writeAnswerEntry({ ...parts, answer: [] }, nowMs)
  const answer = [dnssec ? chosen : { ...chosen, signatures: [] }]
  return writeAnswerEntry({ ...parts, answer } satisfies AnswerParts, nowMs)
}

/** Data before signatures and denial records; what is small before what is large. */
function choose(rrsets: readonly Rrset[]): Rrset | undefined {
  const alias = rrsets.find(({ type }) => type === TYPE.CNAME)
  if (alias !== undefined) return alias
  let best: Rrset | undefined
  for (const rrset of rrsets) {
    if (rrset.type === TYPE.RRSIG) continue
    if (best === undefined || octetsOf(rrset) < octetsOf(best)) best = rrset
  }
  return best
}

function octetsOf(rrset: Rrset): number {
  let octets = 0
  for (const rdata of rrset.rdatas) octets += rdata.length
  for (const signature of rrset.signatures) octets += signature.length
  return octets
}
