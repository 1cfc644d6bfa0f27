/**
 * DNS cookies towards clients (RFC 7873), made so that other programs that share the secret take them for their own
 * (RFC 9018): who shows one gets what is sent to its address, so it has not forged it. Nothing is remembered of anybody.
 */
import type { Moment } from '../base/clock.ts'
import { COOKIE_AHEAD_SECONDS_MAX, COOKIE_RENEW_SECONDS, COOKIE_SECONDS_MAX } from '../base/limits.ts'
import { SIPHASH_KEY_WORDS, SIPHASH_WORDS, sipHash24, wordAt } from '../base/siphash.ts'
import type { CookieSecrets } from '../policy/cookie-secrets.ts'
import {
  CLIENT_COOKIE_OCTETS,
  INTEROPERABLE_COOKIE_OCTETS as COOKIE_OCTETS,
  isCookieLength,
} from '../wire/cookie.ts'
import { type Edns, findOption } from '../wire/edns.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { readU32, writeU32 } from '../wire/integers.ts'
import type { Client } from './client.ts'
import type { FrontCounters } from './counters.ts'
import type { CookieOutcome, Query } from './query.ts'

/** RFC 9018 4: behind the client's part come version, three reserved octets, time and hash. */
const VERSION = 1
const TIME_AT = 12
const HASH_AT = 16
/** What is hashed: the cookie up to the hash, and the address of the client. */
const HASHED_OCTETS_MAX = HASH_AT + 16
/** The wall clock is read once in so long: the engine makes an object of what it says. */
const SECONDS_LAST_MS = 500

/** Whether clients are given cookies; `required`: one that knows of them has to show one to be answered by UDP. */
export type CookieMode = 'off' | 'on' | 'required'

/** See the head of this file. */
export class ClientCookies {
  readonly #secrets: CookieSecrets
  readonly #unixSeconds: () => number
  readonly #counters: Pick<FrontCounters, 'clientCookie'>
  readonly #hashed = new Uint8Array(HASHED_OCTETS_MAX)
  readonly #hash = new Int32Array(SIPHASH_WORDS)
  #mode: CookieMode = 'off'
  /** What the wall clock said, and when that was. */
  #nowSeconds = 0
  readonly #readMs: Moment = new Float64Array([Number.NEGATIVE_INFINITY])

  /** @param unixSeconds by the clock of the machine: servers that share a secret have to agree about it */
  constructor(
    secrets: CookieSecrets,
    unixSeconds: () => number,
    counters: Pick<FrontCounters, 'clientCookie'>,
  ) {
    this.#secrets = secrets
    this.#unixSeconds = unixSeconds
    this.#counters = counters
  }

  configure(mode: CookieMode): void {
    this.#mode = mode
  }

  /** Takes the cookie of a question that was parsed, if there is one. A later version of EDNS may mean something else. */
  take(query: Query, edns: Edns | undefined, client: Client, now: Moment): void {
    const option = edns?.version === 0 ? findOption(edns, OPTION.COOKIE) : undefined
    if (option === undefined) return
    const { octets } = option
    if (isCookieLength(octets.length)) this.judge(query, octets, 0, octets.length, client, now)
    else if (this.#mode !== 'off') this.#note(query, 'malformed')
  }

  /**
   * Judges the cookie that a client shows, and has the reply give it the one to show from now on: the same, or a new
   * one. Allocates nothing.
   *
   * @param octets have it at offset `at`
   * @param length one that `isCookieLength` allows
   */
  judge(query: Query, octets: Uint8Array, at: number, length: number, client: Client, now: Moment): void {
    if (this.#mode === 'off') return
    const { cookie } = query
    const { count } = this.#secrets
    const nowSeconds = this.#secondsAt(now)
    let outcome: CookieOutcome = length === CLIENT_COOKIE_OCTETS ? 'new' : 'bad'
    let isFresh = false
    if (length === COOKIE_OCTETS && octets[at + CLIENT_COOKIE_OCTETS] === VERSION) {
      const ageSeconds = (nowSeconds - readU32(octets, at + TIME_AT)) | 0
      if (ageSeconds > COOKIE_SECONDS_MAX || ageSeconds < -COOKIE_AHEAD_SECONDS_MAX) outcome = 'outdated'
      else {
        const number = this.#whoMade(octets, at, client, count)
        if (number >= 0) outcome = 'good'
        isFresh = number === 0 && ageSeconds <= COOKIE_RENEW_SECONDS
      }
    }
    const repeated = isFresh ? COOKIE_OCTETS : CLIENT_COOKIE_OCTETS
    for (let i = 0; i < repeated; i++) cookie[i] = octets[at + i]!
    if (!isFresh) this.#make(cookie, nowSeconds, client)
    query.givesCookie = true
    query.addressProven ||= outcome === 'good'
    this.#note(query, outcome)
  }

  /** True where the client is to come again with the cookie that it gets now (RFC 7873 5.2.3). */
  demands(query: Query): boolean {
    return this.#mode === 'required' && query.givesCookie && !query.addressProven
  }

  #note(query: Query, outcome: CookieOutcome): void {
    query.cookieOutcome = outcome
    this.#counters.clientCookie(outcome)
  }

  /** As a serial number (RFC 1982): of two the difference counts, as a signed number of 32 bits. */
  #secondsAt(now: Moment): number {
    if (now[0]! - this.#readMs[0]! >= SECONDS_LAST_MS) {
      this.#readMs[0] = now[0]!
      this.#nowSeconds = this.#unixSeconds() | 0
    }
    return this.#nowSeconds
  }

  /** Writes a server cookie behind the client's. */
  #make(cookie: Uint8Array, nowSeconds: number, client: Client): void {
    writeU32(cookie, CLIENT_COOKIE_OCTETS, VERSION << 24)
    writeU32(cookie, TIME_AT, nowSeconds)
    const hashedOctets = this.#layOut(cookie, 0, client)
    sipHash24(this.#secrets.keys, 0, this.#hashed, hashedOctets, this.#hash)
    for (let i = HASH_AT; i < COOKIE_OCTETS; i++) cookie[i] = this.#hashOctet(i - HASH_AT)
  }

  /** The number of the secret that the cookie at `at` was made with for this client, or -1. */
  #whoMade(octets: Uint8Array, at: number, client: Client, count: number): number {
    const hashedOctets = this.#layOut(octets, at, client)
    for (let number = 0; number < count; number++) {
      sipHash24(this.#secrets.keys, number * SIPHASH_KEY_WORDS, this.#hashed, hashedOctets, this.#hash)
      const low = this.#hash[0]! ^ wordAt(octets, at + HASH_AT)
      const high = this.#hash[1]! ^ wordAt(octets, at + HASH_AT + 4)
      if ((low | high) === 0) return number
    }
    return -1
  }

  /** Lays out what is hashed: the cookie at `at` up to its hash, and the address. Returns its octets. */
  #layOut(octets: Uint8Array, at: number, { address, addressOctets }: Client): number {
    const hashed = this.#hashed
    for (let i = 0; i < HASH_AT; i++) hashed[i] = octets[at + i]!
    for (let i = 0; i < addressOctets; i++) hashed[HASH_AT + i] = address[i]!
    return HASH_AT + addressOctets
  }

  /** The lowest octet of the hash goes first. */
  #hashOctet(i: number): number {
    return (this.#hash[i >> 2]! >> (8 * (i & 3))) & 0xff
  }
}
