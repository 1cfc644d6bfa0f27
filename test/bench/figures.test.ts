/** What the harness makes of what it measures: histograms, spreads, ratios, the accounts of the kernel. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { coresOf, pinned, planCores } from '../../bench/cores.ts'
import { busiestIsolate, readCollection } from '../../bench/gc-trace.ts'
import { bucketOf, Histogram, middleOf } from '../../bench/load/histogram.ts'
import { processorSecondsOf } from '../../bench/process-figures.ts'
import { Part, reportJson, reportText } from '../../bench/result.ts'
import { quantileOf, ratioOf, spreadOf } from '../../bench/statistics.ts'

t.test('a bucket is within 1.6 percent of its values, and buckets are in order', async (t) => {
  let last = -1
  for (let value = 0; value < 2 ** 41; value = Math.max(value + 1, Math.floor(value * 1.003))) {
    const bucket = bucketOf(value)
    if (bucket < last) t.fail(`bucket of ${value}`)
    if (Math.abs(middleOf(bucket) - value) > value * 0.016) t.fail(`middle of the bucket of ${value}`)
    last = bucket
  }
  for (const exponent of [6, 7, 20, 41]) {
    t.equal(bucketOf(2 ** exponent), bucketOf(2 ** exponent - 1) + 1, `at 2^${exponent}`)
  }
  t.equal(bucketOf(2 ** 50), bucketOf(2 ** 60), 'what is too long is in the last one')
})

t.test('quantiles', async (t) => {
  const histogram = new Histogram()
  t.ok(Number.isNaN(histogram.quantile(0.5)))
  for (let value = 1; value <= 1000; value++) histogram.record(value)
  t.equal(histogram.total, 1000)
  for (const share of [0.5, 0.99, 0.999]) {
    t.ok(Math.abs(histogram.quantile(share) / (share * 1000) - 1) < 0.016, `${share}`)
  }
  t.ok(Math.abs(histogram.mean() / 500.5 - 1) < 0.01)
  t.same(Histogram.of(histogram.buckets()).buckets(), histogram.buckets())
})

t.test('quantiles of a few figures', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  t.equal(quantileOf(hundred, 0.5), 50)
  t.equal(quantileOf(hundred, 0.99), 99)
  t.equal(quantileOf([7], 0.99), 7)
  t.ok(Number.isNaN(quantileOf([], 0.5)))
})

t.test('what V8 tells of its collections', async (t) => {
  const scavenge =
    '[7:0x5d0a10]      41 ms: Scavenge 6.5 (7.2) -> 5.9 (8.0) MB, 0.47 / 0.00 ms  (average mu = 1.000, current mu = 1.000) allocation failure; '
  t.match(readCollection(scavenge), { isolate: '0x5d0a10', pauseMs: 0.47, heapOctets: 5.9 * 2 ** 20 })
  const whole =
    '[7:0x7f00a0]   913 ms: Mark-Compact 35.4 (50.1) -> 20.0 (45.2) MB, 2.20 / 0.01 ms  (+ 5.1 ms in 10 steps since start of marking, biggest step 3.2 ms, walltime since start of marking 30 ms) (average mu = 0.9, current mu = 0.9) finalize incremental marking via stack guard; GC in old space requested'
  t.match(readCollection(whole), { isolate: '0x7f00a0', pauseMs: 3.2, heapOctets: 20 * 2 ** 20 })
  t.equal(readCollection('sigill ready: listening on 127.0.0.1@53 (udp, tcp)'), undefined)
  const lines = [scavenge, whole, whole].map((line) => readCollection(line)!)
  t.equal(busiestIsolate(lines), '0x7f00a0')
  t.equal(busiestIsolate([]), undefined)
})

t.test('the lines that this Node writes are read', async (t) => {
  const source = 'const all = []; for (let i = 0; i < 3e5; i++) all.push({ i }); gc()'
  const { stdout } = spawnSync(process.execPath, ['--trace-gc', '--expose-gc', '-e', source], {
    encoding: 'utf8',
  })
  const lines = stdout.split('\n').filter((line) => line.startsWith('['))
  t.ok(lines.length > 1)
  for (const line of lines) t.ok((readCollection(line)?.heapOctets ?? 0) > 0, line)
})

t.test('spread and ratio', async (t) => {
  t.same(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 })
  t.same(spreadOf([4, 1]), { median: 2.5, least: 1, most: 4 })
  t.same(spreadOf([Number.NaN, 7]), { median: 7, least: 7, most: 7 })
  t.ok(Number.isNaN(spreadOf([]).median))
  t.same(ratioOf([10, 40], [5, 10]), { median: 3, least: 2, most: 4 }, 'round by round')
})

t.test('cores', async (t) => {
  t.same(coresOf('0-2,5'), [0, 1, 2, 5])
  t.match(planCores(1, [0, 1], true), { servers: [0], load: [1] })
  t.match(planCores(2, [0, 1], true), { servers: [0, 1], load: [1], note: 'share' })
  t.match(planCores(1, [3], true), { servers: [], load: [], note: 'one core' })
  t.match(planCores(1, [0, 1], false), { servers: [], note: 'taskset' })
  t.same(pinned([], 'x', ['y']), ['x', ['y']])
})

t.test('processor time out of /proc', async (t) => {
  const fields = Array.from({ length: 50 }, (_, i) => i + 1)
  fields[13] = 250
  fields[14] = 50
  t.equal(processorSecondsOf(`1 (a) b (c) R ${fields.slice(3).join(' ')}`), 3)
})

t.test('the report', async (t) => {
  const part = new Part('work', [
    { key: 'rate', title: 'answers/s', digits: 0, ratio: true },
    { key: 'p99', title: 'p99 ms', digits: 1 },
  ])
  for (const rate of [100, 300, 200]) part.add('Ours', { rate, p99: 1 })
  for (const rate of [50, 100, 100]) part.add('Other', { rate })
  const machine = {
    ...{ date: '2026-01-02T03:04:05Z', processor: 'p', cores: 2, memoryGib: 1, kernel: 'k', node: 'v' },
    load: 0.5,
  }
  const result = { bench: 'b', parts: [part], notes: ['a note'], faults: ['x is wrong'] }
  const report = { result, machine, servers: { Ours: '1', Other: '2' }, own: 'Ours' }
  const text = reportText(report)
  t.match(text, /\| Ours +\| +200 \(100-300\) \| +1\.0 \| +\|/)
  t.match(text, /\| Other +\| +100 \(50-100\) \| +- \| +2\.00 \(2\.00-3\.00\) \|/)
  t.match(text, 'FAULT: x is wrong')
  t.match(reportJson(report), {
    faults: ['x is wrong'],
    parts: [{ rows: [{}, { server: 'Other', figures: { rate: { rounds: [50, 100, 100], median: 100 } } }] }],
  })
})
