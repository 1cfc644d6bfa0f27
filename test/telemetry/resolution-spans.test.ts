/** Spans of resolutions: off, on, and what they tell. */
import { type Span, type SpanOptions, type Tracer, trace } from '@opentelemetry/api'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import { type ResolutionRecord, recordShare } from '../../src/telemetry/resolution-record.ts'
import { makeSpans } from '../../src/telemetry/resolution-spans.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { CLOCK, makeWorld, zone } from '../support/world.ts'

interface Told {
  readonly name: string
  readonly options: SpanOptions
  readonly parent: Span | undefined
  readonly attributes: Record<string, unknown>
  status?: unknown
  endMs?: number
}

/** An SDK that remembers. */
function recorder(isRecording = true): { readonly tracer: Tracer; readonly spans: Told[] } {
  const spans: Told[] = []
  const tracer = {
    startSpan(name: string, options: SpanOptions = {}, context?: Parameters<typeof trace.getSpan>[0]) {
      const told: Told = {
        ...{ name, options, attributes: { ...options.attributes } },
        parent: context && trace.getSpan(context),
      }
      spans.push(told)
      const span = {
        isRecording: () => isRecording,
        setAttribute: (key: string, value: unknown) => (told.attributes[key] = value),
        setStatus: (status: unknown) => (told.status = status),
        end: (endMs: number) => (told.endMs = endMs),
      }
      return span as unknown as Span
    },
  }
  return { tracer: tracer as unknown as Tracer, spans }
}

const EPOCH_MS = CLOCK * 1000

t.test('a resolution and its questions to servers, each with its time', async (t) => {
  const { tracer, spans } = recorder()
  const clock = { current: undefined as VirtualClock | undefined }
  const world = makeWorld([zone('z.test.')], {
    watch: (question) => {
      const now = clock.current!
      const unixMs = (): number => EPOCH_MS + now.nowMs() - startMs
      const take = (record: ResolutionRecord): void => makeSpans(structuredClone(record), tracer)
      return recordShare({ percent: 100, clock: now, random: seededRandom(1), unixMs, take })(question)
    },
  })
  clock.current = world.clock
  const startMs = world.clock.nowMs()
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  const [whole, ...exchanges] = spans
  t.match(whole, { name: 'resolve', options: { startTime: EPOCH_MS } })
  t.match(whole?.attributes, {
    'dns.question.name': 'www.z.test.',
    'dns.question.type': 'A',
    'sigill.verdict': 'secure',
  })
  t.equal(whole?.endMs, EPOCH_MS + world.clock.nowMs() - startMs)
  t.equal(exchanges.length, world.network.sent.length)
  for (const { name, options, parent, endMs } of exchanges) {
    t.equal(name, 'exchange')
    t.ok(parent, 'within the resolution')
    t.equal(endMs! - (options.startTime as number), 10)
    t.ok((options.startTime as number) >= EPOCH_MS && endMs! <= whole!.endMs!)
  }
  t.match(exchanges[0]?.attributes, { 'network.transport': 'udp', 'server.port': 53, 'sigill.zone': '.' })
  t.equal((await world.askCached('www.z.test')).status, 'secure')
  t.equal(spans.length, 1 + exchanges.length, 'nothing for what the cache has')
})

t.test('a share of them, drawn at random; none where nobody listens', async (t) => {
  const clock = new VirtualClock(CLOCK)
  const parts = { clock, random: seededRandom(1), unixMs: () => EPOCH_MS }
  const question = { name: nameFrom('www.z.test'), type: TYPE.A }
  let record: ResolutionRecord | undefined
  for (const [percent, least, most] of [
    [0, 0, 0],
    [2.5, 180, 320],
    [100, 10_000, 10_000],
  ] as const) {
    const records: ResolutionRecord[] = []
    const watch = recordShare({ ...parts, percent, take: (record) => records.push(record) })
    for (let i = 0; i < 10_000; i++) watch(question)?.ended({ status: 'secure', reason: 'secure' })
    t.ok(records.length >= least && records.length <= most, `${records.length} of 10,000 at ${percent} %`)
    record = records[0]
  }
  const { tracer, spans } = recorder(false)
  const exchange = { startMs: 0, endMs: 1, outcome: 'NOERROR', isAnswered: true, attributes: {} }
  makeSpans({ ...record!, exchanges: [exchange] }, tracer)
  t.same(
    spans.map(({ name }) => name),
    ['resolve'],
    'the SDK does not want it',
  )
  t.doesNotThrow(() => makeSpans({ ...record!, exchanges: [exchange] }), 'no SDK is registered')
})
