/** Second looks at domains that fail, in a lab Internet: whose fault it is, and how sure that is. */
import t from 'tap'
import { drawHashKey } from '../../src/base/keyed-hash.ts'
import { seededRandom } from '../../src/base/random.ts'
import { AnswerCache } from '../../src/cache/answer-cache.ts'
import { RrsetCache } from '../../src/cache/rrset-cache.ts'
import { type Blame, blame } from '../../src/check/blame.ts'
import { type SecondLook, secondLook } from '../../src/check/second-look.ts'
import type { Authority } from '../../src/lab/authority.ts'
import { type Behaviour, ignoresEdns, silent } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { Resolver } from '../../src/resolver/engine.ts'
import type { ResolverSettings } from '../../src/resolver/ports.ts'
import { addressesByOutcome } from '../../src/telemetry/report/report-data.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { besides, ENGINE_SETTINGS } from '../support/engine.ts'
import { route } from '../support/forwarder.ts'
import { CLOCK, makeWorld, SIGNED, type World, WWW, zone } from '../support/world.ts'

const DAY_SECONDS = 86_400

interface Looked {
  readonly look: SecondLook
  readonly blame: Blame
}

/** Looks at `www` of a zone with new caches. */
async function lookIn(
  world: World,
  domain: string,
  change: Partial<ResolverSettings> = {},
  wellKnown: readonly string[] = ['test.'],
): Promise<Looked> {
  const { clock, network: upstream } = world
  const hashKey = drawHashKey(seededRandom(1))
  const rrsets = new RrsetCache({ bytesMax: 1 << 20, hashKey, nowMs: () => clock.nowMs() })
  const answers = new AnswerCache({ bytesMax: 1 << 20, hashKey })
  const settings = { ...ENGINE_SETTINGS, rootHints: hintsOf(world.internet.rootHints), ...change }
  let look: SecondLook | undefined
  let fault: unknown
  secondLook(
    { name: nameFrom(`www.${domain}`), type: TYPE.A, zone: nameFrom(domain) },
    {
      clock,
      upstream,
      settings,
      skewSecondsMax: 0,
      wellKnown: wellKnown.map((name) => nameFrom(name)),
      rrsets,
      resolver: (given, way) =>
        new Resolver({ ...besides(world), rrsets, answers, settings: given, upstream: way }),
    },
  ).then(
    (seen) => {
      look = seen
    },
    (error) => {
      fault = error
    },
  )
  await clock.runUntil(() => look !== undefined || fault !== undefined, 300_000)
  if (fault !== undefined) throw fault
  if (world.faults.length > 0) throw world.faults[0]
  return { look: look!, blame: blame(look!) }
}

/** The servers of `some.test.`: `good` as they are, the others each with a behaviour. */
function servedBy(...behaviours: readonly (Behaviour | 'good')[]): LabZone {
  return zone('some.test.', {
    servers: behaviours.map((behaviour, i) => ({
      name: `ns${i}`,
      ...(behaviour === 'good' ? {} : { behaviour }),
    })),
  })
}

const EXPIRED = zone('some.test.', {
  signing: { ...SIGNED, days: [-60, -30] },
  servers: [{ name: 'ns0' }, { name: 'ns1' }],
})

t.test('every address of two by UDP and TCP: it is them', async (t) => {
  const { look, blame } = await lookIn(makeWorld([EXPIRED]), 'some.test.')
  t.equal(look.verdict.status, 'bogus')
  t.same(
    look.trials.map(({ transport, outcome, reason }) => [transport, outcome, reason]),
    ['udp', 'tcp', 'udp', 'tcp'].map((transport) => [transport, 'bad', 'signature-expired']),
  )
  t.match(blame, { party: 'them', confidence: 'high' })
  t.match(blame.because.join(' '), /Every address of some\.test\. that answers \(2\).*expired/)
  t.match(blame.because.join(' '), /ended 2026-10-22.*signed since: it is not the clock/)
})

t.test('the transports are what they say', async (t) => {
  const world = makeWorld([EXPIRED])
  await lookIn(world, 'some.test.')
  const address = world.addressOf('ns0.some.test.')
  const sent = world.network.sent.filter((query) => query.address === address)
  t.same(new Set(sent.map(({ transport }) => transport)), new Set(['udp', 'tcp']))
})

t.test('who is to be told stands in the SOA record, whatever its signatures', async (t) => {
  const { look } = await lookIn(makeWorld([EXPIRED]), 'some.test.')
  t.equal(look.contact, 'hostmaster@some.test')
})

t.test('one server of three: it is them, and which', async (t) => {
  const world = makeWorld([servedBy('good', ignoresEdns, 'good')])
  const { look, blame } = await lookIn(world, 'some.test.')
  t.equal(look.verdict.status, 'secure', 'another server helps')
  t.same(addressesByOutcome(look.trials).bad, [world.addressOf('ns1.some.test.')])
  t.equal(addressesByOutcome(look.trials).good.length, 2)
  t.match(blame, { party: 'them', because: [/1 of 3 addresses of some\.test\. give bad data/] })
})

t.test('mended: asked anew it validates', async (t) => {
  const { look, blame } = await lookIn(makeWorld([servedBy('good', 'good')]), 'some.test.')
  t.equal(look.verdict.status, 'secure')
  t.match(blame, { party: 'unsure', because: [/It was mended/] })
})

t.test('no address answers: that may be either', async (t) => {
  const { look, blame } = await lookIn(makeWorld([servedBy(silent, silent)]), 'some.test.')
  t.ok(look.trials.every(({ outcome }) => outcome === 'silent'))
  t.match(blame, { party: 'unsure', confidence: 'low' })
})

/** Something between us and the servers strips what UDP brings of the zone, and leaves TCP alone. */
const stripsUdp: Behaviour = (inner) => {
  const stripped = ignoresEdns(inner)
  return (query, transport) => (transport === 'udp' ? stripped : inner)(query, transport)
}

t.test('bad by UDP and good by TCP at each address: it is us, or the way', async (t) => {
  const { blame } = await lookIn(makeWorld([servedBy(stripsUdp, stripsUdp)]), 'some.test.')
  t.match(blame, { party: 'us', confidence: 'high', because: [/alters or strips datagrams/] })
})

t.test('by one family bad and by the other good: that may be either', async (t) => {
  const world = makeWorld([
    zone('some.test.', { content: `${WWW}ns0 AAAA 2001:db8::53\n`, servers: [{ name: 'ns0' }] }),
  ])
  const ipv4 = world.addressOf('ns0.some.test.')
  const authority = world.internet.authorities.get(ipv4) as Authority
  world.network.attach('2001:db8::53', authority)
  world.network.attach(ipv4, ignoresEdns(authority))
  const { look, blame } = await lookIn(world, 'some.test.', { ipv6: true })
  t.same(
    look.trials.map(({ address, outcome }) => [address, outcome]),
    [
      [ipv4, 'bad'],
      [ipv4, 'bad'],
      ['2001:db8::53', 'good'],
      ['2001:db8::53', 'good'],
    ],
  )
  t.match(blame.because, [look.verdict.status === 'bogus' ? /By IPv4 all data is bad/ : /1 of 2 addresses/])
})

for (const [days, side] of [
  [40, 'ahead'],
  [-40, 'behind'],
] as const) {
  t.test(`the clock of this machine ${side}: it is us, whatever the domain`, async (t) => {
    const world = makeWorld([zone('some.test.')])
    world.clock.setUnixSeconds(CLOCK + days * DAY_SECONDS)
    const { look, blame } = await lookIn(world, 'some.test.')
    t.equal(look.clock?.side, side)
    t.match(blame, { party: 'us', confidence: 'high' })
    t.match(blame.because, [new RegExp(`at least .* days ${side}`)])
  })
}

t.test('a clock that is wrong by less than others sign for: they tell that it may be that', async (t) => {
  const world = makeWorld([
    zone('some.test.', {
      signing: { ...SIGNED, days: [-1, 1] },
      servers: [{ name: 'ns0' }, { name: 'ns1' }],
    }),
  ])
  world.clock.setUnixSeconds(CLOCK + 2 * DAY_SECONDS)
  const { blame } = await lookIn(world, 'some.test.')
  t.match(blame, { party: 'them', confidence: 'medium' })
  t.match(blame.because.join(' '), /hangs on the clock of this machine/)
})

t.test('an anchor that does not fit: it is us', async (t) => {
  const zones = [zone('some.test.')]
  const anchors = makeWorld(zones).anchors.map(({ zone, ds }) => ({
    zone,
    ds: ds!.with(-1, ds!.at(-1)! ^ 1),
  }))
  const world = makeWorld(zones, { anchors })
  const { blame } = await lookIn(world, 'some.test.')
  t.match(blame, {
    party: 'us',
    confidence: 'high',
    because: [/Nothing validates here, not even \., test\./],
  })
})

t.test('nothing is reachable: it is us', async (t) => {
  const world = makeWorld([zone('some.test.')])
  for (const address of world.internet.authorities.keys()) world.network.detach(address)
  const { blame } = await lookIn(world, 'some.test.')
  t.match(blame, { party: 'us', confidence: 'medium', because: [/gives an answer here/] })
})

t.test('a zone is not held against itself', async (t) => {
  const world = makeWorld([zone('test.', { content: WWW, signing: { ...SIGNED, days: [-60, -30] } })])
  const { look, blame } = await lookIn(world, 'test.')
  t.same(
    look.controls.map(({ status }) => status),
    ['secure'],
    'the root alone',
  )
  t.match(blame, { party: 'them', confidence: 'medium' })
})

t.test('behind a forwarder nobody else is asked', async (t) => {
  const world = makeWorld([EXPIRED])
  const forwarder = world.addressOf('ns0.some.test.')
  const { look, blame } = await lookIn(world, 'some.test.', {
    routes: [route('forward', 'some.test.', [forwarder])],
  })
  t.equal(look.isForwarded, true)
  t.same(look.trials, [])
  t.match(blame, { party: 'unsure', because: [/forwarder/] })
})
