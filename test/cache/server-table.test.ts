import t from 'tap'
import { type Endpoint, endpointKey } from '../../src/base/address.ts'
import {
  FIRST_REPLIES_BEFORE_USUAL,
  SILENCE_MS_BEFORE_BACK_OFF,
  UNKNOWN_LATE_MS_MIN,
} from '../../src/base/limits.ts'
import { ServerTable } from '../../src/cache/server-table.ts'
import { TrackedServer } from '../../src/cache/tracked-server.ts'
import { name } from './records.ts'

const server: Endpoint = { address: Uint8Array.of(192, 0, 2, 1), port: 53 }
const other: Endpoint = { address: Uint8Array.of(192, 0, 2, 1), port: 5353 }

function world(max?: number) {
  const time = { ms: 0 }
  const nowMs = () => time.ms
  return { time, table: max === undefined ? new ServerTable({ nowMs }) : new ServerTable({ nowMs, max }) }
}

t.test('a server nothing is known of', async (t) => {
  const { table } = world()
  t.equal(table.rttMs(server), undefined)
  t.equal(table.timeoutMs(server), 400)
  t.equal(table.mayAsk(server), true)
  t.equal(table.edns(server), 'unknown')
  t.equal(table.tcpOnly(server), false)
  t.equal(table.lame(server, name('example.')), false)
  t.equal(table.size, 0, 'asking about it makes no entry')
})

t.test('a server that is tracked is one with its address', async (t) => {
  const { time, table } = world()
  const tracked = () => new TrackedServer(server, endpointKey(server))
  const [early, late] = [tracked(), tracked()]
  t.equal(table.rttMs(early), undefined)
  t.equal(table.size, 0, 'tracking it makes no entry')
  table.replied(late, 100)
  t.equal(table.rttMs(early), 100, 'nothing was known when it was tracked')
  t.equal(table.rttMs(server), 100)
  table.replied(server, 180)
  t.equal(table.rttMs(early), 110)
  t.equal(table.size, 1)
  t.equal(table.rttMs(new TrackedServer(other, endpointKey(other))), undefined)

  time.ms += 20 * 60_000
  table.replied(server, 50)
  t.equal(table.rttMs(server), 50, 'forgotten meanwhile')
  table.replied(late, 50)
  t.equal(table.rttMs(late), 50, 'who tracked it before takes over what is known now')
  t.equal(table.rttMs(server), 50)

  table.clear()
  t.equal(table.rttMs(early), undefined)
  t.equal(table.rttMs(late), undefined)
  table.setLame(late.key, name('example.'))
  t.equal(table.lame(server, name('example.')), true)
})

t.test('one that is used is not forgotten, however often', async (t) => {
  const { time, table } = world()
  for (let i = 0; i < 40 * 60; i++) {
    table.replied(server, 100)
    time.ms += 500
  }
  time.ms += 14 * 60_000
  t.equal(table.rttMs(server), 100)
  time.ms += 60_000
  t.equal(table.rttMs(server), undefined)
})

t.test('the time-out follows round-trip times (RFC 6298 2)', async (t) => {
  const { table } = world()
  table.replied(server, 100)
  t.equal(table.rttMs(server), 100)
  t.equal(table.timeoutMs(server), 300, 'srtt + 4 * srtt / 2')
  table.replied(server, 100)
  t.equal(table.rttMs(server), 100)
  t.equal(table.timeoutMs(server), 250, 'rttvar 37.5')
  table.replied(server, 180)
  t.equal(table.rttMs(server), 110)
  t.equal(table.timeoutMs(server), 302.5, 'rttvar 48.125')
  t.equal(table.rttMs(other), undefined)
  t.equal(
    table.timeoutMs({ address: Uint8Array.of(192, 0, 2, 1), port: 53 }),
    302.5,
    'by the octets, not the object',
  )
})

t.test('the time-out stays within its bounds', async (t) => {
  const { table } = world()
  table.replied(server, 1)
  t.equal(table.timeoutMs(server), 50)
  table.replied(other, 1900)
  t.equal(table.timeoutMs(other), 2000)
})

t.test('each time-out in a row makes it longer, a reply ends that', async (t) => {
  const { table } = world()
  table.replied(server, 100)
  const waits = [0, 1, 2, 3].map(() => {
    table.timedOut(server)
    return table.timeoutMs(server)
  })
  t.same(waits, [1200, 2000, 2000, 2000])
  for (let i = 0; i < 3000; i++) table.timedOut(server)
  t.equal(table.timeoutMs(server), 2000)
  const near: Endpoint = { address: Uint8Array.of(192, 0, 2, 9), port: 53 }
  for (let i = 0; i < 20; i++) table.replied(near, 1)
  const short = [0, 1, 2].map(() => {
    const ms = table.timeoutMs(near)
    table.timedOut(near)
    return ms
  })
  t.same(short, [50, 200, 800], 'more than a second of patience with a server next door')
  table.replied(server, 100)
  t.equal(table.timeoutMs(server), 250)
})

t.test('what is late grows slower: not with one time-out, nor with the second try', async (t) => {
  const { table } = world()
  t.equal(table.lateMs(server), 400)
  for (let i = 0; i < 20; i++) table.replied(server, 1)
  const byTries = [0, 1, 2, 3].map((tries) => table.lateMs(server, tries))
  t.same(byTries, [50, 50, 100, 200])
  const byTimeouts = [0, 1, 2, 3].map(() => {
    table.timedOut(server)
    return table.lateMs(server)
  })
  t.same(byTimeouts, [50, 100, 200, 400])
  t.equal(table.lateMs(server, 2), 400, 'the larger of the two')
  for (let i = 0; i < 3000; i++) table.timedOut(server)
  t.equal(table.lateMs(server), 2000)
  table.replied(server, 1)
  t.equal(table.lateMs(server), 50)
})

t.test('how long a server takes that nothing is known of is judged by others', async (t) => {
  const host = (i: number): Endpoint => ({ address: Uint8Array.of(198, 51, 100, i), port: 53 })
  const { table } = world()
  for (let i = 0; i < FIRST_REPLIES_BEFORE_USUAL - 1; i++) table.replied(host(i), 20)
  for (let i = 0; i < 50; i++) table.replied(host(0), 20)
  t.equal(table.lateMs(server), 400, 'one that replies often is one')
  table.replied(host(100), 20)
  t.equal(table.lateMs(server), UNKNOWN_LATE_MS_MIN, 'it may be far though all others are near')
  t.equal(table.timeoutMs(server), 400, 'and it is heard as long as before')
  t.equal(table.lateMs(server, 2), 2 * UNKNOWN_LATE_MS_MIN)
  for (let i = 101; i < 200; i++) table.replied(host(i), i % 5 === 0 ? 200 : 20)
  const usualMs = table.lateMs(server)
  t.ok(usualMs > 200 && usualMs < 400, `${usualMs} ms covers the fifth of them that are far`)
  for (let i = 200; i < 256; i++) table.replied(host(i), 1_000)
  t.equal(table.lateMs(server), 400, 'never more')
  table.clear()
  t.equal(table.lateMs(server), 400)
})

t.test('queries that were on their way together time out as one', async (t) => {
  const { table, time } = world()
  table.replied(server, 100)
  time.ms = 400
  for (const askedMs of [0, 50, 100, 399]) table.timedOut(server, askedMs)
  t.ok(table.mayAsk(server))
  t.equal(table.timeoutMs(server), 1200, 'once')
  time.ms = 1000
  table.timedOut(server, 400)
  t.ok(table.mayAsk(server))
  time.ms = 2200
  table.timedOut(server, 1000)
  t.ok(table.mayAsk(server), 'three, one after the other, but it answered a moment ago')
  time.ms = SILENCE_MS_BEFORE_BACK_OFF
  table.timedOut(server, 3000)
  t.notOk(table.mayAsk(server), 'silent for long enough')
})

t.test('three time-outs in a row are a pause, two are not', async (t) => {
  const { table, time } = world()
  table.timedOut(server)
  table.timedOut(server)
  t.ok(table.mayAsk(server))
  table.replied(server, 10)
  time.ms += SILENCE_MS_BEFORE_BACK_OFF
  table.timedOut(server)
  table.timedOut(server)
  t.ok(table.mayAsk(server))
  table.timedOut(server)
  t.notOk(table.mayAsk(server))
  t.ok(table.mayAsk(other))
  time.ms += 999
  t.notOk(table.mayAsk(server))
  time.ms += 1
  t.ok(table.mayAsk(server))
})

t.test('after a pause one query probes, and the pauses double to a minute', async (t) => {
  const { table, time } = world()
  const pauses: number[] = []
  for (let i = 0; i < 9; i++) {
    table.unreachable(server)
    const before = time.ms
    while (!table.mayAsk(server)) time.ms += 500
    pauses.push(time.ms - before)
    table.asked(server)
    t.notOk(table.mayAsk(server), 'nobody else asks while the probe is on its way')
  }
  t.same(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  time.ms += 2000
  t.ok(table.mayAsk(server), 'a probe that nothing is heard of blocks no longer than a time-out')
  table.asked(server)
  table.replied(server, 10)
  t.ok(table.mayAsk(server))
  table.asked(server)
  t.ok(table.mayAsk(server), 'a server that answers is no longer probed')
  table.unreachable(server)
  time.ms += 1000
  t.ok(table.mayAsk(server), 'and the next pause is the first again')
})

t.test('queries that fail together are one failure', async (t) => {
  const { table, time } = world()
  for (let i = 0; i < 20; i++) table.timedOut(server)
  time.ms += 1000
  t.ok(table.mayAsk(server))
})

t.test('EDNS', async (t) => {
  const { table, time } = world()
  table.ednsWorked(server)
  t.equal(table.edns(server), 'works')
  table.ednsBroke(server)
  t.equal(table.edns(server), 'broken')
  time.ms += 899_999
  table.replied(server, 10)
  t.equal(table.edns(server), 'broken')
  time.ms += 1
  t.equal(table.edns(server), 'unknown')
  table.ednsBroke(server)
  table.ednsWorked(server)
  t.equal(table.edns(server), 'works')
})

t.test('TCP only', async (t) => {
  const { table, time } = world()
  table.requireTcp(server)
  t.equal(table.tcpOnly(server), true)
  t.equal(table.tcpOnly(other), false)
  time.ms += 900_000
  t.equal(table.tcpOnly(server), false)
})

t.test('lame for a zone, for a quarter of an hour', async (t) => {
  const { table, time } = world()
  table.setLame(endpointKey(server), name('Example.'))
  t.ok(table.lame(server, name('eXample.')))
  t.notOk(table.lame(server, name('a.example.')))
  t.notOk(table.lame(other, name('example.')))
  t.ok(table.mayAsk(server), 'other zones may be asked of it')
  time.ms += 899_999
  t.ok(table.lame(server, name('example.')))
  time.ms += 1
  t.notOk(table.lame(server, name('example.')))
})

t.test('a server nobody asks is forgotten, one that is asked is not', async (t) => {
  const { table, time } = world()
  table.replied(server, 10)
  table.replied(other, 10)
  time.ms += 899_999
  table.asked(other)
  time.ms += 1
  t.equal(table.rttMs(server), undefined)
  t.equal(table.rttMs(other), 10)
})

t.test('is bounded, and can be cleared', async (t) => {
  const { table } = world(10)
  for (let i = 0; i < 50; i++) table.replied({ address: Uint8Array.of(192, 0, 2, i), port: 53 }, 10)
  t.equal(table.size, 10)
  table.setLame(endpointKey(server), name('example.'))
  table.clear()
  t.equal(table.size, 0)
  t.notOk(table.lame(server, name('example.')))
})
