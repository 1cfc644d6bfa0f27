/** Fields of cache entries that the wire has no form for. */
import type { Moment } from '../base/clock.ts'
import { EDE_TEXT_OCTETS_MAX } from '../base/limits.ts'
import { NO_OCTETS } from '../base/octets.ts'
import type { SecurityStatus } from '../dnssec/security-status.ts'
import { FOLD, type Name } from '../wire/name.ts'

const FLOAT = new Float64Array(1)
const FLOAT_OCTETS = new Uint8Array(FLOAT.buffer)

/** Reads a 64-bit float at any alignment, in the machine's octet order: such fields stay on the machine. */
export function readF64(octets: Uint8Array, at: number): number {
  for (let i = 0; i < 8; i++) FLOAT_OCTETS[i] = octets[at + i]!
  return FLOAT[0]!
}

/** The inverse of `readF64`. */
export function writeF64(octets: Uint8Array, at: number, value: number): void {
  FLOAT[0] = value
  octets.set(FLOAT_OCTETS, at)
}

const STATUSES: readonly SecurityStatus[] = ['indeterminate', 'insecure', 'secure', 'bogus']

/** The octet that stands for a status. */
export function statusOctet(status: SecurityStatus): number {
  return STATUSES.indexOf(status)
}

/** The inverse of `statusOctet`; an octet that stands for none says `indeterminate`. */
export function statusFromOctet(octet: number): SecurityStatus {
  return STATUSES[octet] ?? 'indeterminate'
}

/** Whole seconds since then, never negative. */
export function ageSeconds(storedMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - storedMs) / 1000))
}

/** As `ageSeconds` of the time that `readF64` reads at `at`. */
export function ageSecondsAt(octets: Uint8Array, at: number, now: Moment): number {
  for (let i = 0; i < 8; i++) FLOAT_OCTETS[i] = octets[at + i]!
  return Math.max(0, Math.floor((now[0]! - FLOAT[0]!) / 1000))
}

/** Whole seconds of a lifetime that remain `nowMs`, never negative; a started second counts until it is over. */
export function remainingSeconds(ttlSeconds: number, storedMs: number, nowMs: number): number {
  return Math.max(0, ttlSeconds - ageSeconds(storedMs, nowMs))
}

/** True in the last tenth of a lifetime: what is asked for now is worth fetching before it runs out. */
export function isAging(ttlSeconds: number, storedMs: number, nowMs: number): boolean {
  return storedMs + ttlSeconds * 1000 - nowMs <= ttlSeconds * 100
}

const ENCODER = new TextEncoder()

const UTF8 = new Uint8Array(EDE_TEXT_OCTETS_MAX)

/** The text in UTF-8, cut between characters where it is longer than is kept: a view that the next call writes over. */
export function utf8Within(text: string): Uint8Array {
  // Most verdicts have nothing to tell.
  if (text === '') return NO_OCTETS
  return UTF8.subarray(0, ENCODER.encodeInto(text, UTF8).written)
}

/** True when the folded name in `octets[start, end)` is `ancestor` or lies below it. */
export function nameIsAtOrBelow(octets: Uint8Array, start: number, end: number, ancestor: Name): boolean {
  const from = end - ancestor.length
  let at = start
  while (at < from) at += octets[at]! + 1
  if (at !== from) return false
  for (let i = 0; i < ancestor.length; i++) if (octets[from + i] !== FOLD[ancestor[i]!]) return false
  return true
}
