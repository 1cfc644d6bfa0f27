import t from 'tap'
import { SEATS_PER_PLACE } from '../../src/base/limits.ts'
import { parsePrefix } from '../../src/base/prefix.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import { DROPPED } from '../../src/front/hit-path.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import type { ClientReply } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { OPTION } from '../../src/wire/iana/edns-option.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { type Bench, bench, client, edeCodes, parts, query } from './service-under-test.ts'

/** Makes the resolver wait; the function returned lets it answer all. */
function holding(it: Bench): () => void {
  const held: (() => void)[] = []
  it.resolve = () =>
    new Promise<ClientReply>((resolve) => {
      held.push(() => resolve({ entry: writeAnswerEntry(parts(), it.clock.nowMs()) }))
    })
  return () => {
    for (const release of held.splice(0)) release()
  }
}

t.test('who waits is bounded for each client: silence by UDP, SERVFAIL by TCP', async (t) => {
  const it = bench({}, { waitingPerClientMax: 3 })
  const release = holding(it)
  const waiting = [1, 2, 3].map((id) => it.ask(query({ id, name: `${id}.example.se.` })))
  t.equal(it.service.waiting, 3)
  t.equal(await it.ask(query()), 'silence')
  const told = await it.message(query({ payload: 1232 }), client('tcp'))
  t.equal(told.rcode, RCODE.SERVFAIL)
  t.same(edeCodes(told), [32])
  t.equal(it.counters.get('limit waiting-per-client'), 2)
  t.equal(it.counters.get('dropped waiting'), 1)
  const other = it.ask(query(), client('udp', '127.0.0.2'))
  t.equal(it.service.waiting, 4, 'another client has places of its own')
  release()
  for (const reply of await Promise.all([...waiting, other]))
    t.equal(parseMessage(reply as Uint8Array).rcode, 0)
  t.equal(it.service.waiting, 0)
  const again = it.ask(query())
  release()
  t.not(await again, 'silence')
})

t.test('questions of a client for one name are one question', async (t) => {
  const it = bench({}, { waitingPerClientMax: 2 })
  const release = holding(it)
  const spellings = ['www.example.se.', 'WWW.example.se.', 'www.Example.SE.']
  const waiting = Array.from({ length: 60 }, (_, id) => it.ask(query({ id, name: spellings[id % 3]! })))
  t.same(it.asked, ['www.example.se. 1'])
  t.equal(it.service.waiting, 60)
  const other = it.ask(query({ id: 60, name: 'web.example.se.' }))
  t.equal(it.asked.length, 2, 'another name finds a place, however many ask for the first')
  t.equal(await it.ask(query({ name: 'ftp.example.se.' })), 'silence', 'names are bounded')
  release()
  for (const [id, reply] of (await Promise.all([...waiting, other])).entries()) {
    const { id: answered, rcode, questions } = parseMessage(reply as Uint8Array)
    t.equal(answered, id)
    t.equal(rcode, 0)
    if (id < 60) t.equal(formatName(questions[0]!.name), spellings[id % 3])
  }
  t.equal(it.service.waiting, 0)
  void it.ask(query())
  t.equal(it.asked.length, 3, 'it is asked anew when it is not cached')
})

t.test('but not where one may be answered otherwise, nor those of two clients', async (t) => {
  const it = bench()
  const release = holding(it)
  void it.ask(query())
  void it.ask(query({ cd: true }))
  void it.ask(query({ type: TYPE.AAAA }))
  void it.ask(query(), client('udp', '127.0.0.2'))
  t.equal(it.asked.length, 4)
  void it.ask(query(), client('tcp'))
  t.equal(it.asked.length, 4, 'by TCP likewise')
  release()
  await it.service.idle()
  it.policy.mode = 'observe'
  void it.ask(query())
  void it.ask(query())
  t.equal(it.asked.length, 6, 'a verdict that comes later is counted by question')
})

t.test('who waits beside another is bounded too, and nobody has more such seats than are free', async (t) => {
  const it = bench({}, { waitingMax: 10 })
  const release = holding(it)
  const ask = (address: string): Promise<Uint8Array | 'silence'> => it.ask(query(), client('udp', address))
  const seats = 10 * SEATS_PER_PLACE
  for (let i = 0; i < seats; i++) void ask('127.0.0.1')
  t.equal(it.service.waiting, 1 + seats / 2)
  t.equal(it.counters.get('limit waiting-per-client'), seats / 2 - 1)
  for (let i = 0; i < seats; i++) void ask('127.0.0.2')
  t.equal(it.service.waiting, 2 + (seats * 3) / 4)
  release()
  await it.service.idle()
  t.equal(it.service.waiting, 0)
})

t.test(
  'who finds no place is turned away before the question is read, and counted as on the slow path',
  async (t) => {
    const it = bench({}, { waitingPerClientMax: 1 })
    const release = holding(it)
    const hits = (octets: Uint8Array, who = client()): number =>
      it.service.tryHit(octets, octets.length, who, new Uint8Array(65_535))
    const next = query({ name: 'web.example.se.' })
    const cookie = { code: OPTION.COOKIE, octets: new Uint8Array(8) }
    t.equal(hits(next), 0, 'there is room')
    const first = it.ask(query())
    t.equal(hits(next), DROPPED)
    t.equal(it.counters.get('query udp'), 2)
    t.equal(it.counters.get('miss'), 2)
    t.equal(it.counters.get('limit waiting-per-client'), 1)
    t.equal(it.counters.get('dropped waiting'), 1)
    t.equal(hits(query()), 0, 'what it asks already')
    t.equal(hits(next, client('udp', '127.0.0.2')), 0, 'another client')
    t.equal(hits(next, client('tcp')), 0, 'by TCP')
    t.equal(hits(query({ name: 'web.example.se.', options: [cookie] })), 0, 'with a cookie')
    t.equal(hits(query({ name: 'web.example.se.', rd: false })), 0, 'without RD')
    t.equal(hits(query({ name: 'localhost.' })), 0, 'a local name')
    it.store(parts({ question: { name: nameFrom('web.example.se.'), type: TYPE.A, class: CLASS.IN } }))
    t.ok(hits(next) > 0, 'a cached one')
    it.policy.sequence = 2
    t.equal(hits(next), DROPPED, 'one that is to be judged anew')
    release()
    await first
    t.equal(hits(next), 0)
    const tried = bench({}, { waitingPerClientMax: 1, dryRun: new Set(['waiting-per-client']) })
    holding(tried)
    void tried.ask(query())
    void tried.ask(next)
    t.equal(tried.asked.length, 2, 'nobody is while that is tried out')
    t.equal(tried.counters.get('dry run waiting-per-client'), 1)
  },
)

t.test('what the resolver has no room for: the same, and nothing of it is left', async (t) => {
  const it = bench()
  it.resolve = async () => ({ entry: writeAnswerEntry(parts(), it.clock.nowMs()), shed: true })
  t.equal(await it.ask(query()), 'silence')
  const told = await it.message(query({ payload: 1232 }), client('tcp'))
  t.equal(told.rcode, RCODE.SERVFAIL)
  t.same(edeCodes(told), [32])
  t.equal(it.counters.get('limit handover'), 2)
  t.equal(it.counters.get('dropped waiting'), 1)
  t.equal(it.service.waiting, 0)
})

t.test('an IPv6 client is its /56', async (t) => {
  const it = bench({}, { waitingPerClientMax: 1 })
  const access = new AccessList({ allow: [parsePrefix('::/0')!] })
  it.service.configure({ access, localZones: new LocalZones(), any: 'minimal', texts: {} })
  holding(it)
  void it.ask(query(), client('udp', '2001:db8:0:1::1'))
  t.equal(await it.ask(query({ name: 'other.se.' }), client('udp', '2001:db8:0:ff::2')), 'silence')
  void it.ask(query(), client('udp', '2001:db8:0:100::1'))
  t.equal(it.service.waiting, 2)
})

t.test('and in all', async (t) => {
  const it = bench({}, { waitingMax: 10 })
  const release = holding(it)
  for (let i = 1; i <= 10; i++) void it.ask(query(), client('udp', `127.0.0.${i}`))
  t.equal(await it.ask(query(), client('udp', '127.0.1.1')), 'silence')
  t.equal(it.counters.get('limit waiting'), 1)
  it.store(parts())
  t.not(await it.ask(query()), 'silence', 'a cached answer needs no place')
  release()
  await it.service.idle()
  t.equal(it.service.waiting, 0)
})

t.test('in all, tried out: what the bound would do is counted, and memory is bounded still', async (t) => {
  const bounds = { waitingMax: 10, waitingMaxTriedOut: 20 }
  const it = bench({}, { ...bounds, dryRun: new Set(['waiting']) })
  const held: (() => void)[] = []
  it.resolve = () =>
    new Promise<ClientReply>((resolve) => {
      held.push(() => resolve({ entry: writeAnswerEntry(parts(), it.clock.nowMs()) }))
    })
  let number = 0
  const ask = (): Promise<Uint8Array | 'silence'> => it.ask(query(), client('udp', `127.0.0.${++number}`))
  const asked = Array.from({ length: 20 }, ask)
  t.equal(it.service.waiting, 20)
  t.equal(it.counters.get('dry run waiting'), 10)
  t.equal(it.counters.get('limit waiting'), 0)
  t.equal(await ask(), 'silence', 'no more than memory is meant for')
  t.equal(it.counters.get('limit waiting'), 1)
  const told = await it.message(query(), client('tcp', '127.0.1.1'))
  t.equal(told.rcode, RCODE.SERVFAIL)
  t.equal(it.counters.get('limit waiting'), 2)
  t.equal(it.counters.get('dry run waiting'), 10, 'which is no dry run')
  held.pop()!()
  t.not(await asked[19], 'silence')
  void ask()
  t.equal(it.counters.get('dry run waiting'), 11, 'one who would have been turned away took no place')
  held.shift()!()
  t.not(await asked[0], 'silence')
  void ask()
  t.equal(it.counters.get('dry run waiting'), 11, 'one who would not have been did')
  for (const release of held.splice(-5)) release()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(it.service.waiting, 15)
  const settings = {
    access: new AccessList(),
    localZones: new LocalZones(),
    any: 'minimal' as const,
    texts: {},
  }
  it.service.configure(settings, { dryRun: new Set() })
  t.equal(await ask(), 'silence', 'in force from now on')
  t.equal(it.counters.get('limit waiting'), 3)
  it.service.configure(settings, { dryRun: new Set(['waiting']) })
  for (const release of held.splice(0)) release()
  await it.service.idle()
  t.equal(it.service.waiting, 0)
  for (let i = 0; i < 10; i++) void ask()
  t.equal(it.counters.get('dry run waiting'), 11, 'all places are free again')
  void ask()
  t.equal(it.counters.get('dry run waiting'), 12)
})

t.test(
  'a client has as many places as it would have; its own bound is in force or tried out as said',
  async (t) => {
    for (const [tried, waiting] of [
      [['waiting'], 5],
      [['waiting', 'waiting-per-client'], 8],
    ] as const) {
      const it = bench(
        {},
        { waitingMax: 4, waitingMaxTriedOut: 100, waitingPerClientMax: 5, dryRun: new Set(tried) },
      )
      holding(it)
      for (let id = 1; id <= 8; id++) void it.ask(query({ name: `${id}.example.se.` }))
      t.equal(it.service.waiting, waiting)
      // Of four places it has two, for nobody has more than are free.
      t.equal(it.counters.get('dry run waiting-per-client'), waiting - 2)
      t.equal(it.counters.get('dry run waiting'), 0)
      t.equal(it.counters.get('limit waiting-per-client'), 8 - waiting)
    }
  },
)

t.test('a bound above the one that is tried out is in force', async (t) => {
  const it = bench({}, { waitingMax: 30, waitingMaxTriedOut: 20, dryRun: new Set(['waiting']) })
  holding(it)
  for (let i = 1; i <= 30; i++) void it.ask(query(), client('udp', `127.0.0.${i}`))
  t.equal(it.service.waiting, 30)
  t.equal(it.counters.get('dry run waiting'), 0)
  t.equal(await it.ask(query(), client('udp', '127.0.1.1')), 'silence')
})

t.test('a client that went away keeps its place until the work is done (D07)', async (t) => {
  const it = bench({}, { waitingPerClientMax: 1 })
  const release = holding(it)
  it.service.handle(query(), client('tcp'), () => {})
  let idle = false
  void it.service.idle().then(() => {
    idle = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(idle, false)
  t.equal(it.service.waiting, 1)
  release()
  await it.service.idle()
})

t.test('the resolver is told whose question it is, for it to share out its time', async (t) => {
  const access = new AccessList({ allow: ['127.0.0.0/8', '2001:db8::/32'].map((text) => parsePrefix(text)!) })
  const watch = { answered: () => {}, hashOf: ({ address }: Client) => address[3]! }
  const it = bench({ access }, { hashKey: [1, 2], watch })
  const clients: (number | undefined)[] = []
  const reported: (number | undefined)[] = []
  it.resolve = async ({ client: who, reportedClient }) => {
    clients.push(who)
    reported.push(reportedClient)
    return { entry: writeAnswerEntry(parts(), it.clock.nowMs()) }
  }
  await it.ask(query(), client('udp', '127.0.0.7'))
  await it.ask(query(), client('tcp', '127.0.0.7'))
  await it.ask(query(), client('tcp', '127.0.0.8'))
  t.same(reported, [7, 7, 8], 'as the report counts clients')
  for (const address of ['2001:db8:0:100::1', '2001:db8:0:1ff::2', '2001:db8:0:200::1'])
    await it.ask(query(), client('udp', address))
  t.same(
    clients.map((who) => clients.indexOf(who)),
    [0, 0, 2, 3, 3, 5],
    'an address is one, and a customer of IPv6, however the report counts them',
  )
  t.ok(clients.every((who) => who === (who! | 0)))
})
