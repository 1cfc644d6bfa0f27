/** Decisions about single clients: how much they may ask, and whether bogus data is kept from them. */
import t from 'tap'
import type { Moment } from '../../src/base/clock.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import { DROPPED } from '../../src/front/hit-path.ts'
import type { RateLimit } from '../../src/front/hooks.ts'
import { FLAG_TC, type Query } from '../../src/front/query.ts'
import { RATE, type RateVerdict } from '../../src/policy/rate-limits.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { bench, client, edeCodes, parts, query } from './service-under-test.ts'

const HIT = query()
const MISS = query({ name: 'miss.example.se.', payload: 1232 })
const STRANGER = '192.0.2.1'

/** A limit that says what it is told to, and notes whom it was asked about. */
class RateLimitUnderTest implements RateLimit {
  verdict: RateVerdict = RATE.PASS
  recursion: RateVerdict = RATE.PASS
  readonly judged: [octets: number, atMs: number, proven: boolean][] = []
  readonly judgedRecursion: [octets: number, atMs: number, proven: boolean][] = []

  judge({ address }: Client, { addressProven }: Query, [atMs]: Moment): RateVerdict {
    this.judged.push([address[3]!, atMs!, addressProven])
    return this.verdict
  }

  judgeRecursion({ address }: Client, { addressProven }: Query, [atMs]: Moment): RateVerdict {
    this.judgedRecursion.push([address[3]!, atMs!, addressProven])
    return this.recursion
  }
}

t.test('every message that is to have an answer is judged once, in order, at its own time', async (t) => {
  const rateLimit = new RateLimitUnderTest()
  const it = bench({}, { rateLimit })
  it.store(parts())
  const startMs = it.clock.nowMs()
  const notify = query()
  notify[2]! |= 4 << 3
  for (const [i, octets] of [HIT, MISS, query({ rd: false }), HIT.subarray(0, 14), notify].entries()) {
    await it.ask(octets, client('udp', `127.0.0.${i + 1}`))
    it.clock.advance(10)
  }
  t.same(
    rateLimit.judged,
    [1, 2, 3, 4, 5].map((last, i) => [last, startMs + 10 * i, false]),
  )
  t.same(rateLimit.judgedRecursion, [[2, startMs + 10, false]], 'only what goes to the resolver, for it')
  await it.ask(HIT, client('udp', STRANGER))
  t.equal(rateLimit.judged.length, 6, 'REFUSED is an answer')
  await it.ask(HIT.subarray(0, 5))
  t.equal(rateLimit.judged.length, 6, 'what is no question is dropped')
})

t.test('an address is proven by TCP, and not by UDP as such', async (t) => {
  const rateLimit = new RateLimitUnderTest()
  const it = bench({}, { rateLimit })
  it.store(parts())
  for (const transport of ['tcp', 'udp'] as const) {
    for (const octets of [HIT, MISS, HIT.subarray(0, 14)]) await it.ask(octets, client(transport))
  }
  const proven = ([, , isProven]: readonly unknown[]): unknown => isProven
  t.same(
    rateLimit.judged.map(proven),
    [true, true, true, false, false, false],
    'from cache, resolved, malformed',
  )
  t.same(rateLimit.judgedRecursion.map(proven), [true, false])
})

t.test('what a client gets that asks too much by UDP', async (t) => {
  const rateLimit = new RateLimitUnderTest()
  const it = bench({ nsid: new Uint8Array(100) }, { rateLimit })
  it.store(parts())
  const out = new Uint8Array(65_535)
  rateLimit.verdict = RATE.DROP
  t.equal(it.service.tryHit(HIT, HIT.length, client(), out), DROPPED)
  t.equal(await it.ask(MISS), 'silence')
  t.equal(await it.ask(HIT, client('udp', STRANGER)), 'silence', 'strangers as well')
  t.equal(it.counters.get('dropped rate'), 3)
  t.equal(it.counters.get('hit'), 0)
  rateLimit.verdict = RATE.TRUNCATE
  const length = it.service.tryHit(HIT, HIT.length, client(), out)
  t.equal(length, HIT.length, 'the question and nothing else')
  t.same(out.subarray(12, length), HIT.subarray(12))
  t.ok((out[2]! & FLAG_TC) !== 0)
  const { tc, rcode, answer, edns } = await it.message(MISS)
  t.same([tc, rcode, answer.length, edns !== undefined], [true, RCODE.NOERROR, 0, true])
  const named = query({ options: [{ code: 3, octets: new Uint8Array(0) }] })
  for (const hitPath of [true, false]) {
    const reply = await bench({ nsid: new Uint8Array(100) }, { rateLimit, hitPath }).ask(named)
    t.equal(reply.length, named.length - 4, 'without the name of the server, which would make it larger')
  }
  const update = query()
  update[2]! |= 5 << 3
  t.equal(await it.ask(update), 'silence', 'NOERROR would say that an update was made')
  t.equal(it.counters.get('answer 0 local'), 2)
  t.equal(it.counters.get('query udp'), 6)
  t.same(it.asked, [], 'nothing was resolved')
})

t.test('what a client gets that has too much resolved', async (t) => {
  const rateLimit = new RateLimitUnderTest()
  const it = bench({}, { rateLimit })
  it.store(parts())
  rateLimit.recursion = RATE.DROP
  t.equal((await it.message(HIT)).answer.length, 1, 'what is cached is there for it')
  t.equal(await it.ask(MISS), 'silence', 'by UDP nothing')
  const failure = await it.message(MISS, client('tcp'))
  t.same([failure.rcode, edeCodes(failure)], [RCODE.SERVFAIL, [EDE.OVER_QUOTA]], 'by TCP the truth')
  rateLimit.recursion = RATE.TRUNCATE
  const { tc, rcode, answer } = await it.message(MISS)
  t.same([tc, rcode, answer.length], [true, RCODE.NOERROR, 0], 'or the advice to come by TCP')
  t.equal(it.counters.get('dropped rate'), 1)
  t.same(it.asked, [], 'nothing was resolved')
  t.equal(it.service.waiting, 0)
})

t.test('validation is enforced for those of whom the hook says so, and nobody else', async (t) => {
  const enforces = ({ address }: Client): boolean => address[3] === 1
  for (const hitPath of [true, false]) {
    const it = bench({}, { enforcement: { enforces }, hitPath })
    it.policy.mode = 'observe'
    it.store(parts({ status: 'bogus', authenticated: false, ede: [{ code: 6, text: '' }] }))
    const kept = await it.message(query({ do: true }), client('udp', '127.0.0.1'))
    t.same([kept.rcode, kept.answer.length, edeCodes(kept)], [RCODE.SERVFAIL, 0, [6]])
    const given = await it.message(query({ do: true }), client('udp', '127.0.0.2'))
    t.same([given.rcode, given.answer.length, given.ad], [RCODE.NOERROR, 2, false])
    const unchecked = await it.message(query({ do: true, cd: true }), client('udp', '127.0.0.1'))
    t.same([unchecked.rcode, unchecked.answer.length], [RCODE.NOERROR, 2])
  }
})

t.test(
  'who waits for the resolver keeps what is decided for it, though others come to its slot meanwhile',
  async (t) => {
    const shown: (number | undefined)[] = []
    const it = bench(
      {},
      {
        enforcement: { enforces: ({ address }) => address[3] === 1 },
        watch: {
          answered: (_entry, _at, _query, { address }) => shown.push(address[3]),
          hashOf: ({ address }) => address[3]!,
        },
      },
    )
    it.resolve = async ({ name, type }) => {
      const question = { name, type, class: CLASS.IN }
      return { entry: writeAnswerEntry(parts({ question, status: 'bogus' }), it.clock.nowMs()) }
    }
    const slot = client('udp', '127.0.0.1')
    const kept = it.message(MISS, slot)
    slot.setAddress('127.0.0.2')
    const given = it.message(query({ name: 'other.example.se.' }), slot)
    slot.setAddress('127.0.0.3')
    t.equal((await kept).rcode, RCODE.SERVFAIL)
    t.equal((await given).rcode, RCODE.NOERROR)
    t.same(shown, [1, 2])
  },
)
