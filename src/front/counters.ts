/** What the client side counts; names as in the metrics. */
import type { CookieOutcome } from './query.ts'

/** Which way an answer took. */
export type AnswerPath = 'hit' | 'miss' | 'local' | 'stale'

/** Why a message from a client, or the answer to it, went nowhere. */
export type DropReason = 'short' | 'response' | 'waiting' | 'draining' | 'send' | 'denied' | 'rate' | 'late'

/** Bogus data was kept from the client, given because validation is not enforced for it, or because it set CD. */
export type BogusOutcome = 'refused' | 'given' | 'unchecked'

/** Raised for every message; none may throw. */
export interface FrontCounters {
  /** A message came. */
  clientQuery(transport: 'udp' | 'tcp'): void
  /** An answer goes out, `seconds` after its question came. */
  answer(rcode: number, path: AnswerPath, seconds: number): void
  /** An answer out of the cache goes out on the hit path; `hits` counts the rest of it. */
  hit(rcode: number): void
  /** So many questions that came together had their answers on the hit path, whole microseconds after they came. */
  hits(transport: 'udp' | 'tcp', count: number, micros: number): void
  /** The answer is SERVFAIL; `ede` is its first extended error. */
  servfail(ede: number | undefined): void
  /** What became of bogus data: see `BogusOutcome`. */
  bogusAnswer(outcome: BogusOutcome): void
  cacheHit(): void
  cacheMiss(): void
  /** A client showed a cookie. */
  clientCookie(outcome: CookieOutcome): void
  /**
   * A bound on clients was met.
   *
   * @param address of the client
   */
  limitHit(limit: FrontLimit, address: Uint8Array): void
  /** A bound that is only tried out would have been met. */
  limitTried(limit: FrontLimit): void
  /** A message got no answer. */
  dropped(reason: DropReason): void
}

/** Bounds that clients can meet (`base/limits.ts` has their values). */
export type FrontLimit =
  | 'waiting'
  | 'waiting-per-client'
  | 'handover'
  | 'reply-time'
  | 'late-replies-per-client'
  | 'tcp-connections'
  | 'tcp-connections-per-client'
  | 'tcp-unread'
