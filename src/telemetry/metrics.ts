/** The exposition for Prometheus: reads the typed arrays when asked, never per query. */
import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { type CounterSet, counterSamples, type Family, histogramSamples } from '../base/counters.ts'

/** Before every name of ours. */
export const METRIC_PREFIX = 'sigill_'

/** How full a cache is. */
export interface CacheUse {
  readonly bytes: number
  readonly entries: number
}

/** A trust anchor as the metrics show it. */
export interface AnchorState {
  readonly tag: number
  /** RFC 5011 4.2: add-pending, valid, missing, revoked, removed. */
  readonly state: string
  /** When a pending key may become valid, seconds since 1970. */
  readonly holdDownEndSeconds?: number
}

/** A zone with anchors whose keys are followed. Times in seconds since 1970. */
export interface FollowedZoneState {
  readonly zone: string
  /** The zone gave keys, proven or not. */
  readonly lastProbeSeconds: number | undefined
  /** They were proven. */
  readonly lastSuccessSeconds: number | undefined
  /** All keys that the zone has published are believed. */
  readonly isRollReady: boolean
}

/** The file that keeps the caches over a restart. */
export interface SnapshotUse {
  /** Entries that came from it at start, by cache. */
  readonly loaded: Readonly<Record<'answers' | 'rrsets', number>>
  /** The last time that it was written whole: when it was begun, how long that took. */
  readonly lastWriting:
    | { readonly unixMs: number; readonly tookMs: number; readonly octets: number }
    | undefined
}

type LastWriting = NonNullable<SnapshotUse['lastWriting']>

/** A negative trust anchor as the metrics show it. */
export interface ExceptionUse {
  readonly name: string
  readonly secondsLeft: number
  /** Answers that it made insecure. */
  readonly hits: number
}

/** A jump in what is bogus, as the metrics show it. */
export interface AlertState {
  readonly cause: string
  readonly ancestor: string
}

/** The copy of the root zone as the metrics show it. */
export interface RootCopyUse {
  /** It answers now. */
  readonly isInForce: boolean
  readonly serial: number
  readonly octets: number
  readonly ageSeconds: number
}

/** What is read at each scrape. */
export interface MetricSources {
  /** One set a thread, all of one layout. */
  readonly counters: readonly CounterSet[]
  readonly caches: () => Readonly<Record<'answers' | 'rrsets', CacheUse>>
  readonly anchors: () => readonly AnchorState[]
  readonly followedZones: () => readonly FollowedZoneState[]
  readonly negativeTrustAnchors: () => readonly ExceptionUse[]
  /** Zones in use whose signatures end soon and are not being renewed. */
  readonly expiringZones: () => number
  /** Share of clients for whom a bogus verdict means SERVFAIL, 0 to 1. */
  readonly enforcedRatio: () => number
  /** Files of the folder for state that could not be written the last time. */
  readonly unstoredFiles: () => number
  /** The one that stands. */
  readonly alert: () => AlertState | undefined
  /** Left out where there is none. */
  readonly snapshot?: SnapshotUse | undefined
  /** Left out where none is wanted; gives undefined where none was had yet. */
  readonly rootCopy?: (() => RootCopyUse | undefined) | undefined
}

/** One value of a metric. */
export interface Sample {
  /** Of a histogram: which of its parts. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A page for `/metrics`. */
export interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

/** Milliseconds between samples of Node's own look at the event loop: as long as it takes, some weeks. */
const NEVER_MS = 2 ** 31 - 1
/** What that look would say. `event_loop_delay_seconds` says it of every thread, without waking one a hundred times a second. */
const LOOP_HISTOGRAM = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (part) => `nodejs_eventloop_lag_${part}_seconds`,
)

/** What Node tells of its process. */
function registerProcess(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: NEVER_MS })
  for (const name of LOOP_HISTOGRAM) register.removeSingleMetric(name)
}

/** All metrics of the process. */
export class Metrics {
  readonly #registry = new Registry()
  #rendering: Promise<MetricsPage> | undefined

  constructor(sources: MetricSources) {
    const [first] = sources.counters
    for (const family of first?.families ?? []) {
      this.#registry.registerMetric(metricOf(family, sources.counters) as unknown as Metric)
    }
    registerGauges(this.#registry, sources)
    registerProcess(this.#registry)
  }

  /** Names of all metrics, those of the process included. */
  get names(): string[] {
    return this.#registry.getMetricsAsArray().map((metric) => metric.name)
  }

  /** Every sample by the name of its metric, as plain data. */
  async values(): Promise<Record<string, readonly Sample[]>> {
    const metrics = await this.#registry.getMetricsAsJSON()
    return Object.fromEntries(
      metrics.map(({ name, values }) => [
        name,
        // What was not sampled yet is no number, and JSON has no word for it.
        values.flatMap((sample) => {
          const { labels, value, metricName } = sample as Value
          if (!Number.isFinite(value)) return []
          return [
            { ...(metricName !== undefined && metricName !== name ? { metricName } : {}), labels, value },
          ]
        }),
      ]),
    )
  }

  /** The page. Callers that ask while it is being made share it. */
  page(): Promise<MetricsPage> {
    this.#rendering ??= this.#registry
      .metrics()
      .then((body) => ({ contentType: this.#registry.contentType, body }))
      .finally(() => {
        this.#rendering = undefined
      })
    return this.#rendering
  }
}

/** What the registry reads of a metric: its public classes offer the same three fields and `get`. */
interface ReadMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'histogram'
  readonly aggregator: 'sum'
  get(): Promise<object>
}

interface Value {
  readonly metricName?: string
  readonly labels: Record<string, string | number>
  readonly value: number
}

function metricOf(family: Family, sets: readonly CounterSet[]): ReadMetric {
  const name = METRIC_PREFIX + family.name
  const type = family.bounds === undefined ? 'counter' : 'histogram'
  const read = type === 'counter' ? readCounter : readHistogram
  const head = { name, help: family.help, type, aggregator: 'sum' } as const
  return { ...head, get: async () => ({ ...head, values: read(name, family, sets) }) }
}

function readCounter(_name: string, family: Family, sets: readonly CounterSet[]): Value[] {
  return counterSamples(sets, family).map(({ labelValue, count }) => ({
    labels: labelsOf(family, labelValue),
    value: count,
  }))
}

function readHistogram(name: string, family: Family, sets: readonly CounterSet[]): Value[] {
  const bounds = [...(family.bounds ?? []), '+Inf']
  return histogramSamples(sets, family).flatMap(({ labelValue, buckets, sum }) => {
    const labels = labelsOf(family, labelValue)
    let count = 0
    const values: Value[] = buckets.map((inBucket, i) => {
      count += inBucket
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[i]! }, value: count }
    })
    values.push({ metricName: `${name}_sum`, labels, value: sum })
    values.push({ metricName: `${name}_count`, labels, value: count })
    return values
  })
}

function labelsOf(family: Family, labelValue: string): Record<string, string> {
  return family.label === undefined ? {} : { [family.label]: labelValue }
}

/** Makes a gauge that is read when it is asked for. */
type MakeGauge = (
  name: string,
  help: string,
  labelNames: readonly string[],
  read: (set: (labels: Record<string, string>, value: number) => void) => void,
) => void

function registerAnchors(gauge: MakeGauge, { anchors, followedZones }: MetricSources): void {
  gauge(
    'trust_anchor',
    'A key that is, was or will be a trust anchor; always 1.',
    ['tag', 'state'],
    (set) => {
      for (const { tag, state } of anchors()) set({ tag: String(tag), state }, 1)
    },
  )
  gauge(
    'trust_anchor_hold_down_end_timestamp_seconds',
    'When a key that is pending may become a trust anchor.',
    ['tag'],
    (set) => {
      for (const { tag, holdDownEndSeconds: end } of anchors())
        if (end !== undefined) set({ tag: String(tag) }, end)
    },
  )
  gauge(
    'trust_anchor_probe_timestamp_seconds',
    'When a zone with trust anchors last gave keys.',
    ['zone'],
    (set) => {
      for (const { zone, lastProbeSeconds: last } of followedZones())
        if (last !== undefined) set({ zone }, last)
    },
  )
  gauge('trust_anchor_proven_timestamp_seconds', 'When those keys were last proven.', ['zone'], (set) => {
    for (const { zone, lastSuccessSeconds: last } of followedZones())
      if (last !== undefined) set({ zone }, last)
  })
  gauge(
    'trust_anchor_roll_ready',
    'Whether all keys that the zone has published are believed here, so that it may change to any of them.',
    ['zone'],
    (set) => {
      for (const { zone, isRollReady } of followedZones()) set({ zone }, isRollReady ? 1 : 0)
    },
  )
}

function registerRootCopy(gauge: MakeGauge, { rootCopy = () => undefined }: MetricSources): void {
  const one = (name: string, help: string, of: (copy: RootCopyUse) => number): void =>
    gauge(name, help, [], (set) => {
      const copy = rootCopy()
      if (copy !== undefined) set({}, of(copy))
    })
  one('root_copy_in_force', 'Whether the copy of the root zone answers: 0 when it has run out.', (copy) =>
    copy.isInForce ? 1 : 0,
  )
  one('root_copy_serial', 'Serial of the copy of the root zone.', ({ serial }) => serial)
  one('root_copy_age_seconds', 'Time since a source confirmed the copy of the root zone.', (copy) => {
    return copy.ageSeconds
  })
  one('root_copy_bytes', 'Memory that the copy of the root zone takes.', ({ octets }) => octets)
}

function registerGauges(registry: Registry, sources: MetricSources): void {
  const registers = [registry]
  const gauge: MakeGauge = (name, help, labelNames, read) => {
    new Gauge({
      name: METRIC_PREFIX + name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        read((labels, value) => this.set(labels, value))
      },
    })
  }
  gauge('cache_bytes', 'Memory that cached data takes.', ['cache'], (set) => {
    for (const [cache, use] of Object.entries(sources.caches())) set({ cache }, use.bytes)
  })
  gauge('cache_entries', 'Entries in a cache.', ['cache'], (set) => {
    for (const [cache, use] of Object.entries(sources.caches())) set({ cache }, use.entries)
  })
  registerAnchors(gauge, sources)
  gauge('negative_trust_anchors', 'Negative trust anchors in force.', [], (set) => {
    set({}, sources.negativeTrustAnchors().length)
  })
  gauge(
    'negative_trust_anchor_hits',
    'Answers that a negative trust anchor made insecure.',
    ['zone'],
    (set) => {
      for (const { name, hits } of sources.negativeTrustAnchors()) set({ zone: name }, hits)
    },
  )
  gauge('negative_trust_anchor_remaining_seconds', 'Time that it still lasts.', ['zone'], (set) => {
    for (const { name, secondsLeft } of sources.negativeTrustAnchors()) set({ zone: name }, secondsLeft)
  })
  gauge(
    'expiring_zones',
    'Zones in use whose signatures end within report.expiry-warning-hours and are not being renewed.',
    [],
    (set) => {
      set({}, sources.expiringZones())
    },
  )
  gauge(
    'state_unstored_files',
    'Files of state.directory that could not be written: a restart would undo changes. sigill control status names them.',
    [],
    (set) => set({}, sources.unstoredFiles()),
  )
  gauge('rollout_enforced_ratio', 'Share of clients for whom bogus data is SERVFAIL.', [], (set) => {
    set({}, sources.enforcedRatio())
  })
  gauge(
    'guard_alert',
    'A jump in the share of bogus answers that is not over, with the name that nearly all of them lie below; always 1.',
    ['cause', 'name'],
    (set) => {
      const alert = sources.alert()
      if (alert !== undefined) set({ cause: alert.cause, name: alert.ancestor }, 1)
    },
  )
  registerRootCopy(gauge, sources)
  gauge('snapshot_entries', 'Entries of a cache that the snapshot brought at start.', ['cache'], (set) => {
    for (const [cache, entries] of Object.entries(sources.snapshot?.loaded ?? {})) set({ cache }, entries)
  })
  const last = (name: string, help: string, of: (writing: LastWriting) => number): void =>
    gauge(name, help, [], (set) => {
      const writing = sources.snapshot?.lastWriting
      if (writing !== undefined) set({}, of(writing))
    })
  last(
    'snapshot_write_timestamp_seconds',
    'When the snapshot was last written.',
    ({ unixMs }) => unixMs / 1000,
  )
  last('snapshot_write_seconds', 'How long the last writing took.', ({ tookMs }) => tookMs / 1000)
  last('snapshot_bytes', 'Size of the snapshot.', ({ octets }) => octets)
}
