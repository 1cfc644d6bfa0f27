/** Stub zones: servers that the operator gave for a zone, asked as authorities are. */
import t from 'tap'
import { failing, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import type { EntryReply } from '../support/entry.ts'
import { endpoint, privateZones, route } from '../support/forwarder.ts'
import { makeWorld, plainZone, type World, type WorldOptions, zone } from '../support/world.ts'

const CORP = plainZone('corp.test.', { content: 'www A 10.1.1.1\nhost.deep A 10.1.1.2\n' })
const SUB = plainZone('sub.corp.test.', { content: 'www A 10.2.2.2\nftp A 10.2.2.3\n' })
/** Where `corp.test.` is served beside the public zones. */
const STUB = privateZones([CORP]).addressOf('corp.test.')
/** The operator says that there is no chain of trust to the private zone. */
const UNSIGNED = { insecureZones: [nameFrom('corp.test.')] }

interface StubOptions extends WorldOptions {
  /** Zones of the public Internet. */
  readonly zones?: readonly LabZone[]
  /** Zones at servers that nobody delegates to. */
  readonly hidden?: readonly LabZone[]
  readonly route?: Parameters<typeof route>[3]
  readonly addresses?: readonly string[]
}

/** A world in which `corp.test.` is a stub zone. */
function stubWorld(options: StubOptions = {}): World {
  const { zones = [], hidden = [CORP], addresses = [STUB], settings, ...rest } = options
  const routes = [route('stub', 'corp.test.', addresses, options.route)]
  const world = makeWorld(zones, { policy: UNSIGNED, ...rest, settings: { routes, ...settings } })
  privateZones(hidden).attachTo(world)
  return world
}

function addressIn(reply: EntryReply): string | undefined {
  return reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata.join('.')
}

/** Questions to an address, from the first on. */
function countAt(world: World, address: string): number {
  return world.network.sent.filter((query) => query.address === address).length
}

t.test('a stub zone that is delegated nowhere is asked at its servers, without RD', async (t) => {
  const world = stubWorld()
  const reply = await world.ask('www.corp.test', TYPE.A)
  t.equal(reply.status, 'insecure')
  t.equal(addressIn(reply), '10.1.1.1')
  t.equal((await world.ask('none.corp.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.same(
    new Set(world.network.sent.map(({ address }) => address)),
    new Set([STUB]),
    'nobody else hears of it',
  )
  t.ok(world.network.sent.every(({ message }) => !parseMessage(message).rd))
})

t.test('minimisation begins at the stub zone', async (t) => {
  const world = stubWorld()
  await world.ask('host.deep.corp.test', TYPE.A)
  t.same(world.asked(), ['deep.corp.test. A', 'host.deep.corp.test. A'])
})

t.test('names outside take the usual way', async (t) => {
  const world = stubWorld({ zones: [zone('z.test.')] })
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.equal(countAt(world, STUB), 0)
})

t.test('a stub zone wins over the delegation of its name', async (t) => {
  const world = stubWorld({ zones: [plainZone('corp.test.', { content: 'www A 192.0.2.1' })] })
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '10.1.1.1')
})

t.test('a cached delegation above does not reach into a stub zone', async (t) => {
  const routes = [route('stub', 'sub.corp.test.', [privateZones([SUB]).addressOf('sub.corp.test.')])]
  const world = makeWorld([plainZone('corp.test.')], { settings: { routes } })
  privateZones([SUB]).attachTo(world)
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '192.0.2.80')
  t.equal(addressIn(await world.ask('www.sub.corp.test', TYPE.A)), '10.2.2.2')
})

t.test('delegations below a stub zone are followed, and live as long as they say', async (t) => {
  const world = stubWorld({ hidden: [CORP, SUB] })
  t.equal(addressIn(await world.ask('www.sub.corp.test', TYPE.A)), '10.2.2.2')
  world.forget()
  world.pass(600)
  t.equal(addressIn(await world.ask('ftp.sub.corp.test', TYPE.A)), '10.2.2.3')
  t.same(world.asked(), ['ftp.sub.corp.test. A'], 'the servers of the stub zone are not asked again')
})

t.test('when a zone below a stub zone fails, nobody outside is asked', async (t) => {
  const broken = { ...SUB, servers: [{ name: 'ns', behaviour: failing(RCODE.SERVFAIL) }] }
  const world = stubWorld({ zones: [zone('z.test.')], hidden: [CORP, broken] })
  const reply = await world.ask('www.sub.corp.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.ok(world.network.sent.every(({ address }) => address.startsWith('127.54.')))
})

t.test('a stub zone inside a stub zone: the deeper one holds', async (t) => {
  const inner = '10.0.0.2'
  const routes = [route('stub', 'corp.test.', [STUB]), route('stub', 'sub.corp.test.', [inner])]
  const world = stubWorld({ hidden: [CORP, SUB], settings: { routes } })
  const other = plainZone('sub.corp.test.', { content: 'www A 10.9.9.9' })
  const { internet, addressOf } = privateZones([other])
  world.network.attach(inner, internet.authorities.get(addressOf('sub.corp.test.'))!)
  t.equal(addressIn(await world.ask('www.sub.corp.test', TYPE.A)), '10.9.9.9')
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '10.1.1.1')
})

t.test('an address may have a port, and servers at one address are two servers', async (t) => {
  const world = stubWorld({ hidden: [], addresses: ['10.0.0.53@5301', '10.0.0.53@5302'] })
  const authority = privateZones([CORP]).internet.authorities.get(STUB)!
  world.network.attach('10.0.0.53@5301', silent(authority))
  world.network.attach('10.0.0.53@5302', authority)
  for (const name of ['www.corp.test', 'host.deep.corp.test', 'a.corp.test', 'b.corp.test', 'c.corp.test'])
    t.not((await world.ask(name, TYPE.A)).rcode, RCODE.SERVFAIL, name)
  const silentOne = world.network.sent.filter(({ port }) => port === 5301).length
  t.ok(silentOne <= 2, `the silent one was asked ${silentOne} times`)
})

t.test('the operator may name a server on this machine, but not the resolver itself', async (t) => {
  const settings = {
    allowLoopbackAuthorities: false,
    ownAddresses: [endpoint('127.0.0.1@53')],
    routes: [route('stub', 'corp.test.', ['127.0.0.1@53', '127.0.0.1@5353', '0.0.0.0', '239.1.1.1'])],
  }
  const world = stubWorld({ settings, hidden: [] })
  world.network.attach('127.0.0.1@5353', privateZones([CORP]).internet.authorities.get(STUB)!)
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '10.1.1.1')
  t.ok(world.network.sent.every(({ port }) => port === 5353))
})

t.test('servers given by name are looked up in the usual way', async (t) => {
  const content = `ns1 A ${STUB}\n`
  const zones = [plainZone('z.test.', { content })]
  const world = stubWorld({ zones, addresses: [], route: { servers: ['ns1.z.test.'] } })
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '10.1.1.1')
})

t.test('a server whose name lies in the zone that it alone serves cannot be found', async (t) => {
  const world = stubWorld({ addresses: [], route: { servers: ['ns.corp.test.'] } })
  const reply = await world.ask('www.corp.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.reason, 'address-loop')
  t.same(world.asked(), [])
})

t.test('without fallback a failing stub zone fails', async (t) => {
  const zones = [plainZone('corp.test.', { content: 'www A 192.0.2.1' })]
  for (const behaviour of [failing(RCODE.SERVFAIL), failing(RCODE.REFUSED), silent]) {
    const world = stubWorld({ zones, hidden: [{ ...CORP, servers: [{ name: 'ns', behaviour }] }] })
    const reply = await world.ask('www.corp.test', TYPE.A)
    t.equal(reply.rcode, RCODE.SERVFAIL)
    t.match(reply.ede?.text, new RegExp(`^corp\\.test\\.: ${STUB}@53: `))
    t.equal(countAt(world, world.addressOf('ns.corp.test.')), 0)
  }
})

t.test('with fallback the delegated servers are asked', async (t) => {
  const zones = [plainZone('corp.test.', { content: 'www A 192.0.2.1\nx.y.w A 192.0.2.2' })]
  for (const behaviour of [failing(RCODE.SERVFAIL), failing(RCODE.REFUSED), silent]) {
    const hidden = [{ ...CORP, servers: [{ name: 'ns', behaviour }] }]
    const world = stubWorld({ zones, hidden, route: { fallback: true } })
    t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '192.0.2.1')
    t.equal(addressIn(await world.ask('x.y.w.corp.test', TYPE.A)), '192.0.2.2')
    t.ok(countAt(world, STUB) > 0)
  }
})

t.test('once a stub zone is back, nobody else is asked for what lies below it', async (t) => {
  const zones = [
    plainZone('corp.test.'),
    plainZone('sub.corp.test.', { content: 'www A 192.0.2.1\nftp A 192.0.2.2\n' }),
  ]
  const world = stubWorld({ zones, hidden: [CORP, SUB], route: { fallback: true } })
  const stub = privateZones([CORP, SUB])
  world.network.attach(STUB, () => [])
  t.equal(addressIn(await world.ask('www.sub.corp.test', TYPE.A)), '192.0.2.1')
  stub.attachTo(world)
  world.pass(120)
  t.equal(addressIn(await world.ask('ftp.sub.corp.test', TYPE.A)), '10.2.2.3')
})

t.test('the DS set of a stub zone is asked of its parent', async (t) => {
  const world = stubWorld({ zones: [zone('corp.test.')], policy: {} })
  const reply = await world.ask('corp.test', TYPE.DS)
  t.equal(reply.status, 'secure')
  t.equal(reply.message.answer.filter(({ type }) => type === TYPE.DS).length, 1)
  t.equal(countAt(world, STUB), 0)
})

t.test('a signed stub zone with a chain of trust is proven', async (t) => {
  const signed = zone('corp.test.', { content: 'www A 10.1.1.1' })
  const world = stubWorld({ zones: [signed], hidden: [signed], policy: {} })
  const reply = await world.ask('www.corp.test', TYPE.A)
  t.equal(reply.status, 'secure')
  t.ok(countAt(world, STUB) > 0)
  t.equal(countAt(world, world.addressOf('ns.corp.test.')), 0)
})

t.test(
  'a private zone that its signed parent denies is bogus, unless it is said to be insecure',
  async (t) => {
    const world = stubWorld({ policy: {} })
    const reply = await world.ask('www.corp.test', TYPE.A)
    t.equal(reply.status, 'bogus')
    t.equal(reply.reason, 'signature-missing')
  },
)

t.test('NXDOMAIN of the parent, asked for the DS set, says nothing of the stub zone (V46)', async (t) => {
  const world = stubWorld()
  t.equal((await world.ask('corp.test', TYPE.DS)).rcode, RCODE.NXDOMAIN)
  t.equal((await world.ask('corp.test', TYPE.SOA)).rcode, RCODE.NOERROR)
  t.equal(addressIn(await world.ask('www.corp.test', TYPE.A)), '10.1.1.1')
})

t.test('a proof that nothing is there does not reach into a stub zone below (V46)', async (t) => {
  for (const aggressiveDenial of [true, false]) {
    const { addressOf } = privateZones([CORP, SUB])
    const routes = [route('stub', 'sub.corp.test.', [addressOf('sub.corp.test.')])]
    const policy = { insecureZones: [nameFrom('sub.corp.test.')] }
    const world = stubWorld({ hidden: [CORP, SUB], policy, settings: { routes, aggressiveDenial } })
    const denied = await world.ask('corp.test', TYPE.A)
    t.equal(denied.rcode, RCODE.NXDOMAIN)
    t.equal(denied.status, 'secure')
    world.forget()
    t.equal(
      (await world.ask('sub.corp.test', TYPE.DS)).rcode,
      RCODE.NXDOMAIN,
      'the parent side is denied with it',
    )
    t.same(world.asked(), [])
    t.equal(addressIn(await world.ask('www.sub.corp.test', TYPE.A)), '10.2.2.2')
  }
})

t.test('a DNAME above a stub zone does not reach into it', async (t) => {
  const zones = [zone('z.test.', { content: 'dir DNAME elsewhere.z.test.\n' })]
  const hidden = [plainZone('in.dir.z.test.', { content: 'www A 10.1.1.1' })]
  const { addressOf } = privateZones(hidden)
  const routes = [route('stub', 'in.dir.z.test.', [addressOf('in.dir.z.test.')])]
  const policy = { insecureZones: [nameFrom('in.dir.z.test.')] }
  const world = stubWorld({ zones, hidden, policy, settings: { routes } })
  t.equal((await world.ask('www.dir.z.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.equal(addressIn(await world.ask('www.in.dir.z.test', TYPE.A)), '10.1.1.1')
})

t.test('the rest of an alias that leads into a stub zone is asked of the stub zone', async (t) => {
  const zones = [
    plainZone('test.', { content: 'a CNAME www.corp.test.\n' }),
    plainZone('corp.test.', {
      content: 'www A 192.0.2.66',
      servers: [{ name: 'ns', address: { of: 'test.' } }],
    }),
  ]
  const world = stubWorld({ zones })
  t.equal(addressIn(await world.ask('a.test', TYPE.A)), '10.1.1.1')
})

t.test('a stub zone for the root takes the place of the hints', async (t) => {
  const hidden = [zone('z.test.')]
  const { addressOf, internet } = privateZones(hidden)
  const world = stubWorld({
    hidden,
    settings: { routes: [route('stub', '.', [addressOf('.')])] },
    policy: { mode: 'off' },
  })
  t.equal((await world.ask('www.z.test', TYPE.A)).rcode, RCODE.NOERROR)
  t.ok(world.network.sent.every(({ address }) => internet.authorities.has(address)))
  t.ok(!world.asked().includes('. NS'))
})
