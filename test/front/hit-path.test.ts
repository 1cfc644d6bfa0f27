import t from 'tap'
import { FLAG_QR } from '../../src/front/query.ts'
import type { ServiceSettings } from '../../src/front/service.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
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

/** Octets of heap that a hit takes, the least of some runs: others on this thread may allocate meanwhile. */
function heapOctetsPerHit(settings: Partial<ServiceSettings>): number {
  const it = bench({ nsid: new Uint8Array(100), ...settings })
  it.store(parts())
  const octets = query({ do: true, options: [{ code: 3, octets: new Uint8Array(0) }] })
  const from = client()
  const counters = {
    clientQuery() {},
    answer() {},
    servfail() {},
    cacheHit() {},
    cacheMiss() {},
    limitHit() {},
    dropped() {},
  }
  Object.assign(it.counters, counters)
  const run = (rounds: number): void => {
    for (let i = 0; i < rounds; i++) it.service.tryHit(octets, octets.length, from, out)
  }
  run(50_000)
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 10; i++) {
    const before = process.memoryUsage().heapUsed
    run(20_000)
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown)
  }
  return least / 20_000
}

t.test('allocates nothing', async (t) => {
  for (const settings of [{}, { originalTtls: true }]) {
    const octets = heapOctetsPerHit(settings)
    t.ok(octets < 40, `${octets} octets of heap a hit: a number or two, no object`)
  }
})
