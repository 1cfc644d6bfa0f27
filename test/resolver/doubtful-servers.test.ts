/** Servers and delegations that are half right: second-hand answers, empty ones, addresses that are out of date. */
import t from 'tap'
import type { Rewrite } from '../../src/lab/authority.ts'
import { type Behaviour, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { isSubdomainOf, namesEqual } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, WWW, withTtl, zone } from '../support/world.ts'

const MANY = Array.from({ length: 40 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')
const FLAG_AA = 0x04
const FLAG_RA = 0x80

/** Recursion offered, no authority claimed: a resolver where a server should be. */
const secondHand: Behaviour = (inner) => (query, transport) =>
  inner(query, transport).map(({ message, delayMs }) => {
    const copy = message.slice()
    copy[2]! &= ~FLAG_AA
    copy[3]! |= FLAG_RA
    return { message: copy, delayMs }
  })

/** NOERROR, AA, and nothing else. */
const emptyHanded: Behaviour = (inner) => (query, transport) =>
  inner(query, transport).map(({ message, delayMs }) => {
    const end = 12 + questionOctets(query)
    const copy = message.slice(0, end)
    copy.fill(0, 6, 12)
    copy[2]! |= FLAG_AA
    copy[3]! &= 0xf0
    return { message: copy, delayMs }
  })

function questionOctets(query: Uint8Array): number {
  let at = 12
  while (query[at] !== 0) at += query[at]! + 1
  return at + 5 - 12
}

function twoServers(first: Behaviour | undefined, second: Behaviour | undefined, change = {}): LabZone {
  const servers = [first, second].map((behaviour, i) => ({
    name: `ns${i + 1}`,
    ...(behaviour === undefined ? {} : { behaviour }),
  }))
  return plainZone('z.test.', { content: MANY, servers, ...change })
}

/** What the second server of the zone has is other data. */
function worldWithOld(behaviour: Behaviour, seed = 1): World {
  const world = makeWorld([twoServers(undefined, undefined)], { seed })
  const old = makeWorld([
    plainZone('z.test.', {
      content: MANY.replaceAll('192.0.2.', '198.51.100.'),
      servers: [{ name: 'ns1' }, { name: 'ns2', behaviour }],
    }),
  ])
  const ns2 = world.addressOf('ns2.z.test.')
  world.network.attach(ns2, old.internet.authorities.get(ns2)!)
  return world
}

function firstAddress(reply: Awaited<ReturnType<World['ask']>>): string | undefined {
  return reply.message.answer[0]?.rdata.join('.')
}

t.test('who has it from somebody is believed only when no authority is to be had', async (t) => {
  const world = worldWithOld(secondHand)
  for (let i = 0; i < 30; i++) {
    t.equal(firstAddress(await world.ask(`h${i}.z.test`, TYPE.A)), `192.0.2.${i}`)
  }
  t.ok(world.asked('ns2.z.test.').length <= 2, 'and it is left alone after that')
  const only = makeWorld([twoServers(secondHand, silent)])
  t.equal(firstAddress(await only.ask('h1.z.test', TYPE.A)), '192.0.2.1')
  const both = makeWorld([twoServers(secondHand, secondHand)])
  for (let i = 0; i < 10; i++) t.equal(firstAddress(await both.ask(`h${i}.z.test`, TYPE.A)), `192.0.2.${i}`)
  t.ok(
    both.asked().filter((question) => question.startsWith('h')).length <= 11,
    'one question a name in the end',
  )
})

t.test('nor by who joins a question for the part of a longer name', async (t) => {
  for (let seed = 1; seed <= 10; seed++) {
    const world = worldWithOld(secondHand, seed)
    const [, whole] = await world.askAll([
      ['a.h1.z.test', TYPE.A],
      ['h1.z.test', TYPE.A],
    ])
    t.equal(firstAddress(whole!), '192.0.2.1', `seed ${seed}`)
  }
})

t.test('what is signed is not doubted, whoever has it', async (t) => {
  const world = makeWorld([
    zone('z.test.', {
      content: MANY,
      servers: [
        { name: 'ns1', behaviour: secondHand },
        { name: 'ns2', behaviour: secondHand },
      ],
    }),
  ])
  await world.ask('h1.z.test', TYPE.A)
  t.equal((await world.ask('h2.z.test', TYPE.A)).status, 'secure')
  t.equal(world.asked().filter((question) => question.startsWith('h2.')).length, 1)
})

t.test('an empty answer is asked of another server, and believed where there is no other', async (t) => {
  const world = makeWorld([twoServers(emptyHanded, undefined)])
  for (let i = 0; i < 20; i++) {
    t.equal(firstAddress(await world.ask(`h${i}.z.test`, TYPE.A)), `192.0.2.${i}`)
  }
  const all = makeWorld([twoServers(emptyHanded, emptyHanded)])
  const reply = await all.ask('h1.z.test', TYPE.A)
  t.same([reply.rcode, reply.message.answer.length], [RCODE.NOERROR, 0])
  t.equal(all.asked().filter((question) => question === 'h1.z.test. A').length, 2)
})

/** In the additional section of referrals, this address of a server in place of the true one. */
function glueSays(server: string, address: string): Rewrite {
  const wrong = rrsetsFrom(`${server} 3600 IN A ${address}`)
  return (answer) => ({
    ...answer,
    additional: [
      ...answer.additional.filter((set) => set.type !== TYPE.A || !namesEqual(set.owner, nameFrom(server))),
      ...wrong,
    ],
  })
}

const HOSTED = plainZone('z.test.', {
  content: MANY,
  servers: [{ name: 'ns.hoster.test.', address: { of: 'hoster.test.' } }],
})

t.test('where glue leads nowhere, the zone of the server says where it is', async (t) => {
  const wrong = glueSays('ns.hoster.test.', '127.9.9.9')
  const atParent: Rewrite = (answer, question) =>
    isSubdomainOf(question.name, nameFrom('z.test')) ? wrong(answer, question, undefined) : answer
  for (const signed of [true, false]) {
    const hoster = signed ? zone('hoster.test.') : plainZone('hoster.test.')
    const world = makeWorld([zone('test.', { content: '', rewrites: () => [atParent] }), hoster, HOSTED])
    t.equal(firstAddress(await world.ask('h1.z.test', TYPE.A)), '192.0.2.1', `${signed}`)
    t.ok(
      world.network.sent.some(({ address }) => address === '127.9.9.9'),
      'glue was tried first',
    )
  }
})

t.test('where a proven address leads nowhere, glue is tried', async (t) => {
  const world = makeWorld([zone('hoster.test.', { defects: [withTtl({}, 86_400)] }), HOSTED])
  await world.ask('h1.z.test', TYPE.A)
  await world.ask('ns.hoster.test', TYPE.A)
  const address = world.addressOf('ns.hoster.test.')
  world.network.detach(address)
  const moved = glueSays('ns.hoster.test.', '127.0.99.1')
  const now = makeWorld([
    zone('test.', { content: '', rewrites: () => [moved] }),
    zone('hoster.test.'),
    HOSTED,
  ])
  for (const [at, authority] of now.internet.authorities)
    if (at !== address) world.network.attach(at, authority)
  world.network.attach('127.0.99.1', now.internet.authorities.get(now.addressOf('ns.hoster.test.'))!)
  world.pass(3_700)
  t.equal(firstAddress(await world.ask('h2.z.test', TYPE.A)), '192.0.2.2')
})

t.test('what a zone said of its own server is no way to it once the parent says otherwise', async (t) => {
  const zones = (change: Partial<LabZone> = {}): LabZone[] => [
    zone('test.', { content: '', defects: [withTtl({}, 60)] }),
    plainZone('z.test.', { content: MANY, defects: [withTtl({}, 86_400)], ...change }),
  ]
  const world = makeWorld(zones())
  await world.ask('ns.z.test', TYPE.A)
  const old = world.addressOf('ns.z.test.')
  const moved = glueSays('ns.z.test.', '127.0.99.1')
  const now = makeWorld([zone('test.', { content: '', rewrites: () => [moved] }), zones()[1]!])
  world.network.attach(world.addressOf('ns.test.'), now.internet.authorities.get(now.addressOf('ns.test.'))!)
  world.pass(86_000)
  world.forget()
  t.equal((await world.ask('h1.z.test', TYPE.A)).rcode, RCODE.SERVFAIL)
  t.ok(world.network.sent.some(({ address }) => address === '127.0.99.1'))
  t.notOk(world.asked('ns.z.test.').includes('h1.z.test. A'), `${old} is not asked`)
})

t.test('a dead zone costs few questions, however many of its names are asked for', async (t) => {
  const servers = Array.from({ length: 8 }, (_, i) => ({ name: `ns${i}.hoster.test.`, behaviour: silent }))
  const world = makeWorld([zone('hoster.test.'), plainZone('z.test.', { content: MANY, servers })])
  for (let i = 0; i < 30; i++) t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).rcode, RCODE.SERVFAIL)
  t.ok(world.asked().length < 80, `${world.asked().length}`)
})

// --- glue that is checked -----------------------------------------------------------------------------------------

t.test('verifyGlue: addresses outside the zone are those that their own zone gives', async (t) => {
  const wrong = glueSays('ns.hoster.test.', '127.9.9.9')
  const atParent: Rewrite = (answer, question) =>
    isSubdomainOf(question.name, nameFrom('z.test')) ? wrong(answer, question, undefined) : answer
  const zones = [zone('test.', { content: '', rewrites: () => [atParent] }), zone('hoster.test.'), HOSTED]
  const world = makeWorld(zones, { settings: { verifyGlue: true } })
  t.equal(firstAddress(await world.ask('h1.z.test', TYPE.A)), '192.0.2.1')
  t.notOk(
    world.network.sent.some(({ address }) => address === '127.9.9.9'),
    'nobody went where the glue said',
  )
  const own = makeWorld([zone('own.test.')], { settings: { verifyGlue: true } })
  t.equal(
    (await own.ask('www.own.test', TYPE.A)).status,
    'secure',
    'glue inside the zone is all there can be',
  )
})

t.test('verifyGlue: glue serves where its zone does not have the name', async (t) => {
  const world = makeWorld([zone('hoster.test.', { content: WWW, rewrites: () => [hides] }), HOSTED], {
    settings: { verifyGlue: true },
  })
  t.equal(firstAddress(await world.ask('h1.z.test', TYPE.A)), '192.0.2.1')
})

const hides: Rewrite = (answer, question) =>
  namesEqual(question.name, nameFrom('ns.hoster.test'))
    ? { ...answer, rcode: RCODE.REFUSED, answer: [] }
    : answer
