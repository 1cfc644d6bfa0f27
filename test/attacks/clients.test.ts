/** What clients do to the front: D01, D02, D07, D11. Sockets are real, time is moved. */
import { VirtualClock } from '../../src/base/clock.ts'
import {
  TCP_CONNECTIONS_MAX,
  TCP_CONNECTIONS_PER_CLIENT_MAX,
  TCP_MESSAGE_MS_MAX,
  TCP_UNREAD_MS_MAX,
  WAITING_MAX,
  WAITING_PER_CLIENT_MAX,
} from '../../src/base/limits.ts'
import { writeAnswerEntry } from '../../src/cache/answer-entry.ts'
import type { ClientReply } from '../../src/resolver/ports.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { bench, client, parts, query } from '../front/service-under-test.ts'
import { askUdp, framed, openFront, TcpClient } from '../front/sockets-under-test.ts'
import { until } from '../support/until.ts'
import { row, Tally } from './row.ts'

const MIB = 1_048_576

row('D01', async (t) => {
  const clock = new VirtualClock(1_795_000_000)
  const { it, front, port } = await openFront({ clock })
  it.store(parts())
  const before = process.memoryUsage().rss
  const addresses = TCP_CONNECTIONS_MAX / TCP_CONNECTIONS_PER_CLIENT_MAX
  const slow = Array.from({ length: 2 * TCP_CONNECTIONS_MAX }, (_, i) => {
    const one = new TcpClient(port, `127.0.1.${1 + (i % addresses)}`)
    one.socket.write(Uint8Array.of(0))
    return one
  })
  await until(
    'every place is taken',
    () => front.connections >= TCP_CONNECTIONS_MAX && slow.filter((one) => one.closed).length >= 1000,
  )
  t.equal(front.connections, TCP_CONNECTIONS_MAX, 'and no more than there are')
  const tally = new Tally(t)
  for (let id = 1; id <= 20; id++) {
    // All of those that hold a place came earlier.
    clock.advance(10)
    const benign = new TcpClient(port)
    benign.send(query({ id }))
    tally.same(await benign.wait(1), 1, `TCP, ${id}`)
    benign.socket.destroy()
    tally.ok((await askUdp(port, query({ id }))) !== undefined, `UDP, ${id}`)
  }
  const grown = process.memoryUsage().rss - before
  t.ok(grown < 100 * MIB, `${grown} octets, both ends of 2,000 connections`)
  clock.advance(TCP_MESSAGE_MS_MAX + 1_000)
  await until('half a message is waited for no longer', () => front.connections === 0)
  for (const one of slow) one.socket.destroy()
  await front.close()
  return `${tally} by UDP and by new connections beside ${slow.length} half messages`
})

row('D02', async (t) => {
  const clock = new VirtualClock(1_795_000_000)
  const { it, front, port } = await openFront({ clock })
  const question = { name: nameFrom('big.example.se.'), type: TYPE.TXT, class: CLASS.IN }
  const text = (i: number): string => `big.example.se. 60 IN TXT "${String(i).padStart(230, 'x')}"\n`
  it.store(parts({ question, zone: Array.from({ length: 60 }, (_, i) => text(i)).join('') }))
  const one = framed(query({ name: 'big.example.se.', type: TYPE.TXT }))
  const flood = Buffer.concat(Array.from({ length: 100_000 }, () => one))
  const mute = new TcpClient(port)
  mute.socket.pause()
  const before = process.memoryUsage().rss
  mute.socket.write(flood)
  let answered = -1
  await until('no more is answered', () => {
    const quiet = answered > 0 && it.counters.get('hit') === answered
    answered = it.counters.get('hit')
    return quiet
  })
  const grown = process.memoryUsage().rss - before
  t.ok(answered < 2_000, `${answered} of 100,000 answered`)
  t.ok(grown < 20 * MIB, `${grown} octets`)
  t.equal(front.connections, 1)
  clock.advance(TCP_UNREAD_MS_MAX + 1_000)
  await until('it is cut off', () => front.connections === 0)
  t.ok(it.counters.get('limit tcp-unread') > 0)
  mute.socket.destroy()
  await front.close()
  return `${answered} of 100,000 answered, ${Math.max(0, Math.round(grown / MIB))} MiB, closed after ${TCP_UNREAD_MS_MAX / 1000} s`
})

row('D07', async (t) => {
  const it = bench()
  let slow = 0
  it.resolve = (question) => {
    const reply = { entry: writeAnswerEntry(parts({ question: { ...question, class: CLASS.IN } }), 0) }
    if (question.name[1] !== 's'.charCodeAt(0)) return Promise.resolve(reply)
    slow++
    return new Promise<ClientReply>(() => {})
  }
  it.store(parts())
  const attackers = Array.from({ length: 40 }, (_, i) => client('udp', `127.0.2.${1 + i}`))
  for (let i = 0; i < WAITING_PER_CLIENT_MAX; i++)
    for (const attacker of attackers) void it.ask(query({ name: `s${i}.example.se.` }), attacker)
  t.ok(it.service.waiting <= WAITING_MAX)
  const tally = new Tally(t)
  for (let i = 0; i < 50; i++) {
    const from = client('udp', `127.0.3.${1 + i}`)
    tally.ok((await it.ask(query({ name: `b${i}.example.se.` }), from)) !== 'silence', `not cached, ${i}`)
    tally.ok((await it.ask(query(), from)) !== 'silence', `cached, ${i}`)
  }
  return `${tally} answered while ${slow} slow questions of ${attackers.length} clients wait in ${WAITING_MAX} places`
})

row('D11', async (t) => {
  const it = bench()
  const stored = 100
  for (let i = 0; i < stored; i++)
    it.store(parts({ question: { name: nameFrom(`n${i}.example.se.`), type: TYPE.A, class: CLASS.IN } }))
  const octets = it.cache.bytesUsed
  const opcode = (message: Uint8Array, number: number): Uint8Array => {
    const changed = message.slice()
    changed[2] = (changed[2]! & 0x87) | (number << 3)
    return changed
  }
  const soa = query({ name: 'example.se.', type: TYPE.SOA })
  const kinds: [what: string, message: Uint8Array, rcode: number][] = [
    ['NOTIFY', opcode(soa, 4), RCODE.NOTIMP],
    ['NOTIFY of a name', opcode(query({ name: 'n1.example.se.' }), 4), RCODE.NOTIMP],
    ['UPDATE', opcode(soa, 5), RCODE.NOTIMP],
    ['AXFR', query({ name: 'example.se.', type: TYPE.AXFR }), RCODE.REFUSED],
    ['IXFR', query({ name: 'example.se.', type: TYPE.IXFR }), RCODE.REFUSED],
  ]
  let answered = 0
  for (let i = 0; i < 2_000; i++) {
    for (const [what, message, rcode] of kinds) {
      const reply = await it.ask(message, client(i % 2 === 0 ? 'udp' : 'tcp'))
      if (reply === 'silence' || parseMessage(reply).rcode !== rcode) t.fail(what)
      else answered++
    }
  }
  t.same([it.cache.entryCount, it.cache.bytesUsed], [stored, octets], 'the cache is as it was')
  t.same(it.asked, [], 'and nobody upstream hears of it')
  return `${answered} of 10000 NOTIMP or REFUSED; ${it.cache.entryCount} of ${stored} answers still there`
})
