/** Servers whose datagrams are lost, all of them or the large ones, and that answer by TCP. */
import t from 'tap'
import { UPSTREAM_TCP_AFTER_SILENCE_MAX } from '../../src/base/limits.ts'
import { type Behaviour, silent } from '../../src/lab/behaviours.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const HOSTS = 20
const TEXT = '"'.concat('x'.repeat(250), '" ').repeat(3)
const HOSTS_AND_TEXTS = Array.from({ length: HOSTS }, (_, i) => `h${i} A 192.0.2.${i}\nt${i} TXT ${TEXT}\n`)
const CONTENT = `${HOSTS_AND_TEXTS.join('')}* A 192.0.2.200\n`

/** A box on the way that drops datagrams above so many octets. */
function losesAbove(octets: number): Behaviour {
  return (inner) => (query, by) =>
    inner(query, by).filter(({ message }) => by === 'tcp' || message.length <= octets)
}

const losesLarge = losesAbove(512)

const knowsNoTcp: Behaviour = (inner) => (query, by) => (by === 'tcp' ? [] : inner(query, by))

/** Drops names that have this in them by either transport. */
const dropsBad: Behaviour = (inner) => (query, by) =>
  Buffer.from(query).includes('bad') ? [] : inner(query, by)

function withServers(make: typeof zone, behaviours: readonly Behaviour[], seed = 1): World {
  const servers = behaviours.map((behaviour, i) => ({ name: `ns${i}`, behaviour }))
  return makeWorld([make('z.test.', { content: CONTENT, servers })], { seed })
}

interface Took {
  readonly ms: number
  readonly rcode: number
  readonly status: string | undefined
  /** Questions to the zone's servers. */
  readonly udp: number
  readonly tcp: number
}

const GOOD = { rcode: RCODE.NOERROR, status: 'secure' }

async function ask(world: World, name: string, type: number): Promise<Took> {
  const before = world.network.sent.length
  const beganMs = world.clock.nowMs()
  const { rcode, status } = await world.ask(name, type)
  const ms = world.clock.nowMs() - beganMs
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 10_000)
  const roots = world.internet.rootHints.map(({ rdata }) => rdata.join('.'))
  const above = [world.addressOf('ns.test.'), ...roots]
  const sent = world.network.sent.slice(before).filter(({ address }) => !above.includes(address))
  const tcp = sent.filter(({ transport }) => transport === 'tcp').length
  return { ms, rcode, status, udp: sent.length - tcp, tcp }
}

for (const count of [1, 2, 3, 5, 12]) {
  t.test(`large datagrams are lost from ${count} server(s)`, async (t) => {
    const world = withServers(zone, Array(count).fill(losesLarge))
    const first = await ask(world, 't0.z.test', TYPE.TXT)
    t.match(first, GOOD)
    t.ok(first.ms < 5_000, `${first.ms} ms for the first`)
    const later: Took[] = []
    for (let i = 1; i < HOSTS; i++) later.push(await ask(world, `t${i}.z.test`, TYPE.TXT))
    for (const one of later) t.match(one, GOOD)
    const slow = later.filter(({ ms }) => ms > 100)
    t.ok(slow.length <= 3, `${slow.length} that take more than 100 ms when it is known`)
    t.match(await ask(world, 'h1.z.test', TYPE.A), { ...GOOD, udp: 1, tcp: 0 }, 'what comes through is not')
  })
}

t.test('only the keys are too large', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = withServers(zone, Array(3).fill(losesAbove(250)), seed)
    const first = await ask(world, 'h0.z.test', TYPE.A)
    t.match(first, GOOD)
    t.ok(first.ms < 2_500, `${first.ms} ms`)
    t.match(await ask(world, 'h1.z.test', TYPE.A), { ...GOOD, udp: 1, tcp: 0 })
  }
})

t.test('a server that is silent by UDP, to all', async (t) => {
  const world = withServers(plainZone, [losesAbove(0)])
  t.match(await ask(world, 'h0.z.test', TYPE.A), { rcode: RCODE.NOERROR, udp: 2, tcp: 1 })
  t.match(await ask(world, 'h1.z.test', TYPE.A), { rcode: RCODE.NOERROR, udp: 1, tcp: 1 })
})

t.test('one connection that is lost does not end it', async (t) => {
  let loses = false
  const losing: Behaviour = (inner) => (query, by) =>
    by === 'tcp' && loses ? [] : losesLarge(inner)(query, by)
  const world = withServers(plainZone, [losing])
  const texts = async (from: number, to: number): Promise<number[]> => {
    const rcodes = []
    for (let i = from; i < to; i++) rcodes.push((await ask(world, `t${i}.z.test`, TYPE.TXT)).rcode)
    return rcodes
  }
  t.same(await texts(0, 3), Array(3).fill(RCODE.NOERROR))
  loses = true
  t.same(await texts(3, 5), Array(2).fill(RCODE.SERVFAIL))
  loses = false
  t.same(await texts(5, 8), Array(3).fill(RCODE.NOERROR))
})

t.test('a name that is dropped by TCP too costs one connection in a quarter of an hour', async (t) => {
  const world = withServers(plainZone, [dropsBad])
  await ask(world, 'h0.z.test', TYPE.A)
  t.match(await ask(world, 'bad0.z.test', TYPE.A), { rcode: RCODE.SERVFAIL, udp: 4, tcp: 1 })
  for (let i = 1; i < 10; i++) {
    t.match(await ask(world, `bad${i}.z.test`, TYPE.A), { rcode: RCODE.SERVFAIL, tcp: 0 })
    t.match(await ask(world, `h${i}.z.test`, TYPE.A), { rcode: RCODE.NOERROR, udp: 1, tcp: 0 })
  }
  world.pass(901)
  await ask(world, 'h11.z.test', TYPE.A)
  t.match(await ask(world, 'bad11.z.test', TYPE.A), { tcp: 1 })
})

t.test('one that lives and knows no TCP, behind eight that are dead', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = withServers(plainZone, [knowsNoTcp, ...Array(8).fill(silent)], seed)
    t.match(await ask(world, 'h0.z.test', TYPE.A), { rcode: RCODE.NOERROR })
  }
})

t.test('of many dead servers few are asked by TCP', async (t) => {
  const world = withServers(plainZone, Array(6).fill(silent))
  t.match(await ask(world, 'h0.z.test', TYPE.A), {
    rcode: RCODE.SERVFAIL,
    tcp: UPSTREAM_TCP_AFTER_SILENCE_MAX,
  })
})
