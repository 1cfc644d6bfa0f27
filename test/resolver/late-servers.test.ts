/** Servers that are late, silent or out of reach: what it costs those who wait, and what is learnt of it. */
import t from 'tap'
import {
  LATE_BEFORE_FAMILY_ASIDE,
  RACERS_MAX,
  UPSTREAM_SILENCES_MAX,
  UPSTREAM_TIMEOUT_MS_MIN,
} from '../../src/base/limits.ts'
import type { Rewrite } from '../../src/lab/authority.ts'
import { answeringEvery, type Behaviour, delayed, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { collector } from '../support/engine.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const NAMES = 1_000
const MANY = Array.from({ length: NAMES }, (_, i) => `h${i} A 192.0.2.1`).join('\n')
/** What the lab's network takes, and the step of the virtual clock between questions. */
const RTT_MS = 10
/** Longer than what is late, and shorter than what is given up. */
const SLOW_MS = 150

function served(...behaviours: (Behaviour | undefined)[]): LabZone {
  const servers = behaviours.map((behaviour, i) => ({
    name: `ns${i + 1}`,
    ...(behaviour === undefined ? {} : { behaviour }),
  }))
  return plainZone('z.test.', { content: MANY, servers })
}

/** How long one name takes. */
async function waitOf(world: World, i: number): Promise<number> {
  const startMs = world.clock.nowMs()
  const reply = await world.ask(`h${i}.z.test`, TYPE.A)
  if (reply.rcode !== RCODE.NOERROR) throw new Error(`h${i}: ${reply.ede?.text}`)
  return world.clock.nowMs() - startMs
}

/** Late the first time it is asked when `isOn`. */
function lateWhen(isOn: () => boolean, delayMs: number): Behaviour {
  return (inner) => (query, transport) => (isOn() ? delayed(delayMs)(inner) : inner)(query, transport)
}

t.test('a server that is late is raced, and the first good reply wins', async (t) => {
  let isSlow = false
  const slow = lateWhen(() => isSlow, SLOW_MS)
  const world = makeWorld([served(slow, slow)])
  for (let i = 0; i < 20; i++) await waitOf(world, i)
  isSlow = true
  world.forget()
  const waitMs = await waitOf(world, 20)
  t.equal(waitMs, RTT_MS + SLOW_MS, 'the one that was asked first answered first, late as it was')
  t.ok(world.asked().length >= 2, 'others were asked meanwhile')
  t.equal(world.counts.get('race first'), 1)
  world.clock.advance(2_000)
  world.forget()
  t.equal(await waitOf(world, 21), RTT_MS + SLOW_MS)
  t.equal(world.counts.get('race first'), 1, 'both are known to be slower now')
})

t.test('one lost datagram costs the time in which a reply usually comes, not more', async (t) => {
  let drop = 0
  const losing: Behaviour = (inner) => (query, transport) => (drop-- > 0 ? [] : inner(query, transport))
  const world = makeWorld([served(losing, losing)])
  for (let i = 0; i < 20; i++) await waitOf(world, i)
  let longestMs = 0
  for (let i = 20; i < 60; i++) {
    drop = 1
    longestMs = Math.max(longestMs, await waitOf(world, i))
    world.clock.advance(100)
  }
  t.equal(longestMs, UPSTREAM_TIMEOUT_MS_MIN + RTT_MS)
  t.equal(world.counts.get('race other'), 40)
})

t.test('a zone with one server: the question is put again while the first is still out', async (t) => {
  const world = makeWorld([served(answeringEvery(2))])
  await world.ask('h0.z.test', TYPE.A)
  world.forget()
  const waitMs = await waitOf(world, 1)
  t.equal(waitMs, UPSTREAM_TIMEOUT_MS_MIN + RTT_MS)
  t.equal(world.asked().length, 2)
})

t.test('what comes too late still tells how far its server is', async (t) => {
  let isSlow = false
  const far = lateWhen(() => isSlow, SLOW_MS)
  const world = makeWorld([served(far, undefined)])
  for (let i = 0; i < 20; i++) await waitOf(world, i)
  isSlow = true
  for (let i = 20; i < 60; i++) {
    await waitOf(world, i)
    world.clock.advance(50)
  }
  let longestMs = 0
  for (let i = 60; i < 100; i++) {
    longestMs = Math.max(longestMs, await waitOf(world, i))
    world.clock.advance(50)
  }
  t.equal(longestMs, RTT_MS, 'nobody waits for the one that is far by now')
})

for (const pauseMs of [600, 2_500]) {
  t.test(`a dead address lets one question in a minute wait, one name in ${pauseMs} ms`, async (t) => {
    const world = makeWorld([served(silent, undefined, undefined)])
    const waits: number[] = []
    const startMs = world.clock.nowMs()
    for (let i = 0; i < NAMES; i++) {
      const askedMs = world.clock.nowMs()
      if ((await waitOf(world, i)) > 4 * RTT_MS && i > 0) waits.push(askedMs - startMs)
      world.clock.advance(pauseMs)
    }
    const minutes = (world.clock.nowMs() - startMs) / 60_000
    t.ok(minutes > 9, `${minutes} minutes`)
    for (const [i, at] of waits.entries()) t.ok(i === 0 || at - waits[i - 1]! >= 60_000, `${waits}`)
    const asked = world.asked('ns1.z.test.').length
    t.ok(asked > 3 && asked < 2 * minutes + 10, `looked at ${asked} times in ${minutes} minutes`)
  })
}

t.test('the only server of a zone is dead: one question in a minute waits for it', async (t) => {
  const world = makeWorld([served(silent)])
  let waited = 0
  let previous = 0
  const startMs = world.clock.nowMs()
  for (let i = 0; i < 1_000; i++) {
    const askedMs = world.clock.nowMs()
    t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).rcode, RCODE.SERVFAIL)
    if (world.clock.nowMs() - askedMs > RTT_MS && askedMs - startMs > 120_000) {
      if (waited++ > 0) t.ok(askedMs - previous >= 60_000, `${askedMs - previous} ms`)
      previous = askedMs
    }
    world.clock.advance(600)
  }
  t.ok(waited >= 3, `${waited} times in ten minutes`)
})

t.test('racing is bounded by the allowance, and so is what is out at a time', async (t) => {
  const world = makeWorld([served(...Array.from({ length: 12 }, () => silent))])
  const { events, trace } = collector()
  await world.ask('h0.z.test', TYPE.A, trace)
  const exchanges = events
    .filter((event) => event.kind === 'exchange')
    .filter((exchange) => formatName(exchange.zone) === 'z.test.')
  t.ok(exchanges.length <= UPSTREAM_SILENCES_MAX + 3, `${exchanges.length} questions`)
  const byUdp = exchanges.filter(({ transport }) => transport === 'udp')
  const outAt = (ms: number): number =>
    byUdp.filter(({ startMs, rttMs }) => startMs <= ms && ms < startMs + rttMs).length
  t.equal(Math.max(...exchanges.map(({ startMs }) => outAt(startMs))), RACERS_MAX)
})

/** Zones `z0.test.` and so on, each with a server that has an address of either family. */
function dualStack(zones: number): LabZone[] {
  const sixth: Rewrite = (answer) => ({
    ...answer,
    additional: answer.additional.flatMap((set) => {
      const number = /^ns\.z([0-9]+)\./.exec(formatName(set.owner))?.[1]
      if (set.type !== TYPE.A || number === undefined) return [set]
      return [set, ...rrsetsFrom(`ns.z${number}.test. 3600 IN AAAA 2001:db8::${number}`)]
    }),
  })
  return [
    zone('test.', { content: '', rewrites: () => [sixth] }),
    ...Array.from({ length: zones }, (_, i) => plainZone(`z${i}.test.`)),
  ]
}

t.test('IPv6 without a way out is set aside, and found again', async (t) => {
  const world = makeWorld(dualStack(300), { settings: { ipv6: true } })
  const zoneWaits = async (from: number, to: number): Promise<number> => {
    let late = 0
    for (let i = from; i < to; i++) {
      const startMs = world.clock.nowMs()
      t.equal((await world.ask(`www.z${i}.test`, TYPE.A)).rcode, RCODE.NOERROR)
      if (world.clock.nowMs() - startMs > 4 * RTT_MS) late++
      world.clock.advance(1_000)
    }
    return late
  }
  const sixth = (): number => world.network.sent.filter(({ address }) => address.includes(':')).length
  t.ok((await zoneWaits(0, 100)) <= LATE_BEFORE_FAMILY_ASIDE + 1, 'few had to wait')
  t.ok(sixth() < 25, `${sixth()} questions by IPv6 for a hundred zones`)
  for (let i = 0; i < 300; i++) {
    const four = world.addressOf(`ns.z${i}.test.`)
    world.network.attach(`2001:db8::${i}`, world.internet.authorities.get(four)!)
  }
  await zoneWaits(100, 200)
  const before = sixth()
  t.equal(await zoneWaits(200, 300), 0)
  t.ok(sixth() - before > 30, `${sixth() - before} questions by IPv6 for a hundred zones`)
})

t.test('the trace tells of every question that was out, when, and for how long', async (t) => {
  let isSlow = false
  const world = makeWorld([
    served(
      lateWhen(() => isSlow, SLOW_MS),
      undefined,
    ),
  ])
  for (let i = 0; i < 20; i++) await waitOf(world, i)
  isSlow = true
  for (let i = 20; i < 60; i++) {
    const { events, trace } = collector()
    world.forget()
    await world.ask(`h${i}.z.test`, TYPE.A, trace)
    const exchanges = events.filter((event) => event.kind === 'exchange')
    t.equal(exchanges.length, world.asked().length, 'none is left out')
    for (const { startMs, rttMs, timeoutMs } of exchanges) {
      t.ok(startMs + rttMs <= world.clock.nowMs() && rttMs <= timeoutMs)
    }
    if (exchanges.length < 2) continue
    t.same(exchanges.map(({ outcome }) => outcome).sort(), ['late', 'rcode 0'])
    return
  }
  t.fail('no question was late')
})
