import t from 'tap'
import { Memory } from '../../src/base/memory.ts'
import { AnswerCache, isWorthPrefetching } from '../../src/cache/answer-cache.ts'
import {
  type AnswerParts,
  copyAnswer,
  ENTRY_KEY_AT,
  entryOctets,
  entryStatus,
} from '../../src/cache/answer-entry.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { answerEntry as entry } from './answers.ts'
import { collectGarbage } from './garbage.ts'
import { name } from './records.ts'

function world(bytesMax = 1 << 20): AnswerCache {
  return new AnswerCache({ bytesMax, hashKey: [3, 4] })
}

function find(cache: AnswerCache, owner: string, type: number = TYPE.A, nowMs = 0): number {
  const octets = name(owner)
  return cache.find(octets, 0, octets.length, type, nowMs)
}

t.test('finds an answer by the question as it lies in a query', async (t) => {
  const cache = world()
  const stored = entry('www.example.')
  t.ok(cache.put(name('WWW.example.'), TYPE.A, stored, 0))
  const query = new Uint8Array(60).fill(0xee)
  const qname = name('wWw.eXample.')
  query.set(qname, 12)
  const at = cache.find(query, 12, qname.length, TYPE.A, 0)
  t.ok(at > 0)
  t.equal(entryOctets(cache.octets, at), stored.length)
  t.same(cache.octets.slice(at, at + stored.length), stored)
  t.equal(cache.find(query, 12, qname.length, TYPE.AAAA, 0), -1)
  t.equal(find(cache, 'example.'), -1)
  t.equal(find(cache, '.'), -1)
  cache.put(ROOT, TYPE.NS, entry('.', { question: { name: ROOT, type: TYPE.NS, class: CLASS.IN } }), 0)
  t.ok(find(cache, '.', TYPE.NS) > 0)
})

t.test('an answer lives as long as it says', async (t) => {
  const cache = world()
  cache.put(name('a.example.'), TYPE.A, entry('a.example.', { ttlSeconds: 5 }, 1000.5), 1000.5)
  t.ok(find(cache, 'a.example.', TYPE.A, 6000) > 0)
  t.equal(find(cache, 'a.example.', TYPE.A, 6000.5), -1)
  t.notOk(cache.put(name('a.example.'), TYPE.A, entry('a.example.', { ttlSeconds: 0 }), 0))
})

t.test('a good answer that lives stays before bogus ones and failures of the same policy', async (t) => {
  const servfail: Partial<AnswerParts> = { status: 'indeterminate', rcode: RCODE.SERVFAIL, answer: [] }
  const bad: Partial<AnswerParts>[] = [
    { status: 'bogus' },
    servfail,
    { status: 'bogus', rcode: RCODE.NXDOMAIN },
  ]
  for (const fresh of bad) {
    for (const good of [{}, { status: 'insecure', rcode: RCODE.NXDOMAIN } as const]) {
      const cache = world()
      cache.put(name('a.example.'), TYPE.A, entry('a.example.', good), 0)
      t.notOk(cache.put(name('a.example.'), TYPE.A, entry('a.example.', fresh), 0))
      t.notSame(entryStatus(cache.octets, find(cache, 'a.example.')), 'bogus')
      t.ok(
        cache.put(name('a.example.'), TYPE.A, entry('a.example.', { ...fresh, policySequence: 2 }), 0),
        'newer policy',
      )
      t.ok(
        cache.put(name('a.example.'), TYPE.A, entry('a.example.', { policySequence: 2 }), 0),
        'good over bad',
      )
      const late = entry('a.example.', { ...fresh, policySequence: 2 }, 300_000)
      t.ok(cache.put(name('a.example.'), TYPE.A, late, 300_000), 'when the good one has ended')
    }
  }
})

t.test('removal', async (t) => {
  const owners = ['example.', 'a.example.', 'b.A.example.', 'aa.example.', 'a.example.nu.']
  const cache = world()
  const fill = () => {
    for (const owner of owners)
      for (const type of [TYPE.A, TYPE.MX]) {
        const question = { name: name(owner), type, class: CLASS.IN }
        cache.put(question.name, type, entry(owner, { question }), 0)
      }
  }
  fill()
  t.ok(cache.remove(name('A.example.'), TYPE.A))
  t.notOk(cache.remove(name('a.example.'), TYPE.A))
  t.equal(find(cache, 'a.example.'), -1)
  t.ok(find(cache, 'a.example.', TYPE.MX) > 0)
  fill()
  t.equal(cache.flush(name('a.EXAMPLE.')), 4)
  t.equal(find(cache, 'b.a.example.', TYPE.MX), -1)
  for (const owner of ['example.', 'aa.example.', 'a.example.nu.']) t.ok(find(cache, owner) > 0, owner)
  t.equal(cache.flush(), 6)
  t.equal(cache.entryCount, 0)
})

t.test('holds 200,000 answers in 64 MiB, and the heap stays as it is', async (t) => {
  const cache = world(64 * 1024 * 1024)
  const qname = name('host-000000.example.')
  const stored = entry('host-000000.example.')
  const fill = (count: number) => {
    for (let i = 0; i < count; i++) {
      const digits = Buffer.from(String(i).padStart(6, '0'))
      qname.set(digits, 6)
      stored.set(digits, ENTRY_KEY_AT + 6)
      cache.put(qname, TYPE.A, stored, 0)
    }
  }
  fill(1000)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  fill(200_000)
  collectGarbage()
  const grown = process.memoryUsage().heapUsed - before
  t.equal(cache.entryCount, 200_000)
  t.ok(cache.bytesUsed <= 64 * 1024 * 1024)
  t.ok(grown < 3e6, `the heap grew by ${grown} octets`)
})

t.test('a hit allocates nothing', async (t) => {
  const cache = world()
  const qname = name('www.example.')
  cache.put(qname, TYPE.A, entry('www.example.'), 0)
  const out = new Memory(new Uint8Array(4096))
  const hits = (count: number): number => {
    let octets = 0
    for (let i = 0; i < count; i++) {
      const at = cache.find(qname, 0, qname.length, TYPE.A, 0.5)
      octets += copyAnswer(cache.memory, at, out, i % 2 === 0, 1)
    }
    return octets
  }
  hits(200_000)
  // A median, because a collection or a compilation in between shows up in one chunk or another.
  const grown = Array.from({ length: 21 }, () => {
    const before = process.memoryUsage().heapUsed
    hits(10_000)
    return process.memoryUsage().heapUsed - before
  })
  const median = grown.sort((a, b) => a - b)[10]!
  t.ok(median < 40_000, `${median} octets for 10,000 hits`)
})

t.test('what has run out is no answer, and can still be had as an old one (RFC 8767)', async (t) => {
  const cache = world()
  const www = name('www.example.')
  const stored = entry('www.example.')
  cache.put(www, TYPE.A, stored, 0)
  t.equal(cache.stale(www, TYPE.A, 299_999, 60_000), undefined, 'it still lives')
  t.equal(find(cache, 'www.example.', TYPE.A, 300_000), -1)
  t.same(cache.stale(www, TYPE.A, 300_000, 60_000), stored)
  t.same(cache.stale(www, TYPE.A, 359_999, 60_000), stored)
  t.equal(cache.stale(www, TYPE.A, 360_000, 60_000), undefined)
  t.equal(cache.stale(www, TYPE.AAAA, 300_000, 60_000), undefined)
  t.equal(cache.stale(name('example.'), TYPE.A, 300_000, 60_000), undefined)
})

t.test('an old answer yields to a good one, and to nothing else while it may be given', async (t) => {
  const cache = world()
  const www = name('www.example.')
  const stored = entry('www.example.')
  const failure = entry(
    'www.example.',
    { rcode: RCODE.SERVFAIL, answer: [], status: 'indeterminate' },
    310_000,
  )
  const bogus = entry('www.example.', { status: 'bogus' }, 310_000)
  for (const worse of [failure, bogus]) {
    cache.put(www, TYPE.A, stored, 0)
    t.equal(cache.put(www, TYPE.A, worse, 310_000, 60_000), false)
    t.same(cache.stale(www, TYPE.A, 310_000, 60_000), stored)
    t.equal(cache.put(www, TYPE.A, worse, 310_000), true, 'where old answers are not given it does')
    t.equal(cache.stale(www, TYPE.A, 700_000, 600_000), undefined, 'neither is ever an old answer')
  }
  cache.put(www, TYPE.A, stored, 0)
  const newer = entry('www.example.', { policySequence: 2, rcode: RCODE.SERVFAIL, answer: [] }, 310_000)
  t.equal(cache.put(www, TYPE.A, newer, 310_000, 60_000), true, 'one of an older policy does not stand')
  cache.put(www, TYPE.A, stored, 0)
  const brief = entry('www.example.', { ttlSeconds: 0 }, 310_000)
  t.equal(cache.put(www, TYPE.A, brief, 310_000, 60_000), false, 'a TTL of 0 is not kept')
  t.equal(cache.stale(www, TYPE.A, 310_000, 60_000), undefined, 'and ends the old answer all the same')
})

t.test('old answers take no room from living ones', async (t) => {
  const cache = world(16_384)
  for (let i = 0; i < 500; i++) {
    const owner = `n${i}.example.`
    cache.put(name(owner), TYPE.A, entry(owner, {}, i * 400_000), i * 400_000)
    t.ok(cache.bytesUsed <= 16_384)
    t.ok(find(cache, owner, TYPE.A, i * 400_000) >= 0)
  }
  const last = 499 * 400_000
  t.not(cache.stale(name('n498.example.'), TYPE.A, last, 86_400_000), undefined)
  const kept = Array.from({ length: 500 }, (_, i) => name(`n${i}.example.`)).filter(
    (owner) => cache.stale(owner, TYPE.A, last, 1e9) !== undefined,
  )
  t.ok(kept.length < 60, `${kept.length} kept`)
  for (let i = 0; i < 40; i++) {
    const owner = `m${i}.example.`
    cache.put(name(owner), TYPE.A, entry(owner, {}, last), last)
  }
  for (let i = 0; i < 40; i++) t.ok(find(cache, `m${i}.example.`, TYPE.A, last) >= 0, 'old ones make way')
})

t.test(
  'worth fetching in advance: a good answer in its last tenth, if that is a second or more',
  async (t) => {
    const at = (overrides: Partial<AnswerParts>, nowMs: number): boolean =>
      isWorthPrefetching(entry('www.example.', overrides), 0, Math.floor(nowMs / 1_000))
    t.equal(at({}, 269_999), false)
    t.equal(at({}, 270_000), true)
    t.equal(at({ ttlSeconds: 10 }, 9_000), true)
    t.equal(at({ ttlSeconds: 9 }, 8_999), false)
    t.equal(at({ status: 'bogus' }, 270_000), false)
    t.equal(at({ rcode: RCODE.SERVFAIL, answer: [] }, 270_000), false)
    t.equal(at({ rcode: RCODE.NXDOMAIN, answer: [] }, 270_000), true)
  },
)
