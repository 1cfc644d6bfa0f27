import t from 'tap'
import { parsePrefix } from '../../src/base/prefix.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { Client } from '../../src/front/client.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import type { ClientReply } from '../../src/resolver/ports.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { parseMessage } from '../../src/wire/message.ts'
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
  const waiting = [1, 2, 3].map((id) => it.ask(query({ id })))
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
  t.equal(await it.ask(query(), client('udp', '2001:db8:0:ff::2')), 'silence')
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
