/** The listener over a socket of which every step is seen. */
import t, { type Test } from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { UdpListener } from '../../src/front/udp.ts'
import { MemoryBackend, type MemorySocket } from '../../src/lab/memory-socket.ts'
import { type Bench, bench, parts, query } from './service-under-test.ts'

const SLOTS = 8

async function listening(t: Test): Promise<{ it: Bench; socket: MemorySocket; listener: UdpListener }> {
  const it = bench()
  const backend = new MemoryBackend(SLOTS)
  const endpoint = { address: parseAddress('127.0.0.1')!, port: 53 }
  const listener = await UdpListener.open(endpoint, { backend, service: it.service, counters: it.counters })
  const socket = backend.sockets[0]!
  t.equal(socket.slots.replies[0]!.length, it.service.udpOctetsMax)
  return { it, socket, listener }
}

t.test('one batch: hits and answers of our own go with it, misses come later', async (t) => {
  const { it, socket } = await listening(t)
  it.store(parts())
  const sizes = socket.batch([
    query({ id: 1 }),
    query({ id: 2, name: 'miss.example.se.' }),
    query({ id: 3, name: 'localhost.' }),
    query().subarray(0, 5),
    query({ id: 5 }),
  ])
  t.same(
    sizes.map((octets) => octets > 0),
    [true, false, true, false, true],
  )
  t.same(
    [0, 2, 4].map((slot) => socket.slots.replies[slot]![1]),
    [1, 3, 5],
  )
  t.same(socket.later, [])
  await it.service.idle()
  t.same(
    socket.later.map(([slot]) => slot),
    [1],
  )
})

t.test('each slot has its own client', async (t) => {
  const { it, socket } = await listening(t)
  it.store(parts())
  socket.slots.addresses[1]!.set([192, 0, 2, 1])
  const [, refused] = socket.batch([query(), query()])
  t.ok(refused! > 0)
  t.same(
    [0, 1].map((slot) => socket.slots.replies[slot]![3]! & 0x0f),
    [0, 5],
  )
})

t.test('port 0, lost replies, and what comes while draining are counted', async (t) => {
  const { it, socket, listener } = await listening(t)
  it.store(parts())
  socket.slots.ports[0] = 0
  t.same(socket.batch([query()]), [0])
  t.equal(it.counters.get('dropped send'), 1)
  socket.handler!.onLost(3)
  t.equal(it.counters.get('dropped send'), 4)
  listener.drain()
  t.same(socket.batch([query(), query()]), [0, 0])
  t.equal(it.counters.get('dropped draining'), 2)
  t.equal(it.counters.get('query udp'), 3, 'they came, whatever became of them')
})
