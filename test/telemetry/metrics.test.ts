/** The exposition: names and labels are a contract. */
import t from 'tap'
import { REASONS } from '../../src/dnssec/reasons.ts'
import type { DropReason, FrontCounters, FrontLimit } from '../../src/front/counters.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { parseExposition } from './exposition.ts'

/** Name, kind and labels as the design has them. */
const CONTRACT: [name: string, type: string, ...labels: string[]][] = [
  ['client_queries_total', 'counter', 'transport'],
  ['answers_total', 'counter', 'rcode'],
  ['answer_latency_seconds', 'histogram', 'path'],
  ['cache_hits_total', 'counter'],
  ['cache_misses_total', 'counter'],
  ['cache_bytes', 'gauge', 'cache'],
  ['cache_entries', 'gauge', 'cache'],
  ['upstream_queries_total', 'counter', 'transport'],
  ['upstream_failures_total', 'counter', 'reason'],
  ['validations_total', 'counter', 'verdict'],
  ['bogus_total', 'counter', 'reason'],
  ['servfail_total', 'counter', 'ede'],
  ['signature_verifications_total', 'counter', 'algorithm'],
  ['nsec3_hashes_total', 'counter'],
  ['synthesised_answers_total', 'counter', 'kind'],
  ['error_reports_total', 'counter', 'outcome'],
  ['limit_hits_total', 'counter', 'limit'],
  ['trust_anchor', 'gauge', 'tag', 'state'],
  ['trust_anchor_hold_down_end_timestamp_seconds', 'gauge', 'tag'],
  ['trust_anchor_probe_timestamp_seconds', 'gauge', 'zone'],
  ['trust_anchor_proven_timestamp_seconds', 'gauge', 'zone'],
  ['trust_anchor_roll_ready', 'gauge', 'zone'],
  ['negative_trust_anchors', 'gauge'],
  ['negative_trust_anchor_hits', 'gauge', 'zone'],
  ['negative_trust_anchor_remaining_seconds', 'gauge', 'zone'],
  ['expiring_zones', 'gauge'],
  ['rollout_enforced_ratio', 'gauge'],
  ['guard_alert', 'gauge', 'cause', 'name'],
  ['guard_alerts_total', 'counter', 'cause'],
  ['event_loop_delay_seconds', 'histogram', 'thread'],
  ['snapshot_entries', 'gauge', 'cache'],
  ['snapshot_writes_total', 'counter', 'outcome'],
  ['snapshot_write_timestamp_seconds', 'gauge'],
  ['snapshot_write_seconds', 'gauge'],
  ['snapshot_bytes', 'gauge'],
  ['state_unstored_files', 'gauge'],
]

function makeMetrics(counters: Counters): Metrics {
  return new Metrics({
    counters: [counters.set],
    caches: () => ({ answers: { bytes: 4096, entries: 7 }, rrsets: { bytes: 1024, entries: 3 } }),
    anchors: () => [
      { tag: 20326, state: 'valid' },
      { tag: 38696, state: 'add-pending', holdDownEndSeconds: 1_739_145_600 },
    ],
    followedZones: () => [
      { zone: '.', lastProbeSeconds: 1_736_560_000, lastSuccessSeconds: 1_736_550_000, isRollReady: false },
    ],
    negativeTrustAnchors: () => [
      { name: 'a.se.', secondsLeft: 60, hits: 7 },
      { name: 'b.se.', secondsLeft: 90, hits: 0 },
    ],
    expiringZones: () => 2,
    unstoredFiles: () => 3,
    enforcedRatio: () => 1,
    alert: () => ({ cause: 'top-level', ancestor: 'de.' }),
    snapshot: {
      loaded: { answers: 5, rrsets: 2 },
      lastWriting: { unixMs: 1_790_000_000_500, tookMs: 250, octets: 4_000 },
    },
  })
}

t.test('every metric of the contract is there, of its type, with its labels', async (t) => {
  const { body, contentType } = await makeMetrics(new Counters()).page()
  t.match(contentType, /^text\/plain; version=0\.0\.4/)
  const families = parseExposition(body)
  for (const [name, type, ...labels] of CONTRACT) {
    const family = families.get(`sigill_${name}`)
    t.equal(family?.type, type, name)
    t.ok((family?.help.length ?? 0) > 10, `${name} is explained`)
    t.ok((family?.samples.length ?? 0) > 0, `${name} has values from the start`)
    for (const sample of family?.samples ?? []) {
      t.same(
        Object.keys(sample.labels)
          .filter((label) => label !== 'le')
          .sort(),
        [...labels].sort(),
      )
    }
  }
  t.ok(families.has('process_cpu_seconds_total'), "the process's own are there")
  t.same(
    [...families.keys()].filter((name) => name.startsWith('nodejs_eventloop')),
    ['nodejs_eventloop_lag_seconds'],
    'nothing that is not measured',
  )
})

t.test('what is raised is what is read', async (t) => {
  const counters = new Counters()
  const asTheFrontSeesIt: FrontCounters = counters
  const metrics = makeMetrics(counters)
  asTheFrontSeesIt.dropped('short')
  asTheFrontSeesIt.limitHit('tcp-unread', Uint8Array.of(192, 0, 2, 7))
  counters.clientQuery('udp')
  counters.clientQuery('udp')
  counters.clientQuery('tcp')
  counters.clientQuery('carrier-pigeon')
  counters.answer(0, 'hit', 0.00004)
  counters.answer(2, 'miss', 3)
  counters.answer(23, 'miss', 60)
  counters.answer(4000, 'local', 0)
  counters.servfail(6)
  counters.servfail(undefined)
  counters.servfail(49_999)
  counters.cacheHit()
  counters.cacheMiss()
  counters.upstreamQuery('udp')
  counters.upstreamFailure('timeout')
  counters.validation('secure')
  counters.bogus('signature-expired')
  counters.signatureVerification(13)
  counters.signatureVerification(200)
  counters.nsec3Hash(51)
  counters.synthesised('nxdomain')
  counters.keysAhead('asked')
  counters.limitHit('signatures')
  counters.limitHit('limit-time')
  counters.nearMiss()
  counters.eventLoopDelay(0.3)
  counters.snapshotWrite('failed')
  const families = parseExposition((await metrics.page()).body)
  const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
    [...families.values()]
      .flatMap((family) => family.samples)
      .find((sample) => sample.name === `sigill_${name}` && same(sample.labels, labels))?.value
  t.equal(value('client_queries_total', { transport: 'udp' }), 2)
  t.equal(value('client_queries_total', { transport: 'tcp' }), 1)
  t.equal(value('client_queries_total', { transport: 'other' }), 1)
  t.equal(value('answers_total', { rcode: 'NOERROR' }), 1)
  t.equal(value('answers_total', { rcode: 'SERVFAIL' }), 1)
  t.equal(value('answers_total', { rcode: 'BADCOOKIE' }), 1)
  t.equal(value('answers_total', { rcode: 'other' }), 1)
  t.equal(value('answer_latency_seconds_bucket', { path: 'hit', le: '0.00005' }), 1)
  t.equal(value('answer_latency_seconds_bucket', { path: 'miss', le: '2.5' }), 0)
  t.equal(value('answer_latency_seconds_bucket', { path: 'miss', le: '5' }), 1)
  t.equal(value('answer_latency_seconds_bucket', { path: 'miss', le: '+Inf' }), 2)
  t.equal(value('answer_latency_seconds_count', { path: 'miss' }), 2)
  t.equal(value('answer_latency_seconds_sum', { path: 'miss' }), 63)
  t.equal(value('servfail_total', { ede: '6' }), 1)
  t.equal(value('servfail_total', { ede: 'none' }), 1)
  t.equal(value('servfail_total', { ede: 'other' }), 1)
  t.equal(value('cache_hits_total'), 1)
  t.equal(value('cache_misses_total'), 1)
  t.equal(value('upstream_queries_total', { transport: 'udp' }), 1)
  t.equal(value('upstream_failures_total', { reason: 'timeout' }), 1)
  t.equal(value('validations_total', { verdict: 'secure' }), 1)
  t.equal(value('bogus_total', { reason: 'signature-expired' }), 1)
  t.equal(value('signature_verifications_total', { algorithm: '13' }), 1)
  t.equal(value('signature_verifications_total', { algorithm: 'other' }), 1)
  t.equal(value('nsec3_hashes_total'), 51)
  t.equal(value('synthesised_answers_total', { kind: 'nxdomain' }), 1)
  t.equal(value('keys_ahead_total', { stage: 'asked' }), 1)
  t.equal(value('keys_ahead_total', { stage: 'used' }), 0)
  t.equal(value('limit_hits_total', { limit: 'signatures' }), 1)
  t.equal(value('limit_hits_total', { limit: 'time' }), 1)
  t.equal(value('limit_hits_total', { limit: 'tcp-unread' }), 1)
  t.equal(value('client_drops_total', { reason: 'short' }), 1)
  t.equal(value('upstream_near_misses_total'), 1)
  t.equal(value('event_loop_delay_seconds_bucket', { thread: 'main', le: '0.25' }), 0)
  t.equal(value('event_loop_delay_seconds_bucket', { thread: 'main', le: '0.5' }), 1)
  t.equal(value('cache_bytes', { cache: 'answers' }), 4096)
  t.equal(value('cache_entries', { cache: 'rrsets' }), 3)
  t.equal(value('trust_anchor', { tag: '20326', state: 'valid' }), 1)
  t.equal(value('trust_anchor', { tag: '38696', state: 'add-pending' }), 1)
  t.equal(value('trust_anchor_hold_down_end_timestamp_seconds', { tag: '38696' }), 1_739_145_600)
  t.equal(value('trust_anchor_roll_ready', { zone: '.' }), 0)
  t.equal(value('trust_anchor_proven_timestamp_seconds', { zone: '.' }), 1_736_550_000)
  t.equal(value('negative_trust_anchors'), 2)
  t.equal(value('expiring_zones'), 2)
  t.equal(value('rollout_enforced_ratio'), 1)
  t.equal(value('snapshot_writes_total', { outcome: 'written' }), 0)
  t.equal(value('snapshot_writes_total', { outcome: 'failed' }), 1)
  t.equal(value('snapshot_entries', { cache: 'answers' }), 5)
  t.equal(value('snapshot_entries', { cache: 'rrsets' }), 2)
  t.equal(value('snapshot_write_timestamp_seconds'), 1_790_000_000.5)
  t.equal(value('snapshot_write_seconds'), 0.25)
  t.equal(value('snapshot_bytes'), 4_000)
})

function same(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

t.test('every reason has a place of its own', async (t) => {
  const counters = new Counters()
  const other = counters.set.index('bogus_total', 'other')
  for (const reason of Object.keys(REASONS)) t.not(counters.set.index('bogus_total', reason), other, reason)
})

/** Complete by the compiler: the front's own lists. */
const FRONT_LIMITS: Record<FrontLimit, true> = {
  waiting: true,
  'waiting-per-client': true,
  handover: true,
  'late-replies-per-client': true,
  'reply-time': true,
  'tcp-connections': true,
  'tcp-connections-per-client': true,
  'tcp-unread': true,
}
const FRONT_DROPS: Record<DropReason, true> = {
  short: true,
  response: true,
  waiting: true,
  draining: true,
  send: true,
  denied: true,
  late: true,
  rate: true,
}

t.test('hits of a batch are counted as so many single ones', async (t) => {
  const [one, batch] = [new Counters(), new Counters()]
  for (const [count, micros] of [
    [3, 40],
    [2, 50],
    [64, 51],
    [1, 9_000_000],
  ] as const) {
    for (let i = 0; i < count; i++) {
      one.clientQuery('udp')
      one.cacheHit()
      one.answer(3, 'hit', micros / 1e6)
      batch.hit(3)
    }
    batch.hits('udp', count, micros)
  }
  const round = (cells: Float64Array): number[] => [...cells].map((cell) => Math.round(cell * 1e6))
  t.same(round(batch.set.cells), round(one.set.cells))
  batch.hits('tcp', 1, 0)
  t.equal(batch.set.cells[batch.set.index('client_queries_total', 'tcp')], 1)
})

t.test('SERVFAIL is counted by its error, known or not', async (t) => {
  const counters = new Counters()
  const count = (ede: string): number => counters.set.cells[counters.set.index('servfail_total', ede)]!
  for (const ede of [0, 6, 6, 30, 39, 40, 49_999, undefined]) counters.servfail(ede)
  t.same(['0', '6', '30', 'none'].map(count), [1, 2, 1, 1])
  t.equal(count('other'), 3)
})

t.test('every limit and every drop has a place of its own', async (t) => {
  const { set } = new Counters()
  for (const limit of Object.keys(FRONT_LIMITS)) {
    t.not(set.index('limit_hits_total', limit), set.index('limit_hits_total', 'other'), limit)
  }
  for (const reason of Object.keys(FRONT_DROPS)) {
    t.not(set.index('client_drops_total', reason), set.index('client_drops_total', 'other'), reason)
  }
})

t.test('two registries do not meet', async (t) => {
  const first = makeMetrics(new Counters())
  const second = makeMetrics(new Counters())
  t.same(first.names, second.names)
  const pages = await Promise.all([first.page(), first.page(), second.page()])
  t.equal(pages[0], pages[1], 'callers at the same time share one page')
})

t.test('as plain data, every value is a number: what has none yet is left out', async (t) => {
  const metrics = makeMetrics(new Counters())
  // Delays of the event loop have no mean when they are asked for again before one was sampled.
  await metrics.values()
  const all = Object.entries(await metrics.values())
  t.ok(all.length > CONTRACT.length)
  for (const [name, samples] of all) {
    t.ok(
      samples.every(({ value }) => Number.isFinite(value)),
      name,
    )
  }
  t.equal(all.find(([name]) => name === 'sigill_rollout_enforced_ratio')?.[1].length, 1)
})
