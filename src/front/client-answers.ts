/** What a client gets of an answer entry: its data, or SERVFAIL where the data is bogus and that is enforced. */
import type { Memory } from '../base/memory.ts'
import { NO_OCTETS } from '../base/octets.ts'
import { entryEdeCode, entryIsBogus, entryRcode, entryStoredMs } from '../cache/answer-entry.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import type { Client } from './client.ts'
import type { FrontCounters } from './counters.ts'
import type { AnswerWatch, Enforcement } from './hooks.ts'
import type { Query } from './query.ts'
import { NO_EDE, ReplyWriter } from './reply-writer.ts'

/** How answers are shown. */
export interface AnswerSettings {
  /** For clients that ask for the name of this server (RFC 5001); none when left out. */
  readonly nsid?: Uint8Array
  /** Records are given with the TTLs that entries have, not with what remains of them. */
  readonly originalTtls?: boolean
}

/** See the head of this file. Allocates nothing. */
export class ClientAnswers {
  readonly writer: ReplyWriter
  readonly #enforcement: Enforcement
  readonly #watch: AnswerWatch | undefined
  readonly #counters: FrontCounters
  #originalTtls = false
  /** The rcode of the answer written last. */
  rcode = 0

  /** @param watch is told of what is written; nobody is when left out */
  constructor(udpOctetsMax: number, enforcement: Enforcement, counters: FrontCounters, watch?: AnswerWatch) {
    this.writer = new ReplyWriter(udpOctetsMax)
    this.#enforcement = enforcement
    this.#counters = counters
    this.#watch = watch
  }

  configure(settings: AnswerSettings): void {
    this.#originalTtls = settings.originalTtls === true
    this.writer.setNsid(settings.nsid ?? NO_OCTETS)
  }

  /**
   * Writes the answer and leaves its rcode in `rcode`.
   *
   * @param memory holds the entry at offset `at`
   * @param ageSeconds of the entry
   * @param authoritative the data is our own: AA
   * @returns octets written to `out`
   */
  write(
    memory: Memory,
    at: number,
    request: Memory,
    query: Query,
    client: Client,
    ageSeconds: number,
    out: Memory,
    authoritative: boolean,
  ): number {
    const entry = memory.octets
    const refused = entryIsBogus(entry, at) && this.#isRefused(query.checkingDisabled, client)
    if (this.#watch !== undefined) this.#watch.answered(entry, at, query, client, refused)
    if (refused) {
      this.rcode = RCODE.SERVFAIL
      this.#countFailure(entry, at)
      return this.writer.failure(entry, at, request.octets, query, out.octets)
    }
    const rcode = entryRcode(entry, at)
    this.rcode = rcode
    if (rcode === RCODE.SERVFAIL) this.#countFailure(entry, at)
    const ours = authoritative && rcode !== RCODE.SERVFAIL
    return this.writer.answer(memory, at, request, query, this.#originalTtls ? 0 : ageSeconds, out, ours)
  }

  /** The moment whose TTLs are shown of an entry. */
  asOfMs(entry: Uint8Array, at: number, nowMs: number): number {
    return this.#originalTtls ? entryStoredMs(entry, at) : nowMs
  }

  /** What becomes of bogus data. */
  #isRefused(checkingDisabled: boolean, client: Client): boolean {
    const refused = !checkingDisabled && this.#enforcement.enforces(client)
    this.#counters.bogusAnswer(checkingDisabled ? 'unchecked' : refused ? 'refused' : 'given')
    return refused
  }

  #countFailure(entry: Uint8Array, at: number): void {
    const ede = entryEdeCode(entry, at)
    this.#counters.servfail(ede === NO_EDE ? undefined : ede)
  }
}
