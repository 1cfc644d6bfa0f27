/** What is counted: one table. The names and labels are a contract with whoever watches. */
import type { Family } from '../base/counters.ts'
import { REASONS } from '../dnssec/reasons.ts'
import { ALGORITHM } from '../wire/iana/dnssec-algorithm.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { formatRcode, RCODE } from '../wire/iana/rcode.ts'
import { ALERT_CAUSES, COOKIE_OUTCOMES, DROPS, LIMITS, UPSTREAM_FAILURES } from './label-values.ts'

/** Label value for whatever the table does not name. */
export const OTHER = 'other'

/** From a cache hit (tens of microseconds) to the time after which a client has given up. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5,
]

/** Delays of the event loop: below a millisecond is quiet, above a tenth of a second is felt by every client. */
export const DELAY_BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
]

const SUPPORTED_ALGORITHMS: readonly number[] = [
  ALGORITHM.RSASHA1,
  ALGORITHM.RSASHA1_NSEC3_SHA1,
  ALGORITHM.RSASHA256,
  ALGORITHM.RSASHA512,
  ALGORITHM.ECDSAP256SHA256,
  ALGORITHM.ECDSAP384SHA384,
  ALGORITHM.ED25519,
  ALGORITHM.ED448,
]

/** Counters and histograms of one thread of a process with these: all its threads have cells for the same. */
export function families(threads: readonly string[]): readonly Family[] {
  return [...COUNTERS, { ...EVENT_LOOP_DELAY, values: threads }]
}

const EVENT_LOOP_DELAY: Family = {
  name: 'event_loop_delay_seconds',
  help: 'How late a timer of the thread fires.',
  label: 'thread',
  bounds: DELAY_BOUNDS_SECONDS,
}

const COUNTERS: readonly Family[] = [
  {
    name: 'client_queries_total',
    help: 'Messages from clients, whatever became of them.',
    label: 'transport',
    values: ['udp', 'tcp', OTHER],
  },
  {
    name: 'client_drops_total',
    help: 'Messages from clients that got no answer.',
    label: 'reason',
    values: [...Object.keys(DROPS), OTHER],
  },
  {
    name: 'client_cookies_total',
    help: 'Cookies that clients showed (RFC 7873), by what they were found to be.',
    label: 'outcome',
    values: Object.keys(COOKIE_OUTCOMES),
  },
  {
    name: 'answers_total',
    help: 'Answers to clients.',
    label: 'rcode',
    values: [...new Set(Object.values(RCODE).map(formatRcode)), OTHER],
  },
  {
    name: 'answer_latency_seconds',
    help: 'From the arrival of a question to its answer.',
    label: 'path',
    values: ['hit', 'miss', 'local', 'stale'],
    bounds: LATENCY_BOUNDS_SECONDS,
  },
  { name: 'cache_hits_total', help: 'Questions answered from the answer cache.' },
  { name: 'cache_misses_total', help: 'Questions that the answer cache could not answer.' },
  {
    name: 'upstream_queries_total',
    help: 'Questions to authoritative servers.',
    label: 'transport',
    values: ['udp', 'tcp', OTHER],
  },
  {
    name: 'upstream_failures_total',
    help: 'Questions to authoritative servers that brought nothing usable.',
    label: 'reason',
    values: [...Object.keys(UPSTREAM_FAILURES), OTHER],
  },
  {
    name: 'upstream_races_total',
    help: 'Times that another server was asked because the first one was late, by whose reply was the first good one.',
    label: 'winner',
    values: ['first', 'other'],
  },
  {
    name: 'upstream_looks_total',
    help: 'Questions that were also put to a slow or silent server, to see how it is by now.',
  },
  {
    name: 'upstream_near_misses_total',
    help: 'Datagrams from the server asked that did not match the question: somebody may be guessing.',
  },
  { name: 'upstream_oversize_total', help: 'Datagrams longer than was offered; thrown away.' },
  { name: 'upstream_ports_taken_total', help: 'Source ports drawn that somebody else held; drawn again.' },
  {
    name: 'validations_total',
    help: 'Verdicts on RRsets and on links of the chain of trust.',
    label: 'verdict',
    values: ['secure', 'insecure', 'bogus', 'indeterminate'],
  },
  {
    name: 'bogus_total',
    help: 'Answers judged bogus.',
    label: 'reason',
    values: [...Object.keys(REASONS), OTHER],
  },
  {
    name: 'servfail_total',
    help: 'SERVFAIL answers to clients, by their first Extended DNS Error.',
    label: 'ede',
    values: ['none', ...Object.values(EDE).map(String), OTHER],
  },
  {
    name: 'bogus_answers_total',
    help: 'Bogus answers to clients: refused with SERVFAIL, given where validation is not enforced, given unchecked to who set CD.',
    label: 'outcome',
    values: ['refused', 'given', 'unchecked'],
  },
  {
    name: 'guard_alerts_total',
    help: 'Jumps in the share of bogus answers that were told, by what lies behind them.',
    label: 'cause',
    values: [...Object.keys(ALERT_CAUSES), OTHER],
  },
  {
    name: 'signature_verifications_total',
    help: 'Signatures checked.',
    label: 'algorithm',
    values: [...SUPPORTED_ALGORITHMS.map(String), OTHER],
  },
  { name: 'nsec3_hashes_total', help: 'SHA-1 calls for NSEC3, iterations counted.' },
  {
    name: 'synthesised_answers_total',
    help: 'Answers made of cached proofs of absence, nobody being asked (RFC 8198).',
    label: 'kind',
    values: ['nxdomain', 'nodata', 'wildcard'],
  },
  {
    name: 'keys_ahead_total',
    help: "Questions for a zone's keys beside the first question to it, and how many of the keys were used.",
    label: 'stage',
    values: ['asked', 'used'],
  },
  {
    name: 'root_copy_answers_total',
    help: 'Questions for the root servers that a copy of the root zone answered here (RFC 8806).',
  },
  {
    name: 'root_copy_refreshes_total',
    help: 'Looks for a newer root zone: it was found and taken over, there was none, or no source gave one that is proven.',
    label: 'outcome',
    values: ['updated', 'unchanged', 'failed'],
  },
  {
    name: 'error_reports_total',
    help: 'Reports of bogus data to the agents of its zones (RFC 9567): sent, or held back because one had just gone.',
    label: 'outcome',
    values: ['sent', 'held-back'],
  },
  {
    name: 'limit_hits_total',
    help: 'Bounds met, on the work for a question or on what clients may take.',
    label: 'limit',
    values: [...Object.keys(LIMITS), OTHER],
  },
  {
    name: 'limit_dry_runs_total',
    help: 'Bounds that would have been met, were they not only tried out (limits.dry-run, rate-limiting).',
    label: 'limit',
    values: [...Object.keys(LIMITS), OTHER],
  },
  {
    name: 'thread_stalls_total',
    help: 'Times that a thread was stuck for seconds in one piece of work.',
    label: 'thread',
    values: ['front', 'resolver'],
  },
  {
    name: 'thread_restarts_total',
    help: 'Threads that ended by themselves and were started again.',
    label: 'thread',
    values: ['front', 'resolver'],
  },
  {
    name: 'snapshot_writes_total',
    help: 'Times that the snapshot of the caches was written, or could not be.',
    label: 'outcome',
    values: ['written', 'failed'],
  },
  {
    name: 'internal_faults_total',
    help: 'Faults of Sigill itself, each worth a report; the log has their stacks.',
  },
]
