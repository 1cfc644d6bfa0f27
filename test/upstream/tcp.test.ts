import type { Socket } from 'node:net'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { UpstreamResult } from '../../src/resolver/ports.ts'
import { createUpstream } from '../../src/upstream/sockets.ts'
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
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(from, '127.0.0.79')
  t.equal(upstream.outstanding, 1)
  upstream.close()
  t.match(await waiting, { kind: 'failure', reason: 'closed' })
  await server.close()
})
