/** What the engine and the front raise, by the names they know. Hot ones go by an index found once. */
import { CounterSet } from '../base/counters.ts'
import type { EngineCounters } from '../resolver/ports.ts'
import { formatRcode } from '../wire/iana/rcode.ts'
import { DELAY_BOUNDS_SECONDS, families, LATENCY_BOUNDS_SECONDS, OTHER } from './families.ts'
import type { COOKIE_OUTCOMES } from './label-values.ts'
import { LimitCauses } from './limit-causes.ts'

/** Which way an answer took. */
export type AnswerPath = 'hit' | 'miss' | 'local' | 'stale'

const LATENCY_BOUNDS_MICROS = LATENCY_BOUNDS_SECONDS.map((seconds) => Math.round(seconds * 1e6))
type CookieOutcome = keyof typeof COOKIE_OUTCOMES
/** What stands before a limit's name where it is a reason. */
const LIMIT_REASON = 'limit-'
/** Codes of Extended DNS Errors kept by index: all that the registry has. */
const EDES_INDEXED = 40
/** Extended RCODEs kept by index; those above are rare enough to be looked up. */
const RCODES_INDEXED = 24

/** The counters of one thread. */
export class Counters implements EngineCounters {
  /** The cells, for whoever reads them. */
  readonly set: CounterSet
  /** Who met limits in this thread. */
  readonly limitCauses: LimitCauses = new LimitCauses()
  readonly #thread: string
  readonly #udp: number
  readonly #tcp: number
  readonly #hits: number
  readonly #misses: number
  readonly #rcodes: readonly number[]
  readonly #edes: readonly number[]
  readonly #noEde: number
  readonly #paths: Readonly<Record<AnswerPath, number>>
  readonly #hitLatency: number
  readonly #cookies: Readonly<Record<CookieOutcome, number>>

  /**
   * @param thread the thread's name in the metrics
   * @param threads the names of all threads of the process
   * @param buffer memory for the cells (`Counters.octetsFor`)
   */
  constructor(
    thread = 'main',
    threads: readonly string[] = [thread],
    buffer?: ArrayBuffer | SharedArrayBuffer,
  ) {
    const set = new CounterSet(families(threads), buffer)
    this.set = set
    this.#thread = thread
    this.#udp = set.index('client_queries_total', 'udp')
    this.#tcp = set.index('client_queries_total', 'tcp')
    this.#hits = set.index('cache_hits_total')
    this.#misses = set.index('cache_misses_total')
    this.#rcodes = Array.from({ length: RCODES_INDEXED }, (_, n) =>
      set.index('answers_total', formatRcode(n)),
    )
    this.#edes = Array.from({ length: EDES_INDEXED }, (_, n) => set.index('servfail_total', String(n)))
    this.#noEde = set.index('servfail_total', 'none')
    const path = (name: AnswerPath): number => set.index('answer_latency_seconds', name)
    this.#paths = { hit: path('hit'), miss: path('miss'), local: path('local'), stale: path('stale') }
    this.#hitLatency = this.#paths.hit
    const cookie = (outcome: CookieOutcome): number => set.index('client_cookies_total', outcome)
    this.#cookies = {
      good: cookie('good'),
      new: cookie('new'),
      outdated: cookie('outdated'),
      bad: cookie('bad'),
      malformed: cookie('malformed'),
    }
  }

  /** Octets of the cells of one thread. */
  static octetsFor(threads: readonly string[]): number {
    return CounterSet.octetsFor(families(threads))
  }

  /** A message came from a client. */
  clientQuery(transport: string): void {
    if (transport === 'udp') this.set.cells[this.#udp]!++
    else if (transport === 'tcp') this.set.cells[this.#tcp]!++
    else this.set.add('client_queries_total', transport)
  }

  /** An answer went out, `seconds` after its question came. */
  answer(rcode: number, path: AnswerPath, seconds: number): void {
    this.hit(rcode)
    this.set.observe(this.#paths[path], LATENCY_BOUNDS_SECONDS, seconds)
  }

  /** An answer went out whose way `hits` counts. */
  hit(rcode: number): void {
    const index = this.#rcodes[rcode] ?? this.set.index('answers_total', formatRcode(rcode))
    this.set.cells[index]!++
  }

  /** So many questions were answered out of the cache, whole microseconds after they came. */
  hits(transport: 'udp' | 'tcp', count: number, micros: number): void {
    this.set.cells[transport === 'udp' ? this.#udp : this.#tcp]! += count
    this.set.cells[this.#hits]! += count
    this.set.observeMicros(this.#hitLatency, LATENCY_BOUNDS_MICROS, micros, count)
  }

  /** The answer was SERVFAIL; `ede` is its first Extended DNS Error. */
  servfail(ede: number | undefined): void {
    const index =
      ede === undefined ? this.#noEde : (this.#edes[ede] ?? this.set.index('servfail_total', OTHER))
    this.set.cells[index]!++
  }

  /** What became of bogus data: `refused`, `given` or `unchecked`. */
  bogusAnswer(outcome: string): void {
    this.set.add('bogus_answers_total', outcome)
  }

  /** A jump in what is bogus was told. */
  guardAlert(cause: string): void {
    this.set.add('guard_alerts_total', cause)
  }

  /** A message from a client got no answer. */
  dropped(reason: string): void {
    this.set.add('client_drops_total', reason)
  }

  /** A client showed a cookie. */
  clientCookie(outcome: CookieOutcome): void {
    this.set.cells[this.#cookies[outcome]]!++
  }

  /** The answer cache had it. */
  cacheHit(): void {
    this.set.cells[this.#hits]!++
  }

  /** The answer cache did not have it. */
  cacheMiss(): void {
    this.set.cells[this.#misses]!++
  }

  upstreamQuery(transport: 'udp' | 'tcp'): void {
    this.set.add('upstream_queries_total', transport)
  }

  upstreamFailure(reason: string): void {
    this.set.add('upstream_failures_total', reason)
  }

  upstreamRace(winner: 'first' | 'other'): void {
    this.set.add('upstream_races_total', winner)
  }

  upstreamLook(): void {
    this.set.add('upstream_looks_total')
  }

  validation(verdict: string): void {
    this.set.add('validations_total', verdict)
  }

  bogus(reason: string): void {
    this.set.add('bogus_total', reason)
  }

  signatureVerification(algorithm: number): void {
    this.set.add('signature_verifications_total', String(algorithm))
  }

  nsec3Hash(calls: number): void {
    this.set.add('nsec3_hashes_total', '', calls)
  }

  /**
   * A limit was met.
   *
   * @param limit its name, or the reason that stands for it (`limit-time`)
   * @param cause the zone, or, of a limit on clients, the client's address; to be named in the log
   */
  limitHit(limit: string, cause?: Uint8Array): void {
    const label = limit.startsWith(LIMIT_REASON) ? limit.slice(LIMIT_REASON.length) : limit
    this.set.add('limit_hits_total', label)
    if (cause !== undefined) this.limitCauses.add(label, cause)
  }

  /** The same of a limit that is only tried out. */
  limitTried(limit: string): void {
    this.set.add('limit_dry_runs_total', limit)
  }

  errorReport(outcome: 'sent' | 'held-back'): void {
    this.set.add('error_reports_total', outcome)
  }

  synthesised(kind: string): void {
    this.set.add('synthesised_answers_total', kind)
  }

  /** A zone's keys were asked for before anybody was known to need them; they were needed. */
  keysAhead(stage: 'asked' | 'used'): void {
    this.set.add('keys_ahead_total', stage)
  }

  rootCopyAnswer(): void {
    this.set.add('root_copy_answers_total')
  }

  /** A look for a newer root zone came to this. */
  rootCopyRefresh(outcome: 'updated' | 'unchanged' | 'failed'): void {
    this.set.add('root_copy_refreshes_total', outcome)
  }

  /** A datagram or frame that did not match the question it seemed to answer. */
  nearMiss(): void {
    this.set.add('upstream_near_misses_total')
  }

  /** A datagram longer than was offered. */
  oversize(): void {
    this.set.add('upstream_oversize_total')
  }

  /** A drawn source port that somebody else holds. */
  portTaken(): void {
    this.set.add('upstream_ports_taken_total')
  }

  /** A fault of our own: something was not answered, or not as it should be. */
  internalFault(): void {
    this.set.add('internal_faults_total')
  }

  /** The snapshot of the caches was written, or could not be. */
  snapshotWrite(outcome: 'written' | 'failed'): void {
    this.set.add('snapshot_writes_total', outcome)
  }

  /** A thread ended by itself and is started again. */
  threadRestart(kind: 'front' | 'resolver'): void {
    this.set.add('thread_restarts_total', kind)
  }

  /** A thread made no turn of its event loop for seconds. */
  threadStall(kind: 'front' | 'resolver'): void {
    this.set.add('thread_stalls_total', kind)
  }

  /** A timer of this thread fired `seconds` late. */
  eventLoopDelay(seconds: number): void {
    this.set.observe(this.set.index('event_loop_delay_seconds', this.#thread), DELAY_BOUNDS_SECONDS, seconds)
  }
}
