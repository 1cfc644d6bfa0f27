/** Forward zones: zones that another resolver is asked for. */
import t from 'tap'
import type { Authority, Rewrite } from '../../src/lab/authority.ts'
import { type Behaviour, delayed, failing, ignoresEdns, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { strippedSignatures } from '../../src/lab/rewrites.ts'
import { classifyForwarded } from '../../src/resolver/forwarded.ts'
import { edeOption } from '../../src/wire/edns.ts'
import { CLASS } from '../../src/wire/iana/class.ts'
import { EDE } from '../../src/wire/iana/extended-error.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { parseMessage } from '../../src/wire/message.ts'
import { namesEqual, ROOT } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { MessageWriter } from '../../src/wire/writer.ts'
import type { EntryReply } from '../support/entry.ts'
import { forwarderOf, privateZones, route } from '../support/forwarder.ts'
import { recordsFrom, rrsetsFrom } from '../support/records.ts'
import { makeWorld, plainZone, type World, type WorldOptions, zone } from '../support/world.ts'

const FORWARDER = '10.0.0.53'
const SECOND = '10.0.0.54'

const ZONES: readonly LabZone[] = [
  zone('z.test.', {
    content:
      'www A 192.0.2.1\nalias CNAME www\nfar CNAME www.y.test.\nlong CNAME alias\n*.wild A 192.0.2.7\ndir DNAME y.test.\n',
  }),
  zone('y.test.', { content: 'www A 192.0.2.2\n' }),
  plainZone('plain.test.', { content: 'www A 192.0.2.3\ntoz CNAME www.z.test.\n' }),
]

interface ForwardOptions extends WorldOptions {
  readonly zone?: string
  readonly route?: Parameters<typeof route>[3]
  readonly addresses?: readonly string[]
  readonly zones?: readonly LabZone[]
  readonly rewrites?: readonly Rewrite[]
}

/** A world in which a zone (all, unless it is said otherwise) is forwarded to a resolver that knows everything. */
function forwardWorld(options: ForwardOptions = {}): World {
  const {
    zone: name = '.',
    zones = ZONES,
    addresses = [FORWARDER],
    rewrites = [],
    settings,
    ...rest
  } = options
  const routes = [route('forward', name, addresses, options.route)]
  const world = makeWorld(zones, { ...rest, settings: { routes, ...settings } })
  world.network.attach(FORWARDER, forwarderOf(world.internet, ...rewrites))
  return world
}

function addressIn(reply: EntryReply): string | undefined {
  return reply.message.answer.find(({ type }) => type === TYPE.A)?.rdata.join('.')
}

/** Addresses that were asked since the world began. */
function askedPlaces(world: World): Set<string> {
  return new Set(world.network.sent.map(({ address }) => address))
}

function onlyFor(name: string, change: Rewrite): Rewrite {
  const only = nameFrom(name)
  return (answer, question, from) =>
    namesEqual(question.name, only) ? change(answer, question, from) : answer
}

t.test('everything forwarded: nobody else is asked, the root is not primed, all is proven', async (t) => {
  const world = forwardWorld()
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('none.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('www.z.test', TYPE.MX)).status, 'secure')
  t.equal((await world.ask('a.wild.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('www.dir.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('www.plain.test', TYPE.A)).status, 'insecure')
  t.equal((await world.ask('none.plain.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.equal((await world.ask('.', TYPE.NS)).status, 'secure')
  t.same(askedPlaces(world), new Set([FORWARDER]))
})

t.test('a forwarder is asked with RD, for the whole name, and with CD by who judges himself', async (t) => {
  for (const mode of ['enforce', 'off'] as const) {
    const world = forwardWorld({ policy: { mode } })
    await world.ask('a.b.c.d.z.test', TYPE.A)
    t.equal(world.asked()[0], 'a.b.c.d.z.test. A')
    for (const { message } of world.network.sent) {
      const { rd, cd } = parseMessage(message)
      t.equal(rd, true)
      t.equal(cd, mode === 'enforce')
    }
  }
})

t.test('a forward zone below the root: its DS is asked outside, all below it at the forwarder', async (t) => {
  const world = forwardWorld({ zone: 'test.' })
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  const root = world.addressOf('a.root-servers.test.')
  t.same(askedPlaces(world), new Set([FORWARDER, root]))
  const atRoot = world.asked('a.root-servers.test.')
  t.ok(atRoot.includes('test. DS'))
  t.notOk(atRoot.some((question) => question.includes('z.test.')))
})

t.test('a cached delegation below a forward zone is not followed', async (t) => {
  const world = forwardWorld({ zone: 'test.', route: { fallback: true } })
  world.network.detach(FORWARDER)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure', 'by fallback, so delegations are known')
  world.pass(120)
  world.network.attach(FORWARDER, forwarderOf(world.internet))
  world.forget()
  t.equal((await world.ask('none.z.test', TYPE.A)).rcode, RCODE.NXDOMAIN)
  t.same(world.asked('ns.z.test.'), [])
})

t.test('a deeper route wins: a stub zone below a forwarded root', async (t) => {
  const corp = privateZones([plainZone('corp.test.', { content: 'www A 10.1.1.1' })])
  const routes = [
    route('forward', '.', [FORWARDER]),
    route('stub', 'corp.test.', [corp.addressOf('corp.test.')]),
  ]
  const policy = { insecureZones: [nameFrom('corp.test.')] }
  const world = forwardWorld({ policy, settings: { routes } })
  corp.attachTo(world)
  const ofCorp = await world.ask('www.corp.test', TYPE.A)
  t.equal(addressIn(ofCorp), '10.1.1.1')
  t.match(ofCorp, { reason: 'insecure-zone', ede: { code: EDE.OTHER, text: /insecure-zones/ } })
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.same(askedPlaces(world), new Set([FORWARDER, corp.addressOf('corp.test.')]))
})

t.test('the chain of an alias is taken from one answer as far as it stays in the zone', async (t) => {
  const world = forwardWorld({ zone: 'z.test.', policy: { mode: 'off' } })
  const inside = await world.ask('long.z.test', TYPE.A)
  t.equal(addressIn(inside), '192.0.2.1')
  t.equal(inside.message.answer.filter(({ type }) => type === TYPE.CNAME).length, 2)
  t.same(world.asked(), ['long.z.test. A'])
  world.forget()
  t.equal(addressIn(await world.ask('far.z.test', TYPE.A)), '192.0.2.2')
  t.same(
    world.asked('ns.y.test.'),
    ['www.y.test. A'],
    'where it leads out, those who serve the target are asked',
  )
})

t.test('an alias into a forward zone, and out of it, is proven link by link', async (t) => {
  const world = forwardWorld({ zone: 'z.test.' })
  t.equal((await world.ask('far.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('toz.plain.test', TYPE.A)).status, 'insecure')
  t.equal((await world.ask('long.z.test', TYPE.A)).status, 'secure')
})

t.test('records that a forwarder adds about other zones are not believed (A08)', async (t) => {
  const extra = rrsetsFrom('www.y.test. 3600 IN A 192.0.2.66\ny.test. 3600 IN NS ns.evil.test.\n')
  const poison: Rewrite = (answer) => ({
    ...answer,
    answer: [...answer.answer, extra[0]!],
    authority: extra,
  })
  const world = forwardWorld({
    zone: 'z.test.',
    policy: { mode: 'off' },
    rewrites: [onlyFor('far.z.test', poison)],
  })
  t.equal(addressIn(await world.ask('far.z.test', TYPE.A)), '192.0.2.2')
  t.equal(addressIn(await world.ask('www.y.test', TYPE.A)), '192.0.2.2')
})

t.test('the next forwarder is asked when one fails', async (t) => {
  for (const behaviour of [failing(RCODE.SERVFAIL), failing(RCODE.REFUSED), silent]) {
    const world = forwardWorld({ addresses: [FORWARDER, SECOND], policy: { mode: 'off' } })
    const good = forwarderOf(world.internet)
    world.network.attach(FORWARDER, behaviour(good))
    world.network.attach(SECOND, good)
    for (const name of ['www.z.test', 'alias.z.test', 'www.y.test', 'www.plain.test', 'none.z.test'])
      t.not((await world.ask(name, TYPE.A)).rcode, RCODE.SERVFAIL)
  }
})

t.test('when all fail, the error tells what the last one said', async (t) => {
  const world = forwardWorld()
  world.network.attach(FORWARDER, saying(RCODE.SERVFAIL, 22, 'no reachable\nauthority'))
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.rcode, RCODE.SERVFAIL)
  t.equal(reply.ede?.text, `.: ${FORWARDER}@53: SERVFAIL, EDE 22 "no reachable?authority"`)
})

/** A resolver that fails with an extended error. */
function saying(rcode: number, code: number, text: string): Authority {
  return (octets) => {
    const query = parseMessage(octets)
    const writer = new MessageWriter(1232)
    const { id, rd, cd, opcode } = query
    writer.header({ id, qr: true, opcode, aa: false, tc: false, rd, ra: true, ad: false, cd, rcode })
    for (const question of query.questions) writer.question(question)
    const options = [edeOption(code, text)]
    writer.opt({ version: 0, udpPayloadOctets: 1232, do: true, flags: 0, options }, rcode)
    return [{ message: writer.finish(), delayMs: 0 }]
  }
}

t.test('empty answers without SOA are NODATA and are not kept', async (t) => {
  const bare: Rewrite = (answer) => ({ ...answer, answer: [], authority: [], rcode: RCODE.NOERROR })
  const world = forwardWorld({ policy: { mode: 'off' }, rewrites: [bare] })
  for (let i = 0; i < 2; i++) {
    const reply = await world.askCached('www.z.test', TYPE.A)
    t.equal(reply.rcode, RCODE.NOERROR)
    t.equal(reply.message.answer.length, 0)
  }
  t.equal(world.network.sent.length, 2)
})

t.test('a server that refers us elsewhere is no resolver: another one is asked', async (t) => {
  const alone = forwardWorld()
  const root = (world: World): Authority =>
    world.internet.authorities.get(world.addressOf('a.root-servers.test.'))!
  alone.network.attach(FORWARDER, root(alone))
  t.equal((await alone.ask('www.z.test', TYPE.A)).status, 'bogus', 'a referral proves nothing')
  for (let seed = 1; seed <= 4; seed++) {
    const world = forwardWorld({ addresses: [FORWARDER, SECOND], seed })
    world.network.attach(SECOND, root(world))
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  }
})

t.test('a forwarder that strips signatures is named', async (t) => {
  for (const strips of [strippedSignatures(), undefined]) {
    const world = forwardWorld({ rewrites: strips === undefined ? [] : [strips] })
    if (strips === undefined) {
      world.network.attach(FORWARDER, ignoresEdns(forwarderOf(world.internet)))
    }
    const reply = await world.ask('www.z.test', TYPE.A)
    t.equal(reply.status, 'bogus')
    t.ok([9, 10].includes(reply.ede!.code), `EDE ${reply.ede!.code}`)
    t.match(reply.ede?.text, new RegExp(`says forwarder ${FORWARDER}@53`))
  }
})

t.test('bogus data is asked of the next forwarder', async (t) => {
  const strips = onlyFor('www.z.test', strippedSignatures())
  let asked = 0
  for (let seed = 1; seed <= 8; seed++) {
    const world = forwardWorld({ addresses: [FORWARDER, SECOND], rewrites: [strips], seed })
    world.network.attach(SECOND, forwarderOf(world.internet))
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    asked += world.asked().filter((question) => question === 'www.z.test. A').length
  }
  t.ok(asked > 8, 'some of them met the bad one first')
})

t.test('fallback: without an answer of the forwarder, and without one that is proven', async (t) => {
  const behaviours: Behaviour[] = [failing(RCODE.SERVFAIL), failing(RCODE.REFUSED), silent, ignoresEdns]
  for (const behaviour of behaviours) {
    for (const name of ['.', 'test.', 'z.test.']) {
      const world = forwardWorld({ zone: name, route: { fallback: true } })
      world.network.attach(FORWARDER, behaviour(forwarderOf(world.internet)))
      t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    }
  }
})

t.test('fallback leads to the next route above', async (t) => {
  const routes = [
    route('forward', '.', [SECOND]),
    route('forward', 'z.test.', [FORWARDER], { fallback: true }),
  ]
  const world = forwardWorld({ settings: { routes } })
  world.network.attach(SECOND, forwarderOf(world.internet))
  world.network.detach(FORWARDER)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.same(askedPlaces(world), new Set([FORWARDER, SECOND]))
})

t.test('with cache: false nothing is kept of what the forwarder says', async (t) => {
  const world = forwardWorld({ zone: 'z.test.', route: { cache: false } })
  const names: readonly [string, number][] = [
    ['www.z.test', TYPE.A],
    ['long.z.test', TYPE.A],
    ['none.z.test', TYPE.A],
    ['far.z.test', TYPE.A],
  ]
  for (const [name, type] of names) {
    for (let i = 0; i < 2; i++) {
      world.forget()
      t.equal((await world.askCached(name, type)).status, 'secure')
      t.ok(world.asked().includes(`${name}. A`), `${name} is asked again`)
    }
  }
  for (const type of [TYPE.A, TYPE.CNAME, TYPE.DNSKEY, TYPE.SOA]) {
    for (const name of ['www.z.test.', 'long.z.test.', 'alias.z.test.', 'none.z.test.', 'z.test.']) {
      t.equal(world.rrsets.get(nameFrom(name), type), undefined)
      t.equal(world.rrsets.getNegative(nameFrom(name), type), undefined)
    }
  }
})

t.test('with cache: false equal questions in flight join', async (t) => {
  const world = forwardWorld({ route: { cache: false }, policy: { mode: 'off' } })
  await world.askAll(Array.from({ length: 20 }, () => ['www.z.test'] as const))
  t.same(world.asked(), ['www.z.test. A'])
})

t.test('a forwarder gets time to resolve, however fast it answered before', async (t) => {
  const world = forwardWorld({ policy: { mode: 'off' } })
  const fast = forwarderOf(world.internet)
  for (const name of ['www.z.test', 'www.y.test', 'www.plain.test']) await world.ask(name, TYPE.A)
  world.network.attach(FORWARDER, delayed(800)(fast))
  world.forget()
  t.equal((await world.ask('alias.z.test', TYPE.A)).rcode, RCODE.NOERROR)
  t.equal(world.asked().length, 1)
})

t.test('zones far behind a forwarder that do not answer do not cost the others', async (t) => {
  const world = forwardWorld({ policy: { mode: 'off' } })
  const good = forwarderOf(world.internet)
  world.network.attach(FORWARDER, (query, transport) =>
    Buffer.from(query).includes('dead') ? [] : good(query, transport),
  )
  for (let i = 0; i < 5; i++) {
    t.equal((await world.ask(`dead${i}.z.test`, TYPE.A)).rcode, RCODE.SERVFAIL)
    t.equal((await world.ask(`n${i}.z.test`, TYPE.A)).rcode, RCODE.NXDOMAIN)
  }
})

t.test('servers given by name share the questions once their addresses are known', async (t) => {
  const zones = [...ZONES, plainZone('op.test.', { content: `r1 A ${FORWARDER}\nr1 A ${SECOND}\n` })]
  const world = forwardWorld({ zones, route: { servers: ['r1.op.test.'] }, policy: { mode: 'off' } })
  await world.ask('www.z.test', TYPE.A)
  world.pass(1)
  world.network.detach(FORWARDER)
  world.network.attach(SECOND, forwarderOf(world.internet))
  t.equal(addressIn(await world.ask('www.y.test', TYPE.A)), '192.0.2.2')
  t.same(world.resolver.inFlight, { questions: 0, lookups: 0, fetches: 0 })
})

t.test('a server name that does not resolve holds nobody up', async (t) => {
  const dead = plainZone('dead.test.', { servers: [{ name: 'ns', behaviour: silent }] })
  const world = forwardWorld({
    zone: 'z.test.',
    zones: [...ZONES, dead],
    route: { servers: ['r.dead.test.'] },
    policy: { mode: 'off' },
  })
  const startMs = world.clock.nowMs()
  t.equal((await world.ask('www.z.test', TYPE.A)).rcode, RCODE.NOERROR)
  t.ok(world.clock.nowMs() - startMs < 100)
})

t.test('with fallback silent forwarders leave time for the usual servers', async (t) => {
  const world = forwardWorld({ zone: 'z.test.', addresses: [FORWARDER, SECOND], route: { fallback: true } })
  world.network.detach(FORWARDER)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
})

t.test('a name forwarded alone that a DNAME above it makes', async (t) => {
  const world = forwardWorld({ zone: 'www.dir.z.test.' })
  const reply = await world.ask('www.dir.z.test', TYPE.A)
  t.equal(reply.status, 'secure')
  t.equal(addressIn(reply), '192.0.2.2')
})

t.test('of an answer only what lies in the forwarded zone is read', async (t) => {
  const name = nameFrom('far.z.test.')
  const records = recordsFrom(
    'far.z.test. 60 IN CNAME www.y.test.\nwww.y.test. 60 IN A 192.0.2.66\ny.test. 60 IN DNAME evil.test.\n',
  )
  const writer = new MessageWriter(1232)
  writer.header({
    id: 1,
    qr: true,
    opcode: 0,
    aa: false,
    tc: false,
    rd: true,
    ra: true,
    ad: false,
    cd: false,
    rcode: 0,
  })
  const question = { name, type: TYPE.A, class: CLASS.IN }
  writer.question(question)
  for (const { owner, type, class: recordClass, ttlSeconds, rdata } of records)
    writer.record('answer', owner, type, recordClass, ttlSeconds, rdata)
  const message = parseMessage(writer.finish())
  t.match(classifyForwarded(message, question, nameFrom('z.test.')), { kind: 'alias', further: [] })
  t.match(
    classifyForwarded(message, question, ROOT),
    { kind: 'alias', further: [] },
    'a DNAME makes the rest',
  )
  const plain = { ...message, answer: message.answer.filter(({ type }) => type !== TYPE.DNAME) }
  t.match(classifyForwarded(plain, question, ROOT), { kind: 'alias', further: [{ type: TYPE.A }] })
  t.match(classifyForwarded(plain, question, nameFrom('z.test.')), { kind: 'alias', further: [] })
})

t.test('a name forwarded alone: denials of the zone that it lies in are proven', async (t) => {
  const world = forwardWorld({ zone: 'www.z.test.' })
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.equal((await world.ask('www.z.test', TYPE.AAAA)).status, 'secure')
  t.equal((await world.ask('x.www.z.test', TYPE.A)).status, 'secure')
})
