/** Where decisions about single clients enter: both are asked for every answer, so neither may allocate or wait. */
import type { Moment } from '../base/clock.ts'
import type { RateVerdict } from '../policy/rate-limits.ts'
import type { Client } from './client.ts'
import type { Query } from './query.ts'

/** Bounds how much a client may ask. */
export interface RateLimit {
  /**
   * Asked once for every message that is to have an answer, in the order in which they come.
   *
   * @param query its `addressProven` says whether the client is who it seems to be; else perhaps not all is known of it
   */
  judge(client: Client, query: Query, now: Moment): RateVerdict
  /**
   * Asked besides for every question that goes to the resolver.
   *
   * @returns `TRUNCATE` only by UDP
   */
  judgeRecursion(client: Client, query: Query, now: Moment): RateVerdict
}

/** Says for whom validation is enforced. */
export interface Enforcement {
  /** True when the client is to get SERVFAIL in place of bogus data. Asked only where there is such data. */
  enforces(client: Client): boolean
}

/** Is told of every answer that has a verdict, so that somebody can say what validation does, or would do. */
export interface AnswerWatch {
  /**
   * An answer goes out that was made of an entry (`cache/answer-entry.ts`): its verdict, reason and name are there.
   *
   * @param at where the entry begins
   * @param refused the client gets SERVFAIL in place of the bogus data that the entry holds
   */
  answered(entry: Uint8Array, at: number, query: Query, client: Client, refused: boolean): void
  /** The client as whoever counts the verdict after the answer is to know it: `ClientQuestion.reportedClient`. */
  hashOf(client: Client): number
}
