/** A copy of the root zone in place of the root servers (RFC 8806). */
import t from 'tap'
import { PackedZone, packZone } from '../../src/authority/packed-zone.ts'
import type { KeyUse } from '../../src/lab/signer.ts'
import { splitKeys } from '../../src/lab/zone.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { ROOT } from '../../src/wire/name.ts'
import { formatName } from '../../src/wire/name-text.ts'
import { groupRrsets } from '../../src/wire/record.ts'
import type { EntryReply } from '../support/entry.ts'
import { CLOCK, makeWorld, plainZone, SIGNED, type World, type WorldOptions, zone } from '../support/world.ts'

const DAY_MS = 86_400_000
const ZONES = [
  zone('z.test.', { content: 'www 100 A 192.0.2.80\n' }),
  plainZone('plain.', { content: 'www 100 A 192.0.2.81\n' }),
]

/** A world with the copy of its root. */
function copied(options: WorldOptions = {}, endsMs = DAY_MS, endsSeconds = CLOCK + 86_400): World {
  const world = makeWorld(ZONES, options)
  use(world, endsMs, endsSeconds)
  return world
}

function use(world: World, endsMs: number, endsSeconds: number): void {
  const root = world.internet.zones.get('.')!
  const packed = new PackedZone(ROOT, packZone(groupRrsets(root)))
  world.resolver.setRootCopy({ zone: packed, endsMs: world.clock.nowMs() + endsMs, endsSeconds })
}

function rootAsked(world: World): string[] {
  return world.asked('a.root-servers.test.')
}

/** What a client gets, as text. */
function shape({ message, status, rcode }: EntryReply): object {
  const sections = [message.answer, message.authority].map((records) =>
    records.map(
      ({ owner, type, rdata, ttlSeconds }) => `${formatName(owner)} ${ttlSeconds} ${type} ${rdata}`,
    ),
  )
  return { rcode, status, sections }
}

const QUESTIONS: [name: string, type: number][] = [
  ['www.z.test.', TYPE.A],
  ['none.z.test.', TYPE.A],
  ['www.plain.', TYPE.A],
  ['absent.', TYPE.A],
  ['a.b.absent.', TYPE.AAAA],
  ['test.', TYPE.DS],
  ['plain.', TYPE.DS],
  ['.', TYPE.NS],
  ['.', TYPE.SOA],
  ['.', TYPE.DNSKEY],
  ['.', TYPE.A],
  ['.', TYPE.NSEC],
]

t.test('answers are those of the root servers, and cost them no question', async (t) => {
  for (const aggressiveDenial of [true, false]) {
    const settings = { aggressiveDenial }
    const [without, world] = [makeWorld(ZONES, { settings }), copied({ settings })]
    for (const [name, type] of QUESTIONS) {
      t.same(shape(await world.ask(name, type)), shape(await without.ask(name, type)), `${name} ${type}`)
    }
    t.same(rootAsked(world), [])
    t.ok(rootAsked(without).length > 4)
    t.ok((world.counts.get('root copy') ?? 0) > 4)
    t.equal(without.counts.get('root copy'), undefined)
  }
})

t.test('a cold name costs the round trips below the root alone', async (t) => {
  const world = copied()
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  t.same(rootAsked(world), [])
  t.notOk(world.asked().includes('. NS'), 'no priming')
  t.notOk(world.asked().includes('. DNSKEY'))
})

t.test('an absent top-level domain costs nobody anything', async (t) => {
  const world = copied()
  const reply = await world.ask('www.absent', TYPE.A)
  t.equal(reply.rcode, RCODE.NXDOMAIN)
  t.equal(reply.status, 'secure')
  t.same(world.asked(), [])
})

t.test('when it has run out the root servers are asked', async (t) => {
  const byAge = copied({}, 1_000)
  await byAge.ask('www.absent', TYPE.A)
  t.same(byAge.asked(), [])
  byAge.pass(1)
  await byAge.ask('www.plain', TYPE.A)
  t.ok(rootAsked(byAge).length > 0, 'nobody confirmed it for too long')

  const bySignatures = copied({}, DAY_MS, CLOCK + 10)
  bySignatures.clock.setUnixSeconds(CLOCK + 10)
  await bySignatures.ask('www.plain', TYPE.A)
  t.ok(rootAsked(bySignatures).length > 0, 'the clock is past what its signatures allow')
  bySignatures.clock.setUnixSeconds(CLOCK)
  bySignatures.forget()
  await bySignatures.ask('absent', TYPE.A)
  t.same(bySignatures.asked(), [], 'a clock that was wrong and is set')
})

t.test('one that is taken away', async (t) => {
  const world = copied()
  world.resolver.setRootCopy(undefined)
  await world.ask('www.plain', TYPE.A)
  t.ok(rootAsked(world).length > 0)
})

t.test('it works where no root server can be reached, and after they could not', async (t) => {
  const world = makeWorld(ZONES)
  const address = world.addressOf('a.root-servers.test.')
  world.network.attach(address, () => [])
  t.equal((await world.ask('www.z.test', TYPE.A)).rcode, RCODE.SERVFAIL)
  use(world, DAY_MS, CLOCK + 86_400)
  world.pass(10)
  t.equal((await world.ask('www.plain', TYPE.A)).rcode, RCODE.NOERROR)
  world.pass(300)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
})

t.test('what servers say now is asked of servers', async (t) => {
  const world = copied()
  let sets: unknown
  void world.resolver.fetchRecords(ROOT, TYPE.DNSKEY).then((got) => {
    sets = got
  })
  await world.clock.runUntil(() => sets !== undefined, 10_000)
  t.ok(Array.isArray(sets))
  t.same(rootAsked(world), ['. DNSKEY'])
})

t.test('a key that was rolled since the copy was made', async (t) => {
  const world = copied()
  // The domain has other keys, and the root servers another DS set.
  const keys = (_zone: string, algorithm: number): KeyUse[] => splitKeys('others', algorithm)
  world.become([zone('test.', { content: '', signing: { ...SIGNED, keys } }), ...ZONES])
  const reply = await world.ask('www.z.test', TYPE.A)
  t.equal(reply.status, 'secure')
  t.ok(rootAsked(world).includes('test. DS'))
})

t.test('a forwarder of everything stands before it', async (t) => {
  const address = makeWorld(ZONES).addressOf('a.root-servers.test.')
  const routes = [
    {
      kind: 'stub' as const,
      name: ROOT,
      addresses: [{ address: Uint8Array.from(address.split('.'), Number), port: 53 }],
      servers: [],
      fallback: false,
      cache: true,
    },
  ]
  const routed = makeWorld(ZONES, { settings: { routes } })
  use(routed, DAY_MS, CLOCK + 86_400)
  await routed.ask('absent', TYPE.A)
  t.ok(rootAsked(routed).length > 0)
})
