/** Answers that are asked for shortly before they run out, and answers that have. */
import t from 'tap'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { PrefetchSignals } from '../../src/front/prefetch-signals.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import type { Name } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { bench, client, edeCodes, parts, query } from './service-under-test.ts'

const HEARD = ['www.example.se. 1']

t.test('a hit in the last tenth is told to the resolver, whichever way it took', async (t) => {
  for (const hitPath of [true, false]) {
    const it = bench({}, { hitPath })
    it.store(parts())
    it.clock.advance(269_999)
    await it.ask(query())
    t.same(it.prefetched, [])
    it.clock.advance(1)
    await it.ask(query())
    t.same(it.prefetched, HEARD)
    t.equal(it.counters.get('hit'), 2)
    t.same(it.asked, [], 'the client has its answer')
  }
})

t.test('once, however often it is hit, and again after a second', async (t) => {
  const it = bench()
  it.store(parts())
  it.clock.advance(270_000)
  const octets = query()
  for (let i = 0; i < 1_000; i++) it.service.tryHit(octets, octets.length, client(), new Uint8Array(512))
  await it.ask(query({ name: 'WWW.Example.se.' }), client('tcp'))
  t.same(it.prefetched, HEARD)
  it.clock.advance(1_000)
  await it.ask(query())
  t.same(it.prefetched, [...HEARD, ...HEARD])
})

t.test('by question, wherever the entry was found', async (t) => {
  const told: string[] = []
  const prefetch = (name: Name, type: number): void => void told.push(`${formatName(name)} ${type}`)
  const signals = new PrefetchSignals({ prefetch })
  const entry = writeAnswerEntry(parts(), 0)
  const hit = (text: string, type: number): void => {
    const name = nameFrom(text)
    signals.hit(entry, 0, 299, new Float64Array([299_000]), name, 0, name.length, type)
  }
  // A reader in another thread copies every entry to the same place.
  for (let i = 0; i < 3; i++) for (const name of ['a.se.', 'b.se.', 'A.se.']) hit(name, 1)
  hit('a.se.', 28)
  t.same(told, ['a.se. 1', 'b.se. 1', 'a.se. 28'])
})

t.test('not for what is bogus, what failed, and what lives for moments', async (t) => {
  for (const change of [
    { status: 'bogus' as const },
    { rcode: RCODE.SERVFAIL, answer: [], status: 'indeterminate' as const },
    { ttlSeconds: 9 },
  ]) {
    const it = bench()
    it.store(parts(change))
    it.clock.advance((change.ttlSeconds ?? 300) * 1_000 - 1)
    await it.ask(query())
    t.equal(it.counters.get('hit'), 1)
    t.same(it.prefetched, [])
  }
})

t.test('two names that share a slot are both told of', async (t) => {
  const it = bench()
  const names = Array.from({ length: 600 }, (_, i) => `n${i}.example.se.`)
  for (const name of names) {
    const form = query({ name })
    it.resolve = async (question) => {
      const entry = writeAnswerEntry(parts({ question: { ...question, class: 1 } }), it.clock.nowMs())
      it.cache.put(question.name, TYPE.A, entry, it.clock.nowMs())
      return { entry }
    }
    await it.ask(form)
  }
  it.clock.advance(280_000)
  for (const name of names) await it.ask(query({ name }))
  t.equal(new Set(it.prefetched).size, names.length)
})

t.test('an old answer is counted as what it is, and gives its place back', async (t) => {
  const it = bench()
  it.resolve = async () => ({
    entry: writeAnswerEntry(
      parts({ status: 'indeterminate', authenticated: false, ede: [{ code: 3, text: 'old' }] }),
      it.clock.nowMs(),
    ),
    stale: true,
  })
  const reply = await it.message(query({ do: true, ad: true }))
  t.same(edeCodes(reply), [3])
  t.equal(reply.ad, false)
  t.equal(reply.rcode, RCODE.NOERROR)
  t.equal(it.counters.get('answer 0 stale'), 1)
  t.equal(it.counters.get('answer 0 miss'), 0)
  t.equal(it.service.waiting, 0)
})
