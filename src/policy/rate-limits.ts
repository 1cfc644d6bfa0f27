/**
 * How much clients may ask in a second, by the networks that they are in: answers by UDP, for the sake of those whose
 * addresses are forged (attack B11), and questions that the resolver has to work for, for the sake of everybody else.
 */
import type { Moment } from '../base/clock.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import type { Prefix } from '../base/prefix.ts'
import { PrefixTable } from '../base/prefix-table.ts'
import type { LimitedPrefixes } from './limited-prefixes.ts'
import { PrefixBuckets } from './prefix-buckets.ts'

/** What becomes of a question: it goes on, is answered so that only a real client comes again by TCP, or goes no further. */
export const RATE = { PASS: 0, TRUNCATE: 1, DROP: 2 } as const

/** One of `RATE`. */
export type RateVerdict = (typeof RATE)[keyof typeof RATE]

/** The limits as the metrics call them; their places are their numbers. */
const RATE_LIMITS = ['answers-per-prefix', 'recursion-per-prefix'] as const

/** One of them. */
export type RateLimitName = (typeof RATE_LIMITS)[number]

const ANSWERS = 0
const RECURSION = 1
/** What networks can be over, by the number that `LimitedPrefixes` has of it: a limit, or its dry run. */
export const LIMITS_OF_NETWORKS: readonly { readonly limit: RateLimitName; readonly dryRun: boolean }[] = [
  ...RATE_LIMITS.map((limit) => ({ limit, dryRun: false })),
  ...RATE_LIMITS.map((limit) => ({ limit, dryRun: true })),
]

/** A limit as it is set. */
export interface RateSettings {
  /** For one client; 0: there is no limit. */
  readonly perSecond: number
  /** For one client that was quiet. */
  readonly burst: number
  /** Counts and tells what would be limited, and limits nothing. */
  readonly dryRun: boolean
}

/** All that is set. */
export interface RateLimitSettings {
  readonly answers: RateSettings
  readonly recursion: RateSettings
  /** Every so manieth question that is too much slips; 0: none does. */
  readonly slip: number
  /** Nothing is limited of these clients. */
  readonly exempt: readonly Prefix[]
}

/** Who asks. */
export interface RatedClient {
  /** Its first `addressOctets` (4 or 16) are the address. */
  readonly address: Uint8Array
  readonly addressOctets: number
}

/** What of a question counts here. */
export interface RatedQuestion {
  /** The client is where it seems to be: its answers go to nobody else. */
  readonly addressProven: boolean
}

/** What the limits are made of. */
export interface RateLimitParts {
  /** `PREFIX_BUCKETS_OCTETS`, which all threads share. */
  readonly buckets: ArrayBuffer | SharedArrayBuffer
  readonly hashKey: HashKey
  /** Told of networks over a limit; this thread's own. */
  readonly limited: LimitedPrefixes
  /** A question was too much, or would have been. */
  readonly counters: { limitHit(limit: RateLimitName): void; limitTried(limit: RateLimitName): void }
  readonly settings: RateLimitSettings
}

/** See the head of this file. Judging allocates nothing. */
export class RateLimits {
  readonly #answers: PrefixBuckets
  readonly #recursion: PrefixBuckets
  readonly #limited: LimitedPrefixes
  readonly #counters: RateLimitParts['counters']
  #settings!: RateLimitSettings
  #exempt!: PrefixTable<true>

  constructor({ buckets, hashKey, limited, counters, settings }: RateLimitParts) {
    this.#answers = new PrefixBuckets(buckets, hashKey, ANSWERS)
    this.#recursion = new PrefixBuckets(buckets, hashKey, RECURSION)
    this.#limited = limited
    this.#counters = counters
    this.configure(settings)
  }

  /** Takes over other settings. What clients have taken stays taken, up to all that they may have by these. */
  configure(settings: RateLimitSettings): void {
    this.#settings = settings
    this.#exempt = new PrefixTable(settings.exempt.map((prefix) => ({ prefix, value: true })))
    const { answers, recursion } = settings
    if (answers.perSecond > 0) this.#answers.configure(answers.perSecond, answers.burst)
    if (recursion.perSecond > 0) this.#recursion.configure(recursion.perSecond, recursion.burst)
  }

  /** Judges a question by what its answer may do to whoever has the address. */
  judge(client: RatedClient, { addressProven }: RatedQuestion, now: Moment): RateVerdict {
    if (addressProven || this.#settings.answers.perSecond === 0) return RATE.PASS
    return this.#judge(ANSWERS, client, 0, now)
  }

  /**
   * Judges a question that the answer cache cannot answer. Those of clients whose address is proven are counted apart:
   * what others ask in their name is not to be to their cost.
   *
   * @returns never `TRUNCATE` where the address is proven, since there is no better way to ask
   */
  judgeRecursion(client: RatedClient, { addressProven }: RatedQuestion, now: Moment): RateVerdict {
    if (this.#settings.recursion.perSecond === 0) return RATE.PASS
    const verdict = this.#judge(RECURSION, client, addressProven ? 1 : 0, now)
    return addressProven && verdict === RATE.TRUNCATE ? RATE.DROP : verdict
  }

  #judge(limit: number, { address, addressOctets }: RatedClient, kind: number, now: Moment): RateVerdict {
    const { answers, recursion, slip } = this.#settings
    const buckets = limit === ANSWERS ? this.#answers : this.#recursion
    if (this.#exempt.find(address, addressOctets) === true) return RATE.PASS
    if (buckets.take(address, addressOctets, kind, now)) return RATE.PASS
    const { dryRun } = limit === ANSWERS ? answers : recursion
    this.#limited.note(limit + (dryRun ? RATE_LIMITS.length : 0), buckets.network, buckets.networkHash, now)
    if (dryRun) {
      this.#counters.limitTried(RATE_LIMITS[limit]!)
      return RATE.PASS
    }
    this.#counters.limitHit(RATE_LIMITS[limit]!)
    return slip > 0 && buckets.isNth(slip) ? RATE.TRUNCATE : RATE.DROP
  }
}
