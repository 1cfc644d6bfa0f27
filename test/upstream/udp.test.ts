import { createSocket } from 'node:dgram'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { UDP_PAYLOAD_OCTETS, UPSTREAM_PORT_MIN } from '../../src/base/limits.ts'
import { type Random, seededRandom, systemRandom } from '../../src/base/random.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'
import type { UpstreamResult } from '../../src/resolver/ports.ts'
import { createUpstream, type UpstreamOptions } from '../../src/upstream/sockets.ts'
import { udpBackends } from '../support/udp-backends.ts'
import { changed, queryWithId, replyTo, udpServer } from './fake-server.ts'

const LOOPBACK = parseAddress('127.0.0.1')!

/** By the way to sockets that the tests below are at. */
let udp: UdpBackend

function upstreamWith(options: Partial<UpstreamOptions> = {}) {
  const counts = { nearMiss: 0, oversize: 0, portTaken: 0 }
  const upstream = createUpstream({
    random: systemRandom(),
    sourceAddresses: [],
    ipv4: true,
    ipv6: true,
    udp,
    counters: {
      nearMiss: () => counts.nearMiss++,
      oversize: () => counts.oversize++,
      portTaken: () => counts.portTaken++,
    },
    ...options,
  })
  const ask = (port: number, timeoutMs = 1000, message = queryWithId(0x1234)): Promise<UpstreamResult> =>
    upstream.ask({ server: { address: LOOPBACK, port }, transport: 'udp', message, timeoutMs })
  return { upstream, ask, counts }
}

for (const { name, udp: backend, skip } of udpBackends()) {
  t.test(`by ${name}`, { skip }, async (t) => {
    udp = backend
    t.test('a question and its reply', async (t) => {
      const server = await udpServer((query, send) => send(replyTo(query)))
      const { ask, upstream } = upstreamWith()
      const result = await ask(server.port)
      t.match(result, { kind: 'reply' })
      if (result.kind === 'reply') {
        t.same([...result.message], [...replyTo(queryWithId(0x1234))])
        t.ok(result.rttMs >= 0 && result.rttMs < 1000)
      }
      t.equal(upstream.outstanding, 0)
      await server.close()
    })

    t.test('IPv6', async (t) => {
      const server = await udpServer((query, send) => send(replyTo(query)), '::1').catch(() => undefined)
      if (server === undefined) {
        t.comment('no ::1 on this machine')
        return
      }
      const { upstream } = upstreamWith()
      const request = { transport: 'udp', message: queryWithId(7), timeoutMs: 1000 } as const
      const address = parseAddress('::1')!
      t.match(await upstream.ask({ ...request, server: { address, port: server.port } }), { kind: 'reply' })
      await server.close()
    })

    t.test('A10: what does not match is ignored, the true answer still counts', async (t) => {
      const junk = (query: Uint8Array): Uint8Array[] => {
        const reply = replyTo(query)
        return [
          query,
          changed(reply, 1, reply[1]! ^ 1),
          changed(reply, 2, reply[2]! | 0x28),
          changed(reply, 14, 0x41),
          changed(reply, 14, 0x45),
          changed(reply, 5, 2),
          reply.subarray(0, 11),
          Uint8Array.of(),
          Uint8Array.from(reply.subarray(0, 12)).fill(0, 4, 6),
        ]
      }
      const total = junk(queryWithId(1)).length
      for (let kind = 0; kind < total; kind++) {
        const server = await udpServer((query, send) => {
          send(junk(query)[kind]!)
          send(junk(query)[(kind + 1) % total]!)
          send(replyTo(query))
        })
        const { ask, counts } = upstreamWith()
        t.match(await ask(server.port), { kind: 'reply' }, `shape ${kind}`)
        t.equal(counts.nearMiss, 2, `shape ${kind}`)
        await server.close()
      }
    })

    t.test('A01: too many near misses end the question', async (t) => {
      const server = await udpServer((query, send) => {
        for (let id = 1; id < 100; id++) send(changed(replyTo(query), 0, id))
        send(replyTo(query))
      })
      const { ask, counts } = upstreamWith()
      t.same(await ask(server.port), { kind: 'failure', reason: 'near-miss' })
      t.equal(counts.nearMiss, 4)
      await server.close()
    })

    t.test('A05: datagrams from elsewhere never arrive', async (t) => {
      const stranger = createSocket('udp4')
      await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.2', resolve))
      stranger.on('error', () => {})
      const samePlace = createSocket('udp4')
      await new Promise<void>((resolve) => samePlace.bind(0, '127.0.0.1', resolve))
      const server = await udpServer((query, send) => {
        for (let i = 0; i < 10; i++) {
          send(replyTo(query), stranger)
          send(replyTo(query), samePlace)
        }
      })
      const { ask, counts } = upstreamWith()
      t.match(await ask(server.port, 200), { kind: 'failure', reason: 'timeout' })
      t.equal(counts.nearMiss, 0)
      await server.close()
      stranger.close()
      samePlace.close()
    })

    t.test('A06: a datagram longer than offered is ignored', async (t) => {
      const long = (query: Uint8Array, octets: number): Uint8Array => {
        const reply = new Uint8Array(octets)
        reply.set(replyTo(query))
        return reply
      }
      let mode = 0
      const server = await udpServer((query, send) => {
        if (mode < 2) send(long(query, UDP_PAYLOAD_OCTETS + 1))
        if (mode === 1) send(replyTo(query))
        if (mode === 2) send(long(query, UDP_PAYLOAD_OCTETS))
      })
      const { ask, counts } = upstreamWith()
      t.match(await ask(server.port, 150), {
        kind: 'failure',
        reason: 'timeout',
        detail: /longer than offered/,
      })
      mode = 1
      t.match(await ask(server.port), { kind: 'reply' })
      mode = 2
      const longest = await ask(server.port)
      t.equal(longest.kind === 'reply' && longest.message.length, UDP_PAYLOAD_OCTETS)
      t.equal(counts.oversize, 2)
      await server.close()
    })

    t.test('silence, a closed port, a family that is off', async (t) => {
      const server = await udpServer(() => {})
      const { ask } = upstreamWith()
      const startMs = performance.now()
      t.same(await ask(server.port, 120), { kind: 'failure', reason: 'timeout' })
      const tookMs = performance.now() - startMs
      t.ok(tookMs >= 110 && tookMs < 1000, `${tookMs} ms`)
      const port = server.port
      await server.close()
      t.match(await ask(port), { kind: 'failure', reason: 'refused' })
      t.match(await upstreamWith({ ipv4: false }).ask(port), { kind: 'failure', reason: 'unreachable' })
    })

    t.test('a reply that came while this thread was at something else is no time-out', async (t) => {
      const questions = 20
      let answered = 0
      const server = await udpServer((query, send) => {
        send(changed(replyTo(query), 1, query[1]! ^ 0x80))
        send(replyTo(query))
        if (++answered < questions) return
        setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400))
      })
      const { ask, counts } = upstreamWith()
      const waiting = Array.from({ length: questions }, (_, id) => ask(server.port, 300, queryWithId(id)))
      for (const result of await Promise.all(waiting)) t.match(result, { kind: 'reply' })
      t.equal(counts.nearMiss, questions)
      await server.close()
    })

    t.test(
      'A02: every question has its own port from the whole range, source address as configured',
      async (t) => {
        const seen: { port: number; address: string }[] = []
        const server = await udpServer((query, send, from) => {
          seen.push({ port: from.port, address: from.address })
          send(replyTo(query))
        })
        const { ask } = upstreamWith({
          sourceAddresses: [parseAddress('127.0.0.77')!, parseAddress('127.0.0.78')!],
        })
        for (let i = 0; i < 300; i++) await ask(server.port, 1000, queryWithId(i))
        const ports = seen.map(({ port }) => port)
        t.equal(ports.length, 300)
        t.ok(new Set(ports).size > 290, `${new Set(ports).size} distinct ports`)
        t.ok(Math.min(...ports) >= UPSTREAM_PORT_MIN)
        // Eight equal parts of the range: about 37 each; chi-square with 7 degrees of freedom passes 30 once in 10,000 runs.
        const parts = new Array<number>(8).fill(0)
        for (const port of ports)
          parts[Math.floor(((port - UPSTREAM_PORT_MIN) * 8) / (65_536 - UPSTREAM_PORT_MIN))]!++
        const chiSquare = parts.reduce((sum, count) => sum + (count - 37.5) ** 2 / 37.5, 0)
        t.ok(chiSquare < 30, `chi-square ${chiSquare}`)
        const addresses = new Set(seen.map(({ address }) => address))
        t.same([...addresses].sort(), ['127.0.0.77', '127.0.0.78'])
        await server.close()
      },
    )

    t.test('a taken port is drawn again, a bounded number of times', async (t) => {
      const server = await udpServer((query, send) => send(replyTo(query)))
      const holder = createSocket('udp4')
      await new Promise<void>((resolve) => holder.bind(0, '0.0.0.0', resolve))
      const taken = holder.address().port - UPSTREAM_PORT_MIN
      const draws = (until: number): Random => {
        const real = seededRandom(3)
        let drawn = 0
        return { below: (bound) => (drawn++ < until ? taken : real.below(bound)) }
      }
      const some = upstreamWith({ random: draws(3) })
      t.match(await some.ask(server.port), { kind: 'reply' })
      t.ok(some.counts.portTaken >= 3)
      const all = upstreamWith({ random: draws(1e9) })
      t.match(await all.ask(server.port), { kind: 'failure', reason: 'resources' })
      t.equal(all.counts.portTaken, 16)
      holder.close()
      await server.close()
    })

    t.test('a source address that is not ours: there is no way from there', async (t) => {
      const { ask } = upstreamWith({ sourceAddresses: [parseAddress('192.0.2.1')!] })
      t.match(await ask(53), { kind: 'failure', reason: 'unreachable', detail: 'EADDRNOTAVAIL' })
    })

    t.test('questions on their way are bounded, and close ends them', async (t) => {
      const server = await udpServer(() => {})
      const { upstream, ask } = upstreamWith({ outstandingMax: 3 })
      const waiting = [ask(server.port, 5000), ask(server.port, 5000), ask(server.port, 5000)]
      t.equal(upstream.outstanding, 3)
      t.match(await ask(server.port), { kind: 'failure', reason: 'resources' })
      upstream.close()
      for (const result of await Promise.all(waiting)) t.match(result, { kind: 'failure', reason: 'closed' })
      t.equal(upstream.outstanding, 0)
      t.match(await ask(server.port), { kind: 'failure', reason: 'closed' })
      await server.close()
    })
  })
}
