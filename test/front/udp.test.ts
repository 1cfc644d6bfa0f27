/** The listener over a socket of which every step is seen. */
import t, { type Test } from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { UdpListener } from '../../src/front/udp.ts'
import type { UdpBackend, UdpHandler, UdpSlots, UdpSocket } from '../../src/native/udp-socket.ts'
import { type Bench, bench, parts, query } from './service-under-test.ts'

const SLOTS = 8

/** A socket in memory. */
class FakeSocket implements UdpSocket {
  readonly port = 53
  readonly slots: UdpSlots
  readonly later: [slot: number, octets: number][] = []
  handler: UdpHandler | undefined

  constructor(replyOctetsMax: number) {
    const arrays = (octets: number): Uint8Array[] =>
      Array.from({ length: SLOTS }, () => new Uint8Array(octets))
    this.slots = {
      requests: arrays(2048),
      requestOctets: new Uint16Array(SLOTS),
      addresses: arrays(4),
      ports: new Uint16Array(SLOTS).fill(4000),
      replies: arrays(replyOctetsMax),
      replyOctets: new Uint16Array(SLOTS),
    }
    for (const address of this.slots.addresses) address.set([127, 0, 0, 1])
  }

  start(handler: UdpHandler): void {
    this.handler = handler
  }

  answerLater(slot: number): (reply: Uint8Array) => void {
    return (reply) => this.later.push([slot, reply.length])
  }

  async close(): Promise<void> {}

  /** One batch; octets of the replies that go with it. */
  batch(requests: readonly Uint8Array[]): number[] {
    for (const [slot, octets] of requests.entries()) {
      this.slots.requests[slot]!.fill(0xff).set(octets)
      this.slots.requestOctets[slot] = octets.length
    }
    this.slots.replyOctets.fill(0)
    this.handler!.onBatch(requests.length)
    return [...this.slots.replyOctets.subarray(0, requests.length)]
  }
}

async function listening(t: Test): Promise<{ it: Bench; socket: FakeSocket; listener: UdpListener }> {
  const it = bench()
  let socket: FakeSocket | undefined
  const backend: UdpBackend = {
    name: 'addon',
    reusePort: true,
    open: async ({ replyOctetsMax }) => {
      socket = new FakeSocket(replyOctetsMax)
      return socket
    },
  }
  const endpoint = { address: parseAddress('127.0.0.1')!, port: 53 }
  const listener = await UdpListener.open(endpoint, { backend, service: it.service, counters: it.counters })
  t.equal(socket!.slots.replies[0]!.length, it.service.udpOctetsMax)
  return { it, socket: socket!, listener }
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
})

t.test('a batch of hits allocates nothing', async (t) => {
  const { it, socket } = await listening(t)
  it.store(parts())
  socket.batch(Array.from({ length: SLOTS }, () => query({ do: true })))
  const nothing = { clientQuery() {}, answer() {}, cacheHit() {} }
  Object.assign(it.counters, nothing)
  const run = (batches: number): void => {
    for (let i = 0; i < batches; i++) socket.handler!.onBatch(SLOTS)
  }
  run(6_000)
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 10; i++) {
    const before = process.memoryUsage().heapUsed
    run(2_500)
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown)
  }
  const perHit = least / (2_500 * SLOTS)
  t.ok(perHit < 40, `${perHit} octets of heap a hit: a number or two, no object`)
})
