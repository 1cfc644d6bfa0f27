import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseAddress } from '../../src/base/address.ts'
import { TCP_IN_FLIGHT_MAX, UDP_REQUEST_OCTETS_MAX } from '../../src/base/limits.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import { Front } from '../../src/front/front.ts'
import { ListenError } from '../../src/front/listen-error.ts'
import { Mailbox, sendDescriptors } from '../../src/native/handed-sockets.ts'
import { AccessList } from '../../src/policy/access.ts'
import { LocalZones } from '../../src/policy/local-zones.ts'
import type { ClientReply } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { figure } from '../attacks/row.ts'
import { udpBackends } from '../support/udp-backends.ts'
import { until } from '../support/until.ts'
import { type Bench, parts, query } from './service-under-test.ts'
import { askUdp, framed, openFront, sleep, TcpClient } from './sockets-under-test.ts'

const idOf = (message: Uint8Array): number => (message[0]! << 8) | message[1]!

/** Makes the resolver wait; the function answers the questions for names that begin so, or all. */
function holding(it: Bench): (label?: string) => void {
  const held: { first: string; release: () => void }[] = []
  it.resolve = (question) =>
    new Promise<ClientReply>((resolve) => {
      const first = Buffer.from(question.name.subarray(1, 1 + question.name[0]!)).toString()
      const answer = parts({ question: { ...question, class: CLASS.IN } })
      held.push({ first, release: () => resolve({ entry: writeAnswerEntry(answer, it.clock.nowMs()) }) })
    })
  return (label) => {
    for (const one of held.splice(0)) {
      if (label === undefined || one.first === label) one.release()
      else held.push(one)
    }
  }
}

/** Connections that have a question in work each. */
async function busy(it: Bench, port: number, count: number): Promise<TcpClient[]> {
  const clients: TcpClient[] = []
  for (let i = 0; i < count; i++) {
    const before = it.service.waiting
    const one = new TcpClient(port)
    one.send(query({ name: `busy-${before}.example.se.` }))
    await until('its question is in work', () => it.service.waiting > before)
    clients.push(one)
  }
  return clients
}

/** Takes over which limits are tried out, as a reload does. */
function tryOut({ service }: Bench, ...limits: readonly string[]): void {
  const settings = {
    access: new AccessList(),
    localZones: new LocalZones(),
    any: 'minimal' as const,
    texts: {},
  }
  service.configure(settings, { dryRun: new Set(limits) })
}

t.test('pipelining: answers leave as they become ready (RFC 7766 6.2.1.1)', async (t) => {
  const { it, front, port } = await openFront()
  const release = holding(it)
  it.store(parts())
  const client = new TcpClient(port)
  client.send(
    query({ id: 1, name: 'slow.example.se.' }),
    query({ id: 2, name: 'quick.example.se.' }),
    query({ id: 3 }),
  )
  t.equal(await client.wait(1), 1)
  t.equal(idOf(client.messages[0]!), 3, 'the cached one first')
  release('quick')
  await client.wait(2)
  release('slow')
  await client.wait(3)
  t.same(client.messages.map(idOf), [3, 2, 1])
  client.socket.destroy()
  await front.close()
})

t.test('frames in any pieces', async (t) => {
  const { it, front, port } = await openFront()
  it.store(parts())
  const client = new TcpClient(port)
  client.socket.setNoDelay(true)
  const octets = Buffer.concat([
    framed(query({ id: 1 })),
    framed(query({ id: 2, name: 'x.example.se.' })),
    framed(query({ id: 3 })),
  ])
  for (const octet of octets) {
    client.socket.write(Uint8Array.of(octet))
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(await client.wait(3), 3)
  t.same(client.messages.map(idOf).sort(), [1, 2, 3])
  client.socket.destroy()
  await front.close()
})

t.test('an answer of 60 KiB', async (t) => {
  const { it, front, port } = await openFront()
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const zone = Array.from(
    { length: 250 },
    (_, i) => `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`,
  )
  const answer = parts({ question, zone: zone.join('') })
  it.resolve = async () => ({ entry: writeAnswerEntry(answer, it.clock.nowMs()) })
  t.equal(parseMessage((await askUdp(port, query({ name: 'big.example.se.', type: TYPE.TXT })))!).tc, true)
  const client = new TcpClient(port)
  client.send(query({ name: 'big.example.se.', type: TYPE.TXT }))
  await client.wait(1)
  t.equal(parseMessage(client.messages[0]!).answer.length, 250)
  client.socket.destroy()
  await front.close()
})

t.test('what is not DNS closes the connection: length 0, a response, eleven octets', async (t) => {
  const { front, port } = await openFront()
  const response = Uint8Array.from(query())
  response[2] = 0x81
  for (const message of [new Uint8Array(0), response, query().subarray(0, 11)]) {
    const client = new TcpClient(port)
    client.send(message)
    t.equal(await client.waitClosed(), true)
    t.same(client.messages, [])
  }
  await front.close()
})

t.test('a client that ends its side still gets its answers', async (t) => {
  const { it, front, port } = await openFront()
  const release = holding(it)
  const client = new TcpClient(port)
  client.send(query({ id: 1, name: 'a.example.se.' }), query({ id: 2, name: 'b.example.se.' }))
  client.socket.end()
  await sleep(50)
  t.equal(client.closed, false)
  release()
  await client.wait(2)
  t.equal(client.messages.length, 2)
  t.equal(await client.waitClosed(), true)
  await sleep(50)
  t.equal(front.connections, 0)
  await front.close()
})

/** Cached answers of 60 KiB, more of them than a client that does not read leaves room for. */
const LARGE = query({ name: 'big.example.se.', type: TYPE.TXT })
const LARGE_COUNT = 150

function storeLarge(it: Bench): void {
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const text = (_: unknown, i: number): string =>
    `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`
  it.store(parts({ question, zone: Array.from({ length: 250 }, text).join('') }))
}

t.test(
  'a question longer than any that is honest is FORMERR by TCP too, and keeps nothing waiting',
  async (t) => {
    const { it, front, port } = await openFront()
    it.store(parts())
    const client = new TcpClient(port)
    const padded = (octets: number): Uint8Array =>
      query({ id: octets & 0xffff, options: [{ code: 12, octets: new Uint8Array(octets) }] })
    client.send(padded(1_900), padded(65_000), padded(2_048), query({ id: 7 }))
    t.equal(await client.wait(4), 4)
    t.same(
      client.messages.map((message) => [idOf(message), parseMessage(message).rcode]),
      [
        [1_900, 0],
        [65_000, 1],
        [2_048, 1],
        [7, 0],
      ],
    )
    client.socket.destroy()
    await front.close()
  },
)

for (const [what, others] of [
  ['cached answers', []],
  ['cached answers and others', [query({ class: 3 }), query({ name: 'localhost.' })]],
] as const) {
  t.test(`a client that ends its side and reads late still gets ${what}, and the end`, async (t) => {
    const { it, front, port } = await openFront()
    storeLarge(it)
    const client = new TcpClient(port)
    client.socket.pause()
    const asked = Array.from({ length: LARGE_COUNT }, () => [LARGE, ...others]).flat()
    client.send(...asked)
    client.socket.end()
    await sleep(200)
    client.socket.resume()
    t.equal(await client.wait(asked.length, 10_000), asked.length)
    t.ok(await client.waitClosed(2_000), 'nothing is waited for')
    await front.close()
  })
}

t.test('a client that reads slowly is not idle', async (t) => {
  const { it, front, port } = await openFront({ idleMs: 400 })
  storeLarge(it)
  const client = new TcpClient(port)
  client.send(...Array.from({ length: LARGE_COUNT }, () => LARGE))
  client.socket.pause()
  await sleep(3_000)
  client.socket.resume()
  t.equal(await client.wait(LARGE_COUNT, 10_000), LARGE_COUNT)
  t.ok(await client.waitClosed(4_000), 'now it is')
  await front.close()
})

t.test('idle connections and slow messages are cut off (D01), busy ones are not', async (t) => {
  const { it, front, port } = await openFront({ idleMs: 400 })
  const release = holding(it)
  const idle = new TcpClient(port)
  const busy = new TcpClient(port)
  busy.send(query({ name: 'busy.example.se.' }))
  const half = new TcpClient(port)
  half.socket.write(Uint8Array.of(0))
  await sleep(1200)
  t.equal(idle.closed, true)
  t.equal(busy.closed, false, 'its answer is still in work')
  t.equal(half.closed, false, 'a message has begun')
  release()
  await busy.wait(1)
  t.equal(busy.messages.length, 1)
  t.equal(await busy.waitClosed(2000), true, 'idle since its answer')
  t.equal(await half.waitClosed(4000), true)
  await front.close()
})

t.test('connections are bounded for each client', async (t) => {
  const { it, front, port } = await openFront({ connectionsPerClientMax: 2 })
  const clients = [new TcpClient(port), new TcpClient(port)]
  await sleep(50)
  t.equal(front.connections, 2)
  const third = new TcpClient(port)
  t.equal(await third.waitClosed(), true)
  const other = new TcpClient(port, '127.0.0.9')
  other.send(query())
  t.equal(await other.wait(1), 1)
  t.equal(it.counters.get('limit tcp-connections-per-client'), 1)
  clients[0]!.socket.destroy()
  await sleep(50)
  const fourth = new TcpClient(port)
  fourth.send(query())
  t.equal(await fourth.wait(1), 1, 'a place that was given back')
  for (const one of [...clients, other, fourth]) one.socket.destroy()
  await front.close()
})

t.test('and in all: the longest idle makes room, busy ones do not', async (t) => {
  const { it, front, port } = await openFront({ connectionsMax: 2 })
  const release = holding(it)
  const oldest = new TcpClient(port)
  await sleep(30)
  const newer = new TcpClient(port)
  await sleep(30)
  const third = new TcpClient(port)
  t.equal(await oldest.waitClosed(), true)
  t.equal(newer.closed, false)
  newer.send(query({ name: 'a.example.se.' }))
  third.send(query({ name: 'b.example.se.' }))
  await sleep(50)
  const fourth = new TcpClient(port)
  t.equal(await fourth.waitClosed(), true)
  t.equal(it.counters.get('limit tcp-connections'), 1)
  release()
  t.equal(await newer.wait(1), 1)
  t.equal(await third.wait(1), 1)
  newer.socket.destroy()
  third.socket.destroy()
  await front.close()
})

t.test('connections of a client, tried out: they are counted, and bounded in all', async (t) => {
  const { it, front, port } = await openFront(
    { connectionsMax: 3, connectionsPerClientMax: 1 },
    { dryRun: new Set(['tcp-connections-per-client']) },
  )
  const release = holding(it)
  const clients = await busy(it, port, 3)
  t.equal(front.connections, 3)
  t.equal(it.counters.get('dry run tcp-connections-per-client'), 2)
  const beyond = new TcpClient(port)
  t.equal(await beyond.waitClosed(), true)
  t.equal(it.counters.get('limit tcp-connections'), 1)
  t.equal(it.counters.get('dry run tcp-connections-per-client'), 2)
  release()
  for (const one of clients) t.equal(await one.wait(1), 1)
  tryOut(it)
  const again = new TcpClient(port)
  t.equal(await again.waitClosed(), true, 'in force from now on')
  t.equal(it.counters.get('limit tcp-connections-per-client'), 1)
  for (const one of clients) one.socket.destroy()
  await front.close()
})

t.test('and in all: below the bound that memory sets, idle ones stay and are not counted', async (t) => {
  const { it, front, port } = await openFront(
    { connectionsMax: 2, connectionsMaxTriedOut: 4 },
    { dryRun: new Set(['tcp-connections']) },
  )
  const release = holding(it)
  const idle = new TcpClient(port)
  await until('it is connected', () => front.connections === 1)
  const clients = await busy(it, port, 2)
  t.equal(front.connections, 3)
  t.equal(it.counters.get('dry run tcp-connections'), 0, 'the idle one would have made room')
  clients.push(...(await busy(it, port, 1)))
  t.equal(it.counters.get('dry run tcp-connections'), 1)
  t.equal(idle.closed, false)
  clients.push(...(await busy(it, port, 1)))
  t.equal(await idle.waitClosed(), true, 'it makes room at the last')
  t.equal(it.counters.get('dry run tcp-connections'), 2)
  const beyond = new TcpClient(port)
  t.equal(await beyond.waitClosed(), true)
  t.equal(it.counters.get('limit tcp-connections'), 1)
  t.equal(it.counters.get('dry run tcp-connections'), 2)
  release()
  for (const one of clients) t.equal(await one.wait(1), 1)
  tryOut(it)
  const newer = new TcpClient(port)
  newer.send(query())
  await until('one made room', () => clients.some(({ closed }) => closed))
  release()
  for (const one of [...clients, newer]) one.socket.destroy()
  await front.close()
})

t.test('a client whose idle connections made room for its own is not held to them', async (t) => {
  const { it, front, port } = await openFront({ connectionsMax: 2, connectionsPerClientMax: 3 })
  it.store(parts())
  for (let i = 0; i < 8; i++) {
    const client = new TcpClient(port)
    client.send(query())
    t.equal(await client.wait(1), 1, `connection ${i}`)
  }
  await front.close()
})

t.test('questions in work are bounded for each connection; the rest waits its turn (D03)', async (t) => {
  const { it, front, port } = await openFront()
  const release = holding(it)
  const client = new TcpClient(port)
  const total = TCP_IN_FLIGHT_MAX * 3 + 17
  let most = 0
  client.send(...Array.from({ length: total }, (_, id) => query({ id, name: `n${id}.example.se.` })))
  for (let answered = 0; answered < total; ) {
    const expected = Math.min(TCP_IN_FLIGHT_MAX, total - answered)
    await until(`${expected} in work`, () => it.service.waiting >= expected)
    // Whatever comes beyond that comes now.
    await sleep(30)
    t.equal(it.service.waiting, expected)
    most = Math.max(most, it.service.waiting)
    answered += it.service.waiting
    release()
    await client.wait(answered)
    t.equal(client.messages.length, answered)
  }
  t.equal(new Set(client.messages.map(idOf)).size, total)
  figure(t, 'D03', `at most ${most} of ${total} questions in work`)
  client.socket.destroy()
  await front.close()
})

t.test('a client that does not read: memory stays bounded and others are served (D02)', async (t) => {
  const { it, front, port } = await openFront()
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const zone = Array.from(
    { length: 60 },
    (_, i) => `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`,
  )
  it.store(parts({ question, zone: zone.join('') }))
  const client = new TcpClient(port)
  client.socket.pause()
  const ask = Buffer.concat(
    Array.from({ length: 20_000 }, () => framed(query({ name: 'big.example.se.', type: TYPE.TXT }))),
  )
  client.socket.write(ask)
  const before = process.memoryUsage().rss
  let hitsSoFar = 0
  await until('it stops', async () => {
    const before = it.counters.get('hit')
    await sleep(100)
    hitsSoFar = it.counters.get('hit')
    return before > 0 && before === hitsSoFar
  })
  t.ok(hitsSoFar < 2000, `${hitsSoFar} of 20,000 answered before it stopped reading`)
  await sleep(300)
  t.equal(it.counters.get('hit'), hitsSoFar, 'and no more since')
  t.ok(process.memoryUsage().rss - before < 50 * 1_048_576)
  it.store(parts())
  t.ok(await askUdp(port, query()))
  client.socket.resume()
  t.equal(await client.wait(20_000, 20_000), 20_000, 'once it reads, all is answered')
  client.socket.destroy()
  await front.close()
})

t.test('where too much waits to be read in all, those who read least are cut off', async (t) => {
  const replyOctets = 200 * 230
  const { it, front, port } = await openFront({ idleMs: 60_000, unreadOctetsMax: 5 * replyOctets })
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const zone = Array.from(
    { length: 200 },
    (_, i) => `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`,
  )
  it.store(parts({ question, zone: zone.join('') }))
  const ask = framed(query({ name: 'big.example.se.', type: TYPE.TXT }))
  const mute = Array.from({ length: 10 }, () => new TcpClient(port))
  for (const { socket } of mute) {
    socket.pause()
    socket.write(Buffer.concat(Array.from({ length: 500 }, () => ask)))
  }
  const reader = new TcpClient(port)
  for (let i = 1; i <= 100; i++) {
    reader.socket.write(ask)
    t.equal(await reader.wait(i), i)
  }
  t.ok(it.counters.get('limit tcp-unread') > 0)
  t.ok(front.connections < mute.length, `${front.connections} are left`)
  for (const { socket } of [...mute, reader]) socket.destroy()
  await front.close()
})

t.test('a client that never reads is cut off', async (t) => {
  const { it, front, port } = await openFront({ idleMs: 60_000 })
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const zone = Array.from(
    { length: 200 },
    (_, i) => `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`,
  )
  it.store(parts({ question, zone: zone.join('') }))
  const client = new TcpClient(port)
  client.socket.pause()
  client.socket.write(
    Buffer.concat(
      Array.from({ length: 5000 }, () => framed(query({ name: 'big.example.se.', type: TYPE.TXT }))),
    ),
  )
  await sleep(100)
  t.equal(front.connections, 1)
  await until('it is cut off', () => front.connections === 0)
  t.equal(it.counters.get('limit tcp-unread'), 1)
  client.socket.destroy()
  await front.close()
})

t.test('connections come and go without a trace', async (t) => {
  const { it, front, port } = await openFront()
  const release = holding(it)
  const clients = Array.from({ length: 30 }, () => new TcpClient(port))
  for (const [i, client] of clients.entries()) client.send(query({ name: `n${i}.example.se.` }))
  await until('all are in work', () => it.service.waiting === 30)
  for (const client of clients) client.socket.resetAndDestroy()
  await until('none is left', () => front.connections === 0)
  release()
  await it.service.idle()
  t.same(it.faults, [])
  await front.close()
})

t.test('drain does not wait for ever', async (t) => {
  const { it, front, port } = await openFront()
  holding(it)
  const client = new TcpClient(port)
  client.send(query())
  await until('it is in work', () => it.service.waiting === 1)
  const startMs = performance.now()
  t.equal(await front.drain(200), 1)
  t.ok(performance.now() - startMs < 1500)
  t.equal(await client.waitClosed(), true)
})

for (const { name, udp, skip } of udpBackends()) {
  t.test(`${name}: hit and miss by UDP, IPv4 and IPv6`, { skip }, async (t) => {
    for (const address of ['127.0.0.1', '::1']) {
      const opened = await openFront({}, {}, address, udp).catch(() => undefined)
      if (opened === undefined) {
        t.comment(`${address} is not on this machine`)
        continue
      }
      const { it, front, port } = opened
      const miss = parseMessage((await askUdp(port, query({ id: 7 }), { address }))!)
      t.match(miss, { id: 7, rcode: 0, qr: true })
      it.store(parts())
      const hit = parseMessage((await askUdp(port, query({ id: 8, do: true }), { address }))!)
      t.match(hit, { id: 8, rcode: 0, ad: true })
      t.same([it.counters.get('miss'), it.counters.get('hit')], [1, 1])
      await front.close()
      t.equal(await askUdp(port, query(), { address, timeoutMs: 100 }), undefined)
    }
  })

  t.test(
    `${name}: many hits at once, each with its own id: replies do not overwrite each other`,
    { skip },
    async (t) => {
      const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
      it.store(parts())
      const replies = await Promise.all(Array.from({ length: 200 }, (_, id) => askUdp(port, query({ id }))))
      t.same(
        replies.map((reply) => idOf(reply!)),
        Array.from({ length: 200 }, (_, id) => id),
      )
      await front.close()
    },
  )

  t.test(`${name}: hits and later answers, many at once, each to who asked`, { skip }, async (t) => {
    const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
    it.store(parts())
    const asked = Array.from({ length: 300 }, (_, id) =>
      query({ id, name: id % 2 === 0 ? 'www.example.se.' : `n${id}.example.se.` }),
    )
    const replies = await Promise.all(asked.map((octets) => askUdp(port, octets)))
    for (const [id, reply] of replies.entries()) {
      t.match(parseMessage(reply!), { id, rcode: 0, questions: parseMessage(asked[id]!).questions })
    }
    t.equal(it.counters.get('hit'), 150)
    await front.close()
  })

  t.test(`${name}: what is answered at once, without the answer cache`, { skip }, async (t) => {
    const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
    t.match(parseMessage((await askUdp(port, query({ id: 1, name: 'localhost.' })))!), { id: 1, rcode: 0 })
    t.match(parseMessage((await askUdp(port, query({ id: 2, type: TYPE.AXFR })))!), { id: 2, rcode: 5 })
    t.equal(await askUdp(port, query().subarray(0, 11), { timeoutMs: 100 }), undefined)
    t.equal(await askUdp(port, new Uint8Array(0), { timeoutMs: 100 }), undefined)
    t.equal(it.counters.get('dropped short'), 2)
    await front.close()
  })

  t.test(`${name}: a question longer than any that is honest is FORMERR`, { skip }, async (t) => {
    const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
    it.store(parts())
    const padded = (octets: number): Uint8Array => {
      const padding = new Uint8Array(octets - query({ payload: 1232 }).length - 4)
      return query({ id: 9, options: [{ code: 12, octets: padding }] })
    }
    t.match(parseMessage((await askUdp(port, padded(UDP_REQUEST_OCTETS_MAX)))!), { id: 9, rcode: 0 })
    for (const octets of [UDP_REQUEST_OCTETS_MAX + 1, 60_000]) {
      const reply = (await askUdp(port, padded(octets)))!
      t.match(parseMessage(reply), { id: 9, rcode: 1, questions: [] })
      t.equal(reply.length, 12, 'it is not worth sending to somebody else')
    }
    const response = padded(5000)
    response[2]! |= 0x80
    t.equal(await askUdp(port, response, { timeoutMs: 100 }), undefined)
    await front.close()
  })

  t.test(
    `${name}: drain: no new questions, those in work are answered, then all is closed`,
    { skip },
    async (t) => {
      const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
      const release = holding(it)
      const client = new TcpClient(port)
      client.send(query({ id: 1, name: 'tcp.example.se.' }))
      const idle = new TcpClient(port)
      const byUdp = askUdp(port, query({ id: 2, name: 'udp.example.se.' }))
      await sleep(80)
      t.equal(it.service.waiting, 2)
      const drained = front.drain(3000)
      client.send(query({ id: 3, name: 'late.example.se.' }))
      const lateUdp = askUdp(port, query({ id: 4 }), { timeoutMs: 300 })
      t.equal(await lateUdp, undefined)
      t.equal(it.counters.get('dropped draining'), 1)
      t.equal(await idle.waitClosed(), true)
      t.equal(client.closed, false)
      release()
      t.equal(await drained, 0)
      t.match(parseMessage((await byUdp)!), { id: 2, rcode: 0 })
      await client.waitClosed()
      t.same(client.messages.map(idOf), [1])
      t.equal(await askUdp(port, query(), { timeoutMs: 100 }), undefined)
      const refused = new TcpClient(port)
      t.equal(await refused.waitClosed(), true)
    },
  )

  t.test(
    `${name}: a port in use, an address that is not ours: an error that names them, and nothing stays open`,
    { skip },
    async (t) => {
      const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
      const again = (address: string): Promise<unknown> =>
        Front.open({
          service: it.service,
          counters: it.counters,
          udp,
          listen: [
            { address: parseAddress('127.0.0.3')!, port: 0 },
            { address: parseAddress(address)!, port },
          ],
        }).catch((error: unknown) => error)
      const inUse = await again('127.0.0.1')
      t.ok(inUse instanceof ListenError)
      t.match(inUse, {
        code: 'EADDRINUSE',
        transport: 'udp',
        message: `cannot listen on 127.0.0.1@${port} by UDP: EADDRINUSE`,
      })
      t.match(await again('192.0.2.1'), { code: 'EADDRNOTAVAIL' })
      await front.close()
    },
  )
}

const [, addon] = udpBackends()
t.test(
  'an address that may be lacking costs no socket that was handed over',
  { skip: addon!.skip },
  async (t) => {
    const { udp } = addon!
    const { it, front, port } = await openFront({}, {}, '127.0.0.1', udp)
    it.store(parts())
    // Paths of sockets have to be short.
    const folder = mkdtempSync(join(tmpdir(), 'sigill-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const mailbox = new Mailbox(join(folder, 'mailbox'))
    sendDescriptors(join(folder, 'mailbox'), [...front.sockets!.values()])
    const descriptors = mailbox.take()
    mailbox.close()
    const [here, nowhere] = ['127.0.0.1', '2001:db8::1'].map((text) => ({
      address: parseAddress(text)!,
      port,
    }))
    const { service, counters } = it
    const options = { service, counters, udp, mayLack: ({ endpoint }: ListenError) => endpoint === nowhere }
    const inherited = new Map([...front.sockets!.keys()].map((key, i) => [key, descriptors[i]!]))
    const next = await Front.open({ ...options, listen: [here!, nowhere!], inherited })
    t.same(next.endpoints, [here])
    await front.close()
    t.equal(idOf((await askUdp(port, query()))!), idOf(query()))
    await next.close()
    await t.rejects(Front.open({ ...options, listen: [nowhere!] }), ListenError, 'none is not enough')
  },
)
