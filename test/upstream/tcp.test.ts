import type { Socket } from 'node:net'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { type Clock, VirtualClock } from '../../src/base/clock.ts'
import { UPSTREAM_TCP_IDLE_MS, UPSTREAM_TCP_KEPT_MAX } from '../../src/base/limits.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { UpstreamResult } from '../../src/resolver/ports.ts'
import { createUpstream } from '../../src/upstream/sockets.ts'
import { until } from '../support/until.ts'
import { changed, framed, queryWithId, replyTo, tcpServer } from './fake-server.ts'

const LOOPBACK = parseAddress('127.0.0.1')!

function upstreamWith(sourceAddresses: Uint8Array[] = []) {
  const upstream = createUpstream({ random: systemRandom(), sourceAddresses, ipv4: true, ipv6: true })
  const ask = (port: number, timeoutMs = 1000): Promise<UpstreamResult> =>
    upstream.ask({
      server: { address: LOOPBACK, port },
      transport: 'tcp',
      message: queryWithId(0x4321),
      timeoutMs,
    })
  return { upstream, ask }
}

/** A server that does `act` once the whole query is there. */
function serverThat(act: (socket: Socket, query: Buffer) => void) {
  return tcpServer((socket) => {
    let got = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      if (got.length >= 2 && got.length === 2 + got.readUInt16BE()) act(socket, got.subarray(2))
    })
  })
}

t.test('a question and its reply, in one piece and octet by octet', async (t) => {
  const server = await serverThat((socket, query) => socket.end(framed(replyTo(query))))
  const result = await upstreamWith().ask(server.port)
  t.match(result, { kind: 'reply' })
  if (result.kind === 'reply') t.same([...result.message], [...replyTo(queryWithId(0x4321))])
  await server.close()

  const slow = await serverThat(async (socket, query) => {
    for (const octet of framed(replyTo(query))) {
      socket.write(Uint8Array.of(octet))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })
  t.match(await upstreamWith().ask(slow.port), { kind: 'reply' })
  await slow.close()
})

t.test('the longest message', async (t) => {
  const server = await serverThat((socket, query) => {
    const reply = new Uint8Array(65_535)
    reply.set(replyTo(query))
    socket.write(framed(reply))
  })
  const longest = await upstreamWith().ask(server.port)
  t.equal(longest.kind === 'reply' && longest.message.length, 65_535)
  await server.close()
})

t.test('frames that do not match are passed over, a few of them', async (t) => {
  let wrong = 3
  const server = await serverThat((socket, query) => {
    const reply = replyTo(query)
    const frames = [new Uint8Array(0), changed(reply, 0, 9), changed(reply, 14, 0x61), query, query]
    for (const frame of frames.slice(0, wrong)) socket.write(framed(frame))
    socket.write(framed(reply))
  })
  t.match(await upstreamWith().ask(server.port), { kind: 'reply' })
  wrong = 4
  t.same(await upstreamWith().ask(server.port), { kind: 'failure', reason: 'near-miss' })
  await server.close()
})

t.test('the time-out covers the whole reply', async (t) => {
  const half = await serverThat((socket, query) => socket.write(framed(replyTo(query)).subarray(0, 9)))
  const startMs = performance.now()
  t.same(await upstreamWith().ask(half.port, 150), { kind: 'failure', reason: 'timeout' })
  t.ok(performance.now() - startMs < 1000)
  await half.close()
})

t.test('a stream that ends early, is reset, or never was', async (t) => {
  const ended = await serverThat((socket, query) => socket.end(framed(replyTo(query)).subarray(0, 9)))
  t.match(await upstreamWith().ask(ended.port), { kind: 'failure', reason: 'closed' })
  await ended.close()
  const reset = await serverThat((socket) => socket.resetAndDestroy())
  t.match(await upstreamWith().ask(reset.port), { kind: 'failure', reason: 'closed' })
  const { port } = reset
  await reset.close()
  t.match(await upstreamWith().ask(port), { kind: 'failure', reason: 'refused' })
})

t.test('source address as configured, and close ends what waits', async (t) => {
  let from = ''
  const server = await tcpServer((socket) => {
    from = socket.remoteAddress ?? ''
  })
  const { upstream, ask } = upstreamWith([parseAddress('127.0.0.79')!])
  const waiting = ask(server.port, 5000)
  await until('the server is connected to', () => from !== '')
  t.equal(from, '127.0.0.79')
  t.equal(upstream.outstanding, 1)
  upstream.close()
  t.match(await waiting, { kind: 'failure', reason: 'closed' })
  await server.close()
})

// --- connections that are kept ------------------------------------------------------------------------------------

/** Answers every whole query of a connection; counts connections, and hands each query to `act`. */
async function pipelined(act: (socket: Socket, query: Buffer) => void) {
  const count = { connections: 0 }
  const server = await tcpServer((socket) => {
    count.connections++
    let held = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE()) {
        const end = 2 + held.readUInt16BE()
        const query = held.subarray(2, end)
        held = held.subarray(end)
        act(socket, query)
      }
    })
  })
  return { ...server, count }
}

function asker(clock?: Clock) {
  const upstream = createUpstream({
    ...{ random: systemRandom(), sourceAddresses: [], ipv4: true, ipv6: true },
    ...(clock === undefined ? {} : { clock }),
  })
  const ask = (port: number, id: number, timeoutMs = 1000, more = {}): Promise<UpstreamResult> =>
    upstream.ask({
      ...{ server: { address: LOOPBACK, port }, transport: 'tcp', timeoutMs },
      ...{ message: queryWithId(id), ...more },
    })
  return { upstream, ask }
}

function idOf(result: UpstreamResult): number | undefined {
  return result.kind === 'reply' ? (result.message[0]! << 8) | result.message[1]! : undefined
}

t.test('questions share a connection, and replies come in any order', async (t) => {
  const waiting: Buffer[] = []
  const server = await pipelined((socket, query) => {
    waiting.push(query)
    if (waiting.length < 4) return
    for (const asked of waiting.splice(0).reverse()) socket.write(framed(replyTo(asked)))
  })
  const { upstream, ask } = asker()
  const ids = [11, 12, 13, 14]
  t.same((await Promise.all(ids.map((id) => ask(server.port, id)))).map(idOf), ids)
  t.same((await Promise.all(ids.map((id) => ask(server.port, id)))).map(idOf), ids, 'ids may come again')
  t.equal(server.count.connections, 1)
  t.equal(upstream.connections, 1)
  upstream.close()
  t.equal(upstream.connections, 0)
  await server.close()
})

t.test('two questions with one id are on two connections', async (t) => {
  const server = await pipelined((socket, query) => {
    setTimeout(() => socket.write(framed(replyTo(query))), 30)
  })
  const { upstream, ask } = asker()
  t.same((await Promise.all([ask(server.port, 7), ask(server.port, 7)])).map(idOf), [7, 7])
  t.equal(server.count.connections, 2)
  await until('one connection is left', () => upstream.connections === 1)
  t.pass('one of them is kept')
  upstream.close()
  await server.close()
})

t.test('a connection that the server closes is made anew, and the question is asked again', async (t) => {
  const server = await pipelined((socket, query) => {
    if (query.readUInt16BE() === 2) socket.resetAndDestroy()
    else socket.end(framed(replyTo(query)))
  })
  const { upstream, ask } = asker()
  t.equal(idOf(await ask(server.port, 1)), 1)
  t.equal(idOf(await ask(server.port, 3)), 3, 'at once, before or after it is known that the other one ended')
  t.equal(server.count.connections, 2)
  t.match(
    await ask(server.port, 2),
    { kind: 'failure', reason: 'closed' },
    'one that served nobody is not tried again',
  )
  upstream.close()
  await server.close()
  const second = await pipelined((socket, query) => {
    if (second.count.connections === 1 && query.readUInt16BE() === 2) socket.destroy()
    else socket.write(framed(replyTo(query)))
  })
  const again = asker()
  t.equal(idOf(await again.ask(second.port, 1)), 1)
  t.equal(
    idOf(await again.ask(second.port, 2)),
    2,
    'closed in the face of the question, which another one answers',
  )
  t.equal(second.count.connections, 2)
  again.upstream.close()
  await second.close()
})

t.test('a server that answers one question a connection answers all of them', async (t) => {
  const server = await pipelined((socket, query) => {
    if (!socket.writableEnded) socket.end(framed(replyTo(query)))
  })
  const { upstream, ask } = asker()
  const ids = [2, 3, 4, 5, 6, 7, 8, 9]
  t.same((await Promise.all(ids.map((id) => ask(server.port, id)))).map(idOf), ids)
  t.equal(
    server.count.connections,
    ids.length,
    'each of those left behind has a new one, which it need not share',
  )
  upstream.close()
  await server.close()
})

t.test(
  "a reply that comes too late is nobody else's, and a connection that kept silent is not used again",
  async (t) => {
    const server = await pipelined((socket, query) => {
      if (query.readUInt16BE() === 5) setTimeout(() => socket.write(framed(replyTo(query))), 120)
      else setTimeout(() => socket.write(framed(replyTo(query))), 200)
    })
    const { upstream, ask } = asker()
    const slow = ask(server.port, 6)
    t.match(await ask(server.port, 5, 50), { kind: 'failure', reason: 'timeout' })
    const third = ask(server.port, 5)
    t.equal(idOf(await slow), 6)
    t.equal(idOf(await third), 5)
    t.equal(server.count.connections, 2)
    upstream.close()
    await server.close()
  },
)

t.test('a connection without a question is closed in good order', async (t) => {
  let ended = 0
  const server = await pipelined((socket, query) => {
    socket.on('end', () => ended++)
    socket.write(framed(replyTo(query)))
  })
  const clock = new VirtualClock(0)
  const { upstream, ask } = asker(clock)
  t.equal(idOf(await ask(server.port, 1)), 1)
  clock.advance(UPSTREAM_TCP_IDLE_MS - 1)
  t.equal(idOf(await ask(server.port, 2)), 2)
  clock.advance(UPSTREAM_TCP_IDLE_MS - 1)
  t.equal(upstream.connections, 1)
  clock.advance(1)
  t.equal(upstream.connections, 0)
  await until('it is closed', () => ended > 0)
  t.equal(server.count.connections, 1)
  upstream.close()
  await server.close()
})

t.test('connections kept are bounded, and one can be had alone', async (t) => {
  const servers = await Promise.all(
    Array.from({ length: UPSTREAM_TCP_KEPT_MAX + 5 }, () =>
      pipelined((socket, query) => socket.write(framed(replyTo(query)))),
    ),
  )
  const { upstream, ask } = asker()
  for (const { port } of servers) t.equal(idOf(await ask(port, 1)), 1)
  t.equal(upstream.connections, UPSTREAM_TCP_KEPT_MAX)
  const last = servers.at(-1)!
  t.equal(idOf(await ask(last.port, 2, 1000, { alone: true })), 2)
  t.equal(last.count.connections, 2)
  t.equal(upstream.connections, UPSTREAM_TCP_KEPT_MAX, 'it is not kept')
  upstream.close()
  await Promise.all(servers.map((server) => server.close()))
})
