import { createSocket } from 'node:dgram'
import dnsPacket from 'dns-packet'
import t from 'tap'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { figure } from '../attacks/row.ts'
import { processorMs } from '../support/processor-time.ts'
import { bench, client, DENIAL, parts, query } from './service-under-test.ts'
import { askUdp, framed, openFront, sleep, TcpClient } from './sockets-under-test.ts'

const PACKETS = 10_000

/** Queries to start from: each kind of path through the service. */
const SEEDS: readonly Uint8Array[] = [
  query(),
  query({ do: true, cd: true, ad: true }),
  query({ payload: 512, options: [{ code: 10, octets: new Uint8Array(24) }] }),
  query({
    options: [
      { code: 11, octets: new Uint8Array(0) },
      { code: 12, octets: new Uint8Array(60) },
    ],
  }),
  query({ type: TYPE.ANY, payload: 4096 }),
  query({ name: 'root-key-sentinel-is-ta-20326.example.se.' }),
  query({ name: '1.0.0.10.in-addr.arpa.', type: TYPE.PTR }),
  query({ name: 'version.bind.', type: TYPE.TXT, class: 3 }),
  query({ name: '.', type: TYPE.NS }),
  query({ name: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`, do: true }),
  query({ type: TYPE.IXFR }),
]

/** A query with some octets changed, cut off, doubled or put in; now and then nothing but noise. */
function packet(random: Random): Uint8Array {
  if (random.below(10) === 0) return noise(random, random.below(600))
  let octets = Uint8Array.from(SEEDS[random.below(SEEDS.length)]!)
  for (let times = random.below(3); times > 0; times--) {
    const at = random.below(octets.length + 1)
    const kind = random.below(10)
    if (kind === 0) octets = octets.slice(0, at)
    else if (kind === 1) octets = Uint8Array.of(...octets, ...noise(random, random.below(40)))
    else if (kind === 2) octets = Uint8Array.of(...octets.subarray(0, at), ...octets)
    else if (octets.length > 0)
      octets[Math.min(at, octets.length - 1)] = ODD_OCTETS[random.below(ODD_OCTETS.length)]!
  }
  return octets
}

const ODD_OCTETS = [0, 1, 2, 11, 12, 41, 63, 64, 65, 90, 127, 128, 192, 250, 255]

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

t.test(`${PACKETS} random and mutated packets through the service (C15)`, async (t) => {
  const random = seededRandom(20261121)
  const it = bench({ texts: { version: 'x', identity: 'y' } })
  it.store(parts())
  it.store(
    parts({
      question: { name: query().subarray(12, 28) as never, type: TYPE.ANY, class: 1 },
      denial: DENIAL,
    }),
  )
  const hitOut = new Uint8Array(65_535)
  const seen = new Map<number | 'silence', number>()
  for (let i = 0; i < PACKETS; i++) {
    const octets = packet(random)
    const from = client(
      random.below(4) === 0 ? 'tcp' : 'udp',
      random.below(8) === 0 ? '192.0.2.1' : '127.0.0.1',
    )
    const hit = it.service.tryHit(octets, octets.length, from, hitOut)
    const reply = await new Promise<Uint8Array | undefined>((resolve) =>
      it.service.handle(octets, from, resolve),
    )
    if (hit > 0) t.same(reply, hitOut.slice(0, hit), 'the hit path says the same') || t.bailout()
    if (reply === undefined) {
      if (octets.length >= 12 && (octets[2]! & 0x80) === 0)
        t.fail(`silence for ${Buffer.from(octets).toString('hex')}`)
      seen.set('silence', (seen.get('silence') ?? 0) + 1)
      continue
    }
    const message = parseMessage(reply)
    const right =
      message.qr &&
      message.trailingOctets === 0 &&
      message.id === ((octets[0]! << 8) | octets[1]!) &&
      message.opcode === ((octets[2]! >> 3) & 0x0f) &&
      reply.length <= (from.transport === 'tcp' ? 65_535 : 1232)
    if (!right) t.fail(`${Buffer.from(octets).toString('hex')} → ${Buffer.from(reply).toString('hex')}`)
    dnsPacket.decode(Buffer.from(reply))
    seen.set(message.rcode, (seen.get(message.rcode) ?? 0) + 1)
  }
  t.same(it.faults, [])
  figure(t, 'C15', `${PACKETS} packets of clients, ${it.faults.length} faults`)
  t.equal(it.service.waiting, 0)
  // The packets are the same in every run: each way out was taken.
  for (const rcode of [0, 1, 3, 4, 5, 16, 'silence'] as const)
    t.ok((seen.get(rcode) ?? 0) > 20, `${rcode}: ${seen.get(rcode)}`)
})

t.test(
  `${PACKETS} of them at the UDP and the TCP port: it still answers, memory is level (C15)`,
  async (t) => {
    const random = seededRandom(7)
    const { it, front, port } = await openFront()
    it.store(parts())
    const flood = createSocket('udp4')
    flood.on('message', () => {})
    const send = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        flood.send(packet(random), port, '127.0.0.1')
        if (i % 200 === 0) await sleep(1)
      }
    }
    const stream = async (count: number): Promise<void> => {
      const perConnection = 10
      for (let sent = 0; sent < count; sent += 20 * perConnection) {
        const connections = Array.from({ length: 20 }, () => new TcpClient(port))
        for (const { socket } of connections) {
          for (let i = 0; i < perConnection; i++) {
            const octets = packet(random)
            // Some with a length that lies.
            socket.write(random.below(20) === 0 ? octets : framed(octets))
          }
          socket.end()
        }
        await sleep(20)
        for (const { socket } of connections) socket.destroy()
      }
    }
    await send(2000)
    await stream(1000)
    const before = process.memoryUsage().rss
    await Promise.all([send(PACKETS), stream(PACKETS)])
    const grown = process.memoryUsage().rss - before
    t.ok(grown < 64 * 1_048_576, `${Math.round(grown / 1024)} KiB more memory`)
    // What is left of the flood may still fill the socket's buffer, and then the system drops what comes.
    let reply: Uint8Array | undefined
    for (let tries = 0; reply === undefined && tries < 10; tries++)
      reply = await askUdp(port, query({ id: 99 }), { timeoutMs: 1000 })
    t.equal(reply && parseMessage(reply).id, 99)
    const after = new TcpClient(port)
    after.send(query({ id: 98 }))
    t.equal(await after.wait(1), 1)
    after.socket.destroy()
    t.same(it.faults, [])
    t.ok(it.counters.get('query udp') > PACKETS / 2, `${it.counters.get('query udp')} came by UDP`)
    t.ok(it.counters.get('query tcp') > PACKETS / 4, `${it.counters.get('query tcp')} came by TCP`)
    flood.close()
    await front.drain(1000)
  },
)

t.test('C09: an OPT of 64 KiB of empty options costs little', async (t) => {
  const it = bench()
  it.store(parts())
  const options = Array.from({ length: 16_000 }, () => ({ code: 65_001, octets: new Uint8Array(0) }))
  const octets = query({ options })
  await it.ask(octets, client('tcp'))
  const tookMs = await processorMs(async () => {
    for (let i = 0; i < 10; i++) await it.ask(octets, client('tcp'))
  })
  const eachMs = tookMs / 10
  t.ok(eachMs < 5, `${eachMs.toFixed(2)} ms each`)
  figure(t, 'C09', `${eachMs.toFixed(1)} ms`)
})
