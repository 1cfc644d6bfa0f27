/** The two ways to lab authorities: the simulated network under a virtual clock, and real sockets. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Authority } from '../../src/lab/authority.ts'
import { delayed, silent, wrongIdsFirst } from '../../src/lab/behaviours.ts'
import { LabNetwork, type NetworkOptions } from '../../src/lab/network.ts'
import { serveAuthorities } from '../../src/lab/server.ts'
import type { UpstreamResult } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isReplyTo } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { writeQuery } from '../../src/wire/writer.ts'

/** Repeats the query as its reply. */
const echo: Authority = (query) => {
  const message = query.slice()
  message[2]! |= 0x80
  return [{ message, delayMs: 0 }]
}

function query(id: number): Uint8Array {
  return writeQuery({
    id,
    question: { name: nameFrom('www.se'), type: TYPE.A, class: CLASS.IN },
    rd: false,
    cd: false,
  })
}

const ADDRESS = '192.0.2.53'

interface Asked {
  readonly result: UpstreamResult
  readonly elapsedMs: number
}

/** Asks once over a network of one server, in virtual time. */
async function ask(
  authority: Authority | undefined,
  options: Partial<NetworkOptions> = {},
  transport: 'udp' | 'tcp' = 'udp',
): Promise<Asked> {
  const clock = new VirtualClock(1_791_123_300)
  const network = new LabNetwork({ clock, ...options })
  if (authority !== undefined) network.attach(ADDRESS, authority)
  let result: UpstreamResult | undefined
  const startMs = clock.nowMs()
  const server = { address: Uint8Array.of(192, 0, 2, 53), port: 53 }
  void network.ask({ server, transport, message: query(1), timeoutMs: 400 }).then((got) => {
    result = got
  })
  await clock.runUntil(() => result !== undefined, 10_000)
  t.equal(network.sent.length, 1)
  t.match(network.sent[0], { address: ADDRESS, transport })
  return { result: result!, elapsedMs: clock.nowMs() - startMs }
}

t.test('a reply takes a round trip, by TCP two', async (t) => {
  t.match(await ask(echo), { result: { kind: 'reply', rttMs: 10 }, elapsedMs: 10 })
  t.match(await ask(echo, { rttMs: 25 }, 'tcp'), { result: { kind: 'reply' }, elapsedMs: 50 })
  t.match(await ask(delayed(100)(echo)), { elapsedMs: 110 })
})

t.test('silence, absence, lateness and loss', async (t) => {
  const timeout = { result: { kind: 'failure', reason: 'timeout' }, elapsedMs: 400 }
  t.match(await ask(silent(echo)), timeout)
  t.match(await ask(undefined), timeout)
  t.match(await ask(undefined, { unattached: 'refused' }), { result: { kind: 'failure', reason: 'refused' } })
  t.match(await ask(delayed(500)(echo)), timeout)
  t.match(await ask(echo, { lostPerThousand: 1000, random: seededRandom(1) }), timeout)
})

t.test('wrong ids are passed over, too many are an alarm', async (t) => {
  t.match(await ask(wrongIdsFirst(3)(echo)), { result: { kind: 'reply' } })
  t.match(await ask(wrongIdsFirst(4)(echo)), { result: { kind: 'failure', reason: 'near-miss' } })
  t.match(await ask(wrongIdsFirst(1)(echo), {}, 'tcp'), { result: { kind: 'failure', reason: 'closed' } })
})

t.test('a server may be taken away', async (t) => {
  const clock = new VirtualClock(0)
  const network = new LabNetwork({ clock, unattached: 'refused' })
  network.attach(ADDRESS, echo)
  network.detach(ADDRESS)
  const asking = network.ask({
    server: { address: Uint8Array.of(192, 0, 2, 53), port: 53 },
    transport: 'udp',
    message: query(1),
    timeoutMs: 400,
  })
  clock.advance(100)
  t.match(await asking, { kind: 'failure', reason: 'refused' })
})

const LOOPBACK = ['127.66.0.1', '127.66.0.2']

async function overUdp(address: string, port: number, message: Uint8Array): Promise<Buffer> {
  const socket = createSocket('udp4')
  try {
    socket.send(message, port, address)
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer]
    return reply
  } finally {
    socket.close()
  }
}

t.test('real sockets: every address at one port, UDP and TCP', async (t) => {
  const servers = await serveAuthorities(new Map(LOOPBACK.map((address) => [address, echo])), 0)
  t.teardown(() => servers.close())
  for (const address of LOOPBACK) {
    t.ok(isReplyTo(query(5), new Uint8Array(await overUdp(address, servers.port, query(5)))), address)
  }
  const stream = connect(servers.port, LOOPBACK[0]!)
  // Two queries in pieces that fall where they will.
  const frame = (message: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(0, message.length), message])
  const octets = Buffer.concat([frame(query(6)), frame(query(7))])
  let held = Buffer.alloc(0)
  const replies = new Promise<void>((resolve) => {
    stream.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      if (held.length >= octets.length) resolve()
    })
  })
  stream.write(octets.subarray(0, 1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  stream.write(octets.subarray(1, 40))
  await new Promise((resolve) => setTimeout(resolve, 20))
  stream.write(octets.subarray(40))
  await replies
  const end = 2 + held.readUInt16BE(0)
  t.ok(isReplyTo(query(6), new Uint8Array(held.subarray(2, end))))
  t.ok(isReplyTo(query(7), new Uint8Array(held.subarray(end + 2))))
  stream.destroy()
})

t.test('real sockets: a taken port is told, and nothing stays open', async (t) => {
  const first = await serveAuthorities(new Map([[LOOPBACK[1]!, echo]]), 0)
  const both = new Map(LOOPBACK.map((address) => [address, echo]))
  await t.rejects(serveAuthorities(both, first.port), { code: 'EADDRINUSE' })
  await first.close()
  const second = await serveAuthorities(both, first.port)
  t.equal(second.port, first.port)
  await second.close()
})

t.test('real sockets: a delayed reply is forgotten when the server closes', async (t) => {
  const servers = await serveAuthorities(new Map([[LOOPBACK[0]!, delayed(60_000)(echo)]]), 0)
  const socket = createSocket('udp4')
  socket.send(query(8), servers.port, LOOPBACK[0]!)
  await new Promise((resolve) => setTimeout(resolve, 50))
  await servers.close()
  socket.close()
  t.pass('no timer holds the process')
})
