/** One question to one server: truncation, TCP, EDNS, and messages that are not what they should be. */
import t from 'tap'
import { type Prefix, parsePrefix } from '../../src/base/prefix.ts'
import type { LabReply, Rewrite } from '../../src/lab/authority.ts'
import {
  type Behaviour,
  failing,
  formErrOnEdns,
  ignoresEdns,
  inOrder,
  tcpOnly,
  udpOnly,
  wrongIdsFirst,
} from '../../src/lab/behaviours.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { makeWorld, plainZone, type World, WWW, zone } from '../support/world.ts'

const MANY = Array.from({ length: 60 }, (_, i) => `h${i} A 192.0.2.${i}`).join('\n')

/** How the server of `z.test.` was asked for addresses: `udp`, `udp plain` without OPT, `tcp`. */
function ways(world: World): string[] {
  const address = world.addressOf('ns.z.test.')
  return world.network.sent
    .filter((sent) => sent.address === address)
    .map(({ transport, message }) => ({ transport, ...parseMessage(message) }))
    .filter(({ questions }) => questions[0]?.type !== TYPE.DNSKEY)
    .map(({ transport, edns }) => (edns === undefined ? `${transport} plain` : transport))
}

/** Changes every reply by its octets. */
function altered(alter: (message: Uint8Array, transport: 'udp' | 'tcp') => Uint8Array): Behaviour {
  return (inner) => (query, transport) =>
    inner(query, transport).map((reply) => ({ ...reply, message: alter(reply.message.slice(), transport) }))
}

/** Sends something before the true reply, which comes later. */
function preceded(make: (reply: Uint8Array) => Uint8Array): Behaviour {
  return (inner) => (query, transport) => {
    const replies = inner(query, transport)
    if (transport === 'tcp') return replies
    const forged = replies.map((reply): LabReply => ({ message: make(reply.message.slice()), delayMs: 0 }))
    return [...forged, ...replies.map(({ message }) => ({ message, delayMs: 5 }))]
  }
}

t.test('every question says DO, 1232 octets and neither RD nor CD', async (t) => {
  const world = makeWorld([zone('z.test.')])
  await world.ask('www.z.test', TYPE.A)
  const ids = new Set<number>()
  for (const { message } of world.network.sent) {
    const { edns, rd, cd, ad, id } = parseMessage(message)
    t.same([edns?.do, edns?.udpPayloadOctets, rd, cd, ad], [true, 1232, false, false, false])
    ids.add(id)
  }
  t.equal(ids.size, world.network.sent.length)
})

t.test('a truncated answer is fetched by TCP, and one that was cut anywhere too', async (t) => {
  const cut = altered((message, transport) => {
    if (transport === 'tcp') return message
    message[2]! |= 0x02
    return message.subarray(0, message.length - 7)
  })
  for (const behaviour of [tcpOnly, cut]) {
    const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour }] })])
    const reply = await world.ask('www.z.test', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    t.same(ways(world).slice(0, 2), ['udp', 'tcp'])
  }
})

t.test('truncated, and nobody listens on TCP: one clear line (V48)', async (t) => {
  const world = makeWorld([
    zone('z.test.', { servers: [{ name: 'ns', behaviour: inOrder(tcpOnly, udpOnly) }] }),
  ])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.ede?.code, EDE.NO_REACHABLE_AUTHORITY)
  t.match(reply.ede?.text, /^z\.test\.: 127\.[\d.]+@53: timeout by TCP$/)
  const root = makeWorld([
    zone('.', { content: '', servers: [{ name: 'a.root-servers.test.', behaviour: truncatesKeys }] }),
  ])
  const keys = await root.ask('test', TYPE.SOA)
  t.equal(keys.status, 'bogus')
  t.same(
    keys.edes.map(({ code }) => code),
    [EDE.DNSKEY_MISSING, EDE.NO_REACHABLE_AUTHORITY],
  )
  t.match(keys.ede?.text, /^DNSKEY of \.: \.: 127\.[\d.]+@53: timeout by TCP$/)
})

/** The root's DNSKEY set of 2026-10-04 did not fit 1,232 octets. */
const truncatesKeys: Behaviour = (inner) => (query, transport) =>
  parseMessage(query).questions[0]?.type === TYPE.DNSKEY
    ? inOrder(tcpOnly, udpOnly)(inner)(query, transport)
    : inner(query, transport)

t.test('truncated by TCP as well: no answer', async (t) => {
  const always = altered((message) => {
    message[2]! |= 0x02
    return message
  })
  const world = makeWorld([plainZone('z.test.', { servers: [{ name: 'ns', behaviour: always }] })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.ede?.code, EDE.OTHER)
})

t.test('address records of a wrong length are left out, and the client is told', async (t) => {
  const adds: Rewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) =>
      set.type === TYPE.A ? { ...set, rdatas: [...set.rdatas, Uint8Array.of(1, 2, 3)] } : set,
    ),
  })
  const world = makeWorld([plainZone('z.test.', { rewrites: () => [adds] })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.NOERROR)
  t.equal(reply.message.answer.length, 1)
  t.equal(reply.ede?.code, EDE.OTHER)
  t.match(reply.ede?.text, 'wrong length')
})

t.test('messages that cannot be read send the question to the next server', async (t) => {
  const junk = altered((message) => {
    message[7] = 200
    return message
  })
  const world = makeWorld([
    zone('z.test.', { content: MANY, servers: [{ name: 'ns1', behaviour: junk }, { name: 'ns2' }] }),
  ])
  for (let i = 0; i < 10; i++) t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).status, 'secure')
  const only = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: junk }] })])
  const reply = await only.ask('www.z.test', TYPE.A)
  t.equal(reply.ede?.code, EDE.OTHER)
  t.equal(only.counts.get('failure malformed'), 2, 'the answer, and the keys beside it')
})

// --- EDNS ---------------------------------------------------------------------------------------------------------

t.test('a server that calls OPT malformed is asked without, and that is remembered (V06)', async (t) => {
  const world = makeWorld([
    plainZone('z.test.', { content: MANY, servers: [{ name: 'ns', behaviour: formErrOnEdns }] }),
  ])
  for (const i of [1, 2, 3]) t.equal((await world.ask(`h${i}.z.test`, TYPE.A)).rcode, RCODE.NOERROR)
  t.same(ways(world), ['udp', 'udp plain', 'udp plain', 'udp plain'])
  world.pass(901)
  await world.ask('h4.z.test', TYPE.A)
  t.same(ways(world).slice(-2), ['udp', 'udp plain'], 'tried again after a quarter of an hour')
})

t.test('a signed zone on such a server is bogus, not insecure', async (t) => {
  for (const behaviour of [formErrOnEdns, ignoresEdns]) {
    const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour }] })])
    const reply = await world.ask('www.z.test', TYPE.A)
    t.equal(reply.status, 'bogus')
    t.equal(reply.ede?.code, EDE.RRSIGS_MISSING)
  }
})

t.test('what a server said of OPT for an unsigned zone is not held against a signed one', async (t) => {
  let odd = 1
  const servers = [{ name: 'ns', address: { of: 'z.test.' } }] as const
  const behaviour: Behaviour = (inner) => (query, transport) =>
    (odd-- > 0 ? formErrOnEdns(inner) : inner)(query, transport)
  const world = makeWorld([
    zone('z.test.', { servers: [{ name: 'ns', behaviour }] }),
    plainZone('u.test.', { servers }),
  ])
  t.equal((await world.ask('www.u.test', TYPE.A)).status, 'insecure')
  t.same(ways(world), ['udp', 'udp plain'])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})

t.test('a server that fails without OPT too is not said to know none', async (t) => {
  let failures = 2
  const behaviour: Behaviour = (inner) => (query, transport) =>
    failures-- > 0 ? failing(RCODE.FORMERR)(inner)(query, transport) : inner(query, transport)
  const world = makeWorld([plainZone('z.test.', { content: MANY, servers: [{ name: 'ns', behaviour }] })])
  t.equal((await world.ask('h1.z.test', TYPE.A)).rcode, RCODE.SERVFAIL)
  t.equal((await world.ask('h2.z.test', TYPE.A)).status, 'insecure')
  t.same(ways(world), ['udp', 'udp plain', 'udp'])
})

t.test('a server that knows OPT is not talked out of it', async (t) => {
  let failures = 0
  const sometimes: Behaviour = (inner) => (query, transport) =>
    failures > 0 && failures-- > 0 ? failing(RCODE.FORMERR)(inner)(query, transport) : inner(query, transport)
  const world = makeWorld([
    zone('z.test.', { content: MANY, servers: [{ name: 'ns', behaviour: sometimes }] }),
  ])
  t.equal((await world.ask('h1.z.test', TYPE.A)).status, 'secure')
  failures = 1
  await world.ask('h2.z.test', TYPE.A)
  t.equal((await world.ask('h3.z.test', TYPE.A)).status, 'secure')
  t.notOk(ways(world).includes('udp plain'))
})

// --- guessing -----------------------------------------------------------------------------------------------------

t.test('too many datagrams that do not match move the question to TCP, for a while (A01)', async (t) => {
  const guessed: Behaviour = (inner) => (query, transport) =>
    (transport === 'udp' ? wrongIdsFirst(5)(inner) : inner)(query, transport)
  const world = makeWorld([zone('z.test.', { content: MANY, servers: [{ name: 'ns', behaviour: guessed }] })])
  const reply = await world.ask('h1.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.same(ways(world), ['udp', 'tcp'])
  t.equal((await world.ask('h2.z.test', TYPE.A)).status, 'secure')
  t.same(ways(world), ['udp', 'tcp', 'tcp'])
})

t.test('guessing does not lock us out of a server without TCP', async (t) => {
  let guesses = 9
  const guessed: Behaviour = (inner) => (query, transport) =>
    wrongIdsFirst(guesses)(udpOnly(inner))(query, transport)
  const world = makeWorld([
    plainZone('z.test.', { content: MANY, servers: [{ name: 'ns', behaviour: guessed }] }),
  ])
  t.equal((await world.ask('h1.z.test', TYPE.A)).rcode, RCODE.SERVFAIL)
  guesses = 0
  const reply = await world.ask('h2.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.NOERROR, reply.ede?.text ?? '')
  t.same(ways(world).slice(-2), ['tcp', 'udp'])
})

for (const [what, make] of [
  ['a query', (reply) => reply.map((octet, i) => (i === 2 ? octet & 0x7f : octet))],
  ['another question', (reply) => reply.map((octet, i) => (i === 13 ? octet ^ 1 : octet))],
  ['no question', (reply) => reply.map((octet, i) => (i === 5 ? 0 : octet))],
  ['opcode 5', (reply) => reply.map((octet, i) => (i === 2 ? octet | 0x28 : octet))],
  ['eleven octets', (reply) => reply.subarray(0, 11)],
  ['another id', (reply) => reply.map((octet, i) => (i === 0 ? octet ^ 1 : octet))],
  ['a question in other letters', (reply) => reply.map((octet, i) => (i === 13 ? octet ^ 0x20 : octet))],
] as [string, (reply: Uint8Array) => Uint8Array][]) {
  t.test(`A10: ${what} before the true reply`, async (t) => {
    const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: preceded(make) }] })])
    const reply = await world.ask('www.z.test', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    t.ok(ways(world).length <= 3, `${ways(world)}`)
  })
}

t.test('records after the last section are passed over', async (t) => {
  const longer = altered((message) => Uint8Array.from([...message, 1, 2, 3]))
  const world = makeWorld([zone('z.test.', { content: WWW, servers: [{ name: 'ns', behaviour: longer }] })])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
})

t.test(
  'servers of a network are told the text for the longest prefix, and nobody else is told any',
  async (t) => {
    const options = (world: World, server: string): unknown[] =>
      world.network.sent
        .filter(({ address }) => address === world.addressOf(server))
        .map(({ message }) => parseMessage(message).edns?.options)
    const zones = ['y.test.', 'z.test.', 'silent.test.'].map((name) => zone(name))
    const network = (address: string): Prefix => parsePrefix(address)!
    const addresses = makeWorld(zones)
    const texts = [
      { network: network('0.0.0.0/0'), text: Buffer.from('all') },
      { network: network(addresses.addressOf('ns.z.test.')), text: Buffer.from('one of them') },
      { network: network(addresses.addressOf('ns.silent.test.')), text: Buffer.from('') },
    ]
    const world = makeWorld(zones, {
      settings: { cookies: false, clientStrings: { optionCode: 65_010, texts } },
    })
    for (const name of ['y', 'z', 'silent'])
      t.equal((await world.ask(`www.${name}.test`, TYPE.A)).status, 'secure')
    const told = (text: string): unknown => ({ code: 65_010, octets: new Uint8Array(Buffer.from(text)) })
    for (const [server, expected] of [
      ['ns.y.test.', [told('all')]],
      ['ns.z.test.', [told('one of them')]],
      ['ns.silent.test.', []],
    ] as const) {
      const seen = options(world, server)
      t.ok(seen.length > 0)
      for (const one of seen) t.same(one, expected, server)
    }
  },
)

t.test('a server without EDNS is told nothing, and answers', async (t) => {
  const texts = [{ network: parsePrefix('0.0.0.0/0')!, text: Buffer.from('all') }]
  const servers = [{ name: 'ns', behaviour: formErrOnEdns }]
  const settings = { clientStrings: { optionCode: 65_001, texts } }
  const world = makeWorld([plainZone('z.test.', { servers })], { settings })
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'insecure')
  t.same(ways(world).slice(0, 2), ['udp', 'udp plain'])
})
