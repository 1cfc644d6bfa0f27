/** Spelling, and signatures by names that are no zones. */
import t from 'tap'
import { type Behaviour, lowercasing } from '../../src/lab/behaviours.ts'
import { addedRecords } from '../../src/lab/zone.ts'
import { HEADER_OCTETS } from '../../src/wire/header.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { isFolded, nameLengthAt } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, type World, type WorldOptions, zone } from '../support/world.ts'

t.test(
  'a server that answers in lower case is no trouble for a client that does not ask so (V36)',
  async (t) => {
    const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: lowercasing }] })])
    const reply = await world.ask('wWw.Z.tEsT', TYPE.A)
    t.equal(reply.status, 'secure', reply.ede?.text ?? '')
    t.equal(reply.message.answer.length, 2)
    t.equal(world.counts.get('failure timeout'), undefined)
  },
)

t.test('a stray RRSIG whose signer is no zone does not hide the right one', async (t) => {
  const owner = nameFrom('www.z.test')
  const stray = addedRecords(() => {
    const rdata = new Uint8Array(18 + owner.length + 64)
    rdata.set([0, TYPE.A, 13, 3, 0, 0, 14, 16, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 7])
    rdata.set(owner, 18)
    return [{ owner, type: TYPE.RRSIG, class: 1, ttlSeconds: 3600, rdata }]
  })
  const world = makeWorld([zone('z.test.', { defects: [stray] })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.message.answer.filter(({ type }) => type === TYPE.RRSIG).length, 2, 'both were there')
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
})

const MIXED = { settings: { mixedCase: true } }
const HOSTS = Array.from({ length: 20 }, (_, i) => `some-long-name-${i} A 192.0.2.${i}\n`).join('')
const hostAt = (i: number): string => `some-long-name-${i}.z.test`

/** A world with one zone, whose server behaves so. */
function mixing(behaviour?: Behaviour, network: WorldOptions['network'] = {}): World {
  const server = { name: 'ns', ...(behaviour === undefined ? {} : { behaviour }) }
  return makeWorld([zone('z.test.', { content: HOSTS, servers: [server] })], { ...MIXED, network })
}

/** What was asked of the zone's server for a host: the way, and whether there were upper-case letters. */
async function ways(world: World, host: number): Promise<string[]> {
  const before = world.network.sent.length
  const reply = await world.ask(hostAt(host), TYPE.A)
  if (reply.status !== 'secure') throw new Error(`${reply.status}: ${reply.ede?.text ?? ''}`)
  const [first] = reply.message.answer
  if (formatName(first!.owner) !== `${hostAt(host)}.`) throw new Error(formatName(first!.owner))
  const address = world.addressOf('ns.z.test.')
  return world.network.sent
    .slice(before)
    .filter((sent) => sent.address === address)
    .filter(({ message }) => parseMessage(message).questions[0]?.type === TYPE.A)
    .map(({ transport, message }) => {
      const { name } = parseMessage(message).questions[0]!
      return `${transport} ${isFolded(name) ? 'lower' : 'mixed'}`
    })
}

t.test('letters of questions are mixed where the operator wants it, and nobody sees them', async (t) => {
  const world = mixing()
  for (let i = 0; i < 10; i++) t.same(await ways(world, i), ['udp mixed'])
  const spellings = world.network.sent.map(({ message }) =>
    formatName(parseMessage(message).questions[0]!.name),
  )
  const upper = spellings.join('').replace(/[^A-Z]/g, '').length
  const letters = spellings.join('').replace(/[^A-Za-z]/g, '').length
  t.ok(Math.abs(upper / letters - 0.5) < 0.1, `${upper} of ${letters}`)
  t.equal(world.counts.get('failure letters'), undefined)
})

t.test(
  'a server that changes the letters shows it by TCP, and is asked without for a quarter of an hour',
  async (t) => {
    const world = mixing(lowercasing)
    t.same(await ways(world, 0), ['udp mixed', 'tcp mixed'])
    t.same(await ways(world, 1), ['udp lower'])
    world.pass(901)
    t.same(await ways(world, 2), ['udp mixed', 'tcp mixed'])
  },
)

t.test('one that changes them and knows no TCP is not lost', async (t) => {
  const lacksTcp: Behaviour = (inner) => (query, by) => (by === 'tcp' ? [] : lowercasing(inner)(query, by))
  const world = mixing(lacksTcp)
  t.same((await ways(world, 0)).slice(0, 3), ['udp mixed', 'tcp mixed', 'udp lower'])
  t.same(await ways(world, 1), ['udp lower'])
})

t.test('one that moves behind a box that drops mixed letters is not lost', async (t) => {
  let drops = false
  const moving: Behaviour = (inner) => (query, by) =>
    drops && !isFolded(parseMessage(query).questions[0]!.name) ? [] : inner(query, by)
  const world = mixing(moving)
  for (let i = 0; i < 3; i++) t.same(await ways(world, i), ['udp mixed'])
  drops = true
  await world.ask(hostAt(3), TYPE.A)
  t.same(await ways(world, 4), ['udp lower'])
})

t.test('one that cannot be reached for a while is asked in mixed letters as before', async (t) => {
  const world = mixing(undefined, { unattached: 'refused' })
  t.same(await ways(world, 0), ['udp mixed'])
  const at = world.addressOf('ns.z.test.')
  world.network.detach(at)
  for (let i = 1; i < 6; i++) {
    const { ede } = await world.ask(hostAt(i), TYPE.A)
    if (i === 1) t.match(ede?.text, /: connection refused$/, 'not the rcode REFUSED')
    world.pass(30)
  }
  world.network.attach(at, world.internet.authorities.get(at)!)
  t.same(await ways(world, 6), ['udp mixed'])
})

t.test('a datagram in other letters is not believed, and says nothing of the server', async (t) => {
  const forging: Behaviour = (inner) => (query, by) => {
    if (by === 'tcp') return inner(query, by)
    return lowercasing(inner)(query, by).map(({ message, delayMs }) => {
      const forged = message.slice()
      forged[3] = RCODE.NXDOMAIN
      return { message: forged, delayMs }
    })
  }
  const world = mixing(forging)
  for (let i = 0; i < 3; i++) t.same(await ways(world, i), ['udp mixed', 'tcp mixed'])
  t.ok(world.counts.get('failure letters')! >= 3)
})

t.test('a server that answers in upper case is no trouble where letters are not mixed', async (t) => {
  const shouting: Behaviour = (inner) => (query, by) =>
    inner(query, by).map(({ message, delayMs }) => {
      const shouted = message.slice()
      const end = HEADER_OCTETS + nameLengthAt(message, HEADER_OCTETS, message.length)
      for (let i = HEADER_OCTETS; i < end; i++)
        if (shouted[i]! >= 0x61 && shouted[i]! <= 0x7a) shouted[i]! -= 0x20
      return { message: shouted, delayMs }
    })
  const world = makeWorld([zone('z.test.', { servers: [{ name: 'ns', behaviour: shouting }] })])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.status, 'secure', reply.ede?.text ?? '')
  t.equal(formatName(reply.message.answer[0]!.owner), 'www.z.test.')
})
