import t from 'tap'
import { RATE_PER_SECOND_MAX, UDP_BATCH_MAX } from '../../src/base/limits.ts'
import { Memory } from '../../src/base/memory.ts'
import { FLAG_QR } from '../../src/front/query.ts'
import type { ServiceSettings } from '../../src/front/service-settings.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { HitLoad, type Load } from './hit-load.ts'
import { bench, client, parts, query } from './service-under-test.ts'

const out = new Uint8Array(65_535)

t.test('takes ordinary questions whose answer is there', async (t) => {
  const it = bench()
  it.store(parts())
  const from = client()
  const hits = [
    query(),
    query({ payload: 1232 }),
    query({ do: true, cd: true, ad: true }),
    query({
      options: [
        { code: 10, octets: new Uint8Array(8) },
        { code: 65_001, octets: new Uint8Array(0) },
      ],
    }),
    query({ name: 'WWW.EXAMPLE.SE.' }),
  ]
  for (const octets of hits) {
    const length = it.service.tryHit(octets, octets.length, from, out)
    t.ok(length > 0)
    t.ok((out[2]! & FLAG_QR) !== 0)
  }
  const longer = new Uint8Array(2000).fill(0xff)
  longer.set(query())
  t.ok(it.service.tryHit(longer, query().length, from, out) > 0, 'reads only the octets it is told of')
  t.equal(it.counters.get('hit'), hits.length + 1)
})

t.test('leaves the rest alone, and counts nothing', async (t) => {
  const it = bench()
  it.store(parts())
  const misses = [
    query({ name: 'other.example.se.' }),
    query({ type: TYPE.AAAA }),
    query({ rd: false }),
    query({ class: 3 }),
    query({ type: TYPE.ANY }),
    query({ version: 1 }),
    query().subarray(0, 20),
    Uint8Array.of(...query(), 0),
  ]
  for (const octets of misses) t.equal(it.service.tryHit(octets, octets.length, client(), out), 0)
  t.equal(it.service.tryHit(query(), query().length, client('udp', '192.0.2.1'), out), 0, 'a stranger')
  t.same([...it.counters.counts], [])
})

t.test('a batch in which the process stood for an hour took long, and not less than nothing', async (t) => {
  const it = bench()
  const { hits } = it.service
  const request = new Memory(query())
  for (const [minutes, micros] of [
    [10, 600_000_000],
    [60, 0x7fff_ffff],
  ] as const) {
    it.store(parts())
    hits.begin()
    hits.read(0, request, request.octets.length, client())
    t.ok(hits.answer(0, request, client(), new Memory(out)) > 0)
    it.clock.advance(minutes * 60_000)
    hits.end('udp')
    t.equal(it.counters.hitMicros, micros)
  }
})

const HITS = 1_000_000
/** Small enough that most parts of a run see no collection, which would hide what was allocated. */
const BATCHES_PER_LOOK = 320

/** Octets by which the heap grows with a question, over so many of them, once the engine has made of it what it makes. */
function heapOctetsPerHit(load: HitLoad, hits = HITS): number {
  for (let i = 0; i < 5_000; i++) load.batch()
  let octets = 0
  let counted = 0
  for (let looks = 0; counted < hits; looks++) {
    const usedOctets = process.memoryUsage().heapUsed
    for (let i = 0; i < BATCHES_PER_LOOK; i++) load.batch()
    const grown = process.memoryUsage().heapUsed - usedOctets
    if (looks > (2 * hits) / (BATCHES_PER_LOOK * UDP_BATCH_MAX)) return Number.POSITIVE_INFINITY
    if (grown < 0) continue
    octets += grown
    counted += BATCHES_PER_LOOK * UDP_BATCH_MAX
  }
  return octets / counted
}

t.test('allocates nothing: the heap grows by less than an octet a hit', async (t) => {
  const ways: [Load, Partial<ServiceSettings>][] = [
    ['plain', {}],
    ['signed', {}],
    ['cookies', {}],
    ['signed', { originalTtls: true, nsid: new Uint8Array(100) }],
  ]
  for (const [kind, settings] of ways) {
    const load = await HitLoad.start(kind, settings)
    const before = load.hits
    const octets = heapOctetsPerHit(load)
    t.ok(octets < 1, `${kind}: ${octets.toFixed(3)} octets of heap a hit`)
    t.ok(load.hits - before > HITS, 'all of them were hits')
    t.equal(load.wrong(), 0, 'and the replies are what they should be')
  }
})

t.test('limits on clients allocate nothing, whether they are met or not', async (t) => {
  const limit = { perSecond: RATE_PER_SECOND_MAX, burst: RATE_PER_SECOND_MAX, dryRun: false }
  const rates = { answers: limit, recursion: limit, slip: 2, exempt: [] }
  const within = await HitLoad.start('plain', {}, rates)
  t.ok(heapOctetsPerHit(within, HITS / 4) < 1, 'within')
  t.equal(within.wrong(), 0, 'and the replies are what they should be')
  const beyond = await HitLoad.start('plain', {}, { ...rates, answers: { ...limit, perSecond: 1, burst: 1 } })
  t.ok(heapOctetsPerHit(beyond, HITS / 4) < 1, 'beyond')
  t.ok(beyond.hits < HITS / 100, 'and hardly anything is answered')
})
