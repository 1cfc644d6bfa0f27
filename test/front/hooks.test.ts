/** Decisions about single clients: how much they may ask, and whether bogus data is kept from them. */
import t from 'tap'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import { DROPPED } from '../../src/front/hit-path.ts'
import { RATE, type RateVerdict } from '../../src/front/hooks.ts'
import { FLAG_TC, type Query } from '../../src/front/query.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { bench, client, edeCodes, parts, query } from './service-under-test.ts'

const HIT = query()
const MISS = query({ name: 'miss.example.se.', payload: 1232 })
const STRANGER = '192.0.2.1'

t.test('every question of a client that may ask is judged once, in order, at its own time', async (t) => {
  const judged: [octets: number, atMs: number][] = []
  const rateLimit = {
    judge: (from: Client, _query: Query, [atMs]: Float64Array): RateVerdict => {
      judged.push([from.address[3]!, atMs!])
      return RATE.PASS
    },
  }
  const it = bench({}, { rateLimit })
  it.store(parts())
  const startMs = it.clock.nowMs()
  for (const [i, octets] of [HIT, MISS, query({ rd: false }), HIT.subarray(0, 14)].entries()) {
    await it.ask(octets, client('udp', `127.0.0.${i + 1}`))
    it.clock.advance(10)
  }
  t.same(
    judged,
    [1, 2, 3, 4].map((last, i) => [last, startMs + 10 * i]),
  )
  await it.ask(HIT, client('udp', STRANGER))
  await it.ask(HIT.subarray(0, 5))
  t.equal(judged.length, 4, 'who may not ask is refused, and what is no question is dropped')
})

t.test('an address is proven by TCP, and not by UDP as such', async (t) => {
  const proven: boolean[] = []
  const rateLimit = {
    judge: (_from: Client, { addressProven }: Query): RateVerdict => {
      proven.push(addressProven)
      return RATE.PASS
    },
  }
  const it = bench({}, { rateLimit })
  it.store(parts())
  for (const transport of ['tcp', 'udp'] as const) {
    for (const octets of [HIT, MISS, HIT.subarray(0, 14)]) await it.ask(octets, client(transport))
  }
  t.same(proven, [true, true, true, false, false, false], 'from cache, resolved, malformed')
})

for (const transport of ['udp', 'tcp'] as const) {
  t.test(`what a client gets by ${transport} that asks too much`, async (t) => {
    let verdict: RateVerdict = RATE.DROP
    const it = bench({}, { rateLimit: { judge: () => verdict } })
    it.store(parts())
    const from = client(transport)
    const out = new Uint8Array(65_535)
    t.equal(it.service.tryHit(HIT, HIT.length, from, out), DROPPED)
    t.equal(await it.ask(MISS, from), 'silence')
    t.equal(it.counters.get('dropped rate'), 2)
    t.equal(it.counters.get('hit'), 0)
    verdict = RATE.TRUNCATE
    const length = it.service.tryHit(HIT, HIT.length, from, out)
    t.equal(length, HIT.length, 'the question and nothing else')
    t.same(out.subarray(12, length), HIT.subarray(12))
    t.ok((out[2]! & FLAG_TC) !== 0)
    const { tc, rcode, answer, edns } = await it.message(MISS, from)
    t.same([tc, rcode, answer.length, edns !== undefined], [true, RCODE.NOERROR, 0, true])
    t.equal(it.counters.get('answer 0 local'), 2)
    t.equal(it.counters.get(`query ${transport}`), 4)
    t.same(it.asked, [], 'nothing was resolved')
  })
}

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
