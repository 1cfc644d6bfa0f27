/** Which server is asked, how often, and what is remembered of it. */
import t from 'tap'
import { failure, type Rewrite } from '../../src/lab/authority.ts'
import { type Behaviour, delayed, failing, lame, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { labelCount } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, WWW, zone } from '../support/world.ts'

const MANY = Array.from({ length: 250 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')

function served(...behaviours: (Behaviour | undefined)[]): LabZone {
  const servers = behaviours.map((behaviour, i) => ({
    name: `ns${i + 1}`,
    ...(behaviour === undefined ? {} : { behaviour }),
  }))
  return plainZone('z.test.', { content: MANY, servers })
}

/** Asks for names one after the other; the share of questions that the first server got, in percent. */
async function shareOfFirst(world: World, names: number, from = 0): Promise<number> {
  world.forget()
  for (let i = from; i < from + names; i++) {
    const reply = await world.ask(`h${i}.z.test`, TYPE.A)
    if (reply.rcode !== RCODE.NOERROR) throw new Error(`h${i}: ${reply.ede?.text}`)
    world.clock.advance(20)
  }
  return (100 * world.asked('ns1.z.test.').length) / names
}

t.test('the faster of two gets most questions, the other a few', async (t) => {
  const world = makeWorld([served(delayed(100), undefined)])
  await shareOfFirst(world, 20)
  const share = await shareOfFirst(world, 200, 20)
  t.ok(share > 0.5 && share < 12, `the slow one: ${share} %`)
})

t.test('servers as fast as each other share the load', async (t) => {
  const world = makeWorld([served(undefined, delayed(5))])
  const share = await shareOfFirst(world, 200)
  t.ok(share > 35 && share < 65, `${share} %`)
})

t.test('a dead server costs little', async (t) => {
  const world = makeWorld([served(silent, undefined)])
  const startMs = world.clock.nowMs()
  const share = await shareOfFirst(world, 200)
  const perNameMs = (world.clock.nowMs() - startMs) / 200 - 20
  t.ok(share < 4, `asked for ${share} % of the names`)
  t.ok(perNameMs < 25, `${perNameMs} ms a name`)
})

t.test('a dead server of a zone that is seldom asked for costs little too', async (t) => {
  const world = makeWorld([served(silent, undefined)])
  let asked = 0
  for (let i = 0; i < 100; i++) {
    world.pass(61)
    world.forget()
    await world.ask(`h${i}.z.test`, TYPE.A)
    asked += world.asked('ns1.z.test.').length
  }
  t.ok(asked < 15, `asked ${asked} times for 100 names`)
})

t.test('a server that comes back is found again', async (t) => {
  const world = makeWorld([served(silent, undefined)])
  await shareOfFirst(world, 100)
  world.become([served(undefined, delayed(100))])
  await shareOfFirst(world, 100, 100)
  world.pass(61)
  const share = await shareOfFirst(world, 50, 200)
  t.ok(share > 50, `${share} %`)
})

t.test('a lame server is asked last for a quarter of an hour', async (t) => {
  for (const behaviour of [lame, failing(RCODE.REFUSED)]) {
    const world = makeWorld([served(behaviour, undefined)])
    await shareOfFirst(world, 20)
    t.equal(await shareOfFirst(world, 50, 20), 0)
    world.pass(901)
    t.ok((await shareOfFirst(world, 50, 70)) > 0)
  }
})

t.test('when the others fail, the lame one is asked all the same', async (t) => {
  const world = makeWorld([served(lame, undefined)])
  await shareOfFirst(world, 20)
  world.become([served(undefined, silent)])
  t.equal((await world.ask('h100.z.test', TYPE.A)).rcode, RCODE.NOERROR)
})

t.test('a server that refuses minimised questions is not lame', async (t) => {
  const refuses: Rewrite = (answer, question) =>
    labelCount(question.name) === 3 ? { ...failure(RCODE.REFUSED) } : answer
  const content = Array.from({ length: 60 }, (_, i) => `h${i}.b${i} A 192.0.2.1`).join('\n')
  const servers = [{ name: 'ns1' }, { name: 'ns2' }]
  const world = makeWorld([plainZone('z.test.', { content, servers })])
  const picky = makeWorld([plainZone('z.test.', { content, servers, rewrites: () => [refuses] })])
  const ns1 = picky.addressOf('ns1.z.test.')
  world.network.attach(ns1, picky.internet.authorities.get(ns1)!)
  for (let i = 0; i < 60; i++) await world.ask(`h${i}.b${i}.z.test`, TYPE.A)
  const whole = world.asked('ns1.z.test.').filter((question) => question.startsWith('h'))
  t.ok(whole.length > 15, `${whole.length} of 60 whole questions`)
})

t.test('proven addresses of a server go before glue', async (t) => {
  const wrongGlue: Rewrite = (answer) => ({
    ...answer,
    additional: answer.additional.map((set) => ({ ...set, rdatas: [Uint8Array.of(127, 9, 9, 9)] })),
  })
  const zones = (rewrites: Rewrite[]): LabZone[] => [
    zone('test.', { content: '', rewrites: () => rewrites }),
    zone('z.test.', { content: MANY }),
  ]
  const world = makeWorld(zones([]))
  await world.ask('h1.z.test', TYPE.A)
  t.equal((await world.ask('ns.z.test', TYPE.A)).status, 'secure')
  world.rrsets.remove(nameFrom('z.test'), TYPE.NS)
  world.rrsets.putGlue({ ...rrsetsFrom('ns.z.test. 3600 IN A 127.9.9.9')[0]! })
  world.become(zones([wrongGlue]))
  t.equal((await world.ask('h2.z.test', TYPE.A)).status, 'secure')
  t.notOk(world.network.sent.some(({ address }) => address === '127.9.9.9'))
})

t.test('a server that fails now and then is not lame', async (t) => {
  const world = makeWorld([served(failing(RCODE.SERVFAIL), undefined)])
  await shareOfFirst(world, 20)
  t.ok((await shareOfFirst(world, 50, 20)) > 20)
})

t.test('bad data from one server is asked of another before anybody hears bogus', async (t) => {
  const bad = zone('z.test.', { content: MANY, signing: { algorithm: 13, days: [-60, -30] } })
  const good = zone('z.test.', { content: MANY, servers: [{ name: 'ns1' }, { name: 'ns2' }] })
  const world = makeWorld([good])
  const stale = makeWorld([bad]).internet.authorities
  // The first server still serves the zone of two months ago, keys and all.
  world.network.attach(world.addressOf('ns1.z.test.'), stale.get(makeWorld([bad]).addressOf('ns.z.test.'))!)
  for (let i = 0; i < 20; i++) {
    const reply = await world.ask(`h${i}.z.test`, TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  }
})

t.test('addresses of IPv6 are looked up only where there are none of IPv4', async (t) => {
  const hosted = plainZone('z.test.', {
    servers: [{ name: 'ns.hoster.test.', address: { of: 'hoster.test.' } }],
  })
  const world = makeWorld([zone('hoster.test.'), hosted], { settings: { ipv6: true } })
  await world.ask('www.z.test', TYPE.A)
  t.same(
    world.asked('ns.hoster.test.').filter((question) => question.startsWith('ns.')),
    [],
    'the glue was at hand',
  )
  const away = plainZone('z.test.', { servers: [{ name: 'www.hoster.test.', address: 'none' }] })
  const other = makeWorld([zone('hoster.test.', { content: WWW }), away], { settings: { ipv6: true } })
  await other.ask('www.z.test', TYPE.A)
  t.same(other.asked('ns.hoster.test.'), ['www.hoster.test. A', 'www.hoster.test. AAAA'], 'or nobody answers')
  const six = makeWorld([zone('hoster.test.', { content: 'www AAAA 2001:db8::1\n' }), away], {
    settings: { ipv6: true },
  })
  await six.ask('www.z.test', TYPE.A)
  t.same(six.asked('ns.hoster.test.'), ['www.hoster.test. A', 'www.hoster.test. AAAA'])
  t.ok(six.network.sent.some(({ address }) => address === '2001:db8::1'))
  const four = makeWorld([zone('hoster.test.', { content: 'www AAAA 2001:db8::1\n' }), away])
  await four.ask('www.z.test', TYPE.A)
  t.same(four.asked('ns.hoster.test.'), ['www.hoster.test. A'], 'the family is off')
})
