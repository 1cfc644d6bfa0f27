/** Answers and keys fetched again shortly before they run out. */
import t from 'tap'
import { REFRESH_PAUSE_SECONDS, REFRESHES_MAX } from '../../src/base/limits.ts'
import { type Behaviour, failing } from '../../src/lab/behaviours.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { wrongSignatures } from '../../src/lab/zone.ts'
import type { EngineCounters } from '../../src/resolver/ports.ts'
import { Refreshes } from '../../src/resolver/refreshes.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const CONTENT = 'www 100 A 192.0.2.80\nalias 3000 CNAME www\n'
const NEW_CONTENT = 'www 100 A 192.0.2.81\nalias 3000 CNAME www\n'

function prefetching(zones: readonly LabZone[] = [zone('z.test.', { content: CONTENT })]): World {
  return makeWorld(zones, { settings: { prefetch: true } })
}

async function prefetch(world: World, name = 'www.z.test'): Promise<string[]> {
  world.forget()
  world.resolver.prefetch(nameFrom(name), TYPE.A)
  if (world.asked().length > 0) throw new Error('something was sent before the client has its reply')
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 30_000)
  if (world.faults.length > 0) throw world.faults[0]
  return world.asked()
}

async function address(world: World, name = 'www.z.test'): Promise<string | undefined> {
  const { message } = await world.askCached(name)
  return message.answer.find(({ type }) => type === TYPE.A)?.rdata.join('.')
}

t.test('the answer is there anew before it runs out', async (t) => {
  for (const made of [zone, plainZone]) {
    const world = prefetching([made('z.test.', { content: CONTENT })])
    await address(world)
    world.pass(90)
    world.become([made('z.test.', { content: NEW_CONTENT })])
    t.equal(await address(world), '192.0.2.80')
    t.same(await prefetch(world), ['www.z.test. A'])
    world.forget()
    world.pass(50)
    t.equal(await address(world), '192.0.2.81')
    t.same(world.asked(), [], 'long after the end of the first answer nobody waits')
  }
})

t.test('of a chain of aliases only what runs out is fetched', async (t) => {
  const world = prefetching()
  await address(world, 'alias.z.test')
  world.pass(95)
  t.same(await prefetch(world, 'alias.z.test'), ['www.z.test. A'])
  t.equal((await world.askCached('alias.z.test')).ttlSeconds, 100)
})

t.test('a denial too', async (t) => {
  const world = prefetching()
  t.equal((await world.askCached('none.z.test')).rcode, RCODE.NXDOMAIN)
  world.pass(3_300)
  t.ok((await prefetch(world, 'none.z.test')).includes('none.z.test. A'))
  t.equal((await world.askCached('none.z.test')).ttlSeconds, 3_600)
})

t.test('told often while it is under way, the zone is asked once', async (t) => {
  const world = prefetching()
  await address(world)
  world.pass(95)
  world.forget()
  for (let i = 0; i < 100; i++) world.resolver.prefetch(nameFrom('www.z.test'), TYPE.A)
  await world.clock.runUntil(() => world.resolver.inFlight.questions === 0, 30_000)
  t.same(world.asked(), ['www.z.test. A'])
})

t.test('who comes after the end while it is under way waits for it', async (t) => {
  const world = prefetching()
  await address(world)
  world.pass(99.999)
  world.forget()
  world.resolver.prefetch(nameFrom('www.z.test'), TYPE.A)
  world.pass(0.002)
  t.equal(await address(world), '192.0.2.80')
  t.same(world.asked(), ['www.z.test. A'])
})

t.test('where it fails the answer stays until its end, and the zone is left alone for a while', async (t) => {
  const down = { name: 'ns', behaviour: failing(RCODE.SERVFAIL) }
  const broken = wrongSignatures({ type: TYPE.A })
  for (const change of [{ servers: [down] }, { defects: [broken] }]) {
    const world = prefetching([zone('z.test.', { content: 'www 1000 A 192.0.2.80\n' })])
    await address(world)
    world.pass(900)
    world.become([zone('z.test.', { content: 'www 1000 A 192.0.2.80\n', ...change })])
    t.ok((await prefetch(world)).length > 0)
    const kept = await world.askCached('www.z.test')
    t.equal(kept.status, 'secure')
    t.equal(kept.ttlSeconds, 1000)
    t.equal(kept.message.answer[0]!.ttlSeconds, 100, 'the old one')
    t.same(await prefetch(world), [])
    world.pass(REFRESH_PAUSE_SECONDS - 1)
    t.same(await prefetch(world), [])
    world.pass(1)
    t.ok((await prefetch(world)).length > 0)
  }
})

t.test('so many at once and no more, and each once', async (t) => {
  let limits = 0
  const counters = { limitHit: () => void limits++ } as unknown as EngineCounters
  const refreshes = new Refreshes({
    nowMs: () => 0,
    counters,
    onFault: (fault) => t.fail(String(fault)),
    underWayMax: () => REFRESHES_MAX,
    max: 10,
  })
  const ends: (() => void)[] = []
  const work = (): Promise<boolean> => new Promise((resolve) => ends.push(() => resolve(true)))
  for (let i = 0; i < REFRESHES_MAX; i++) refreshes.begin(`${i}`, work)
  t.equal(limits, 0)
  refreshes.begin('one more', work)
  t.equal(limits, 1)
  refreshes.begin('0', work)
  t.equal(refreshes.admits('0'), true, 'what is under way may be joined')
  t.equal(limits, 1)
  t.equal(ends.length, REFRESHES_MAX)
  for (const end of ends) end()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(refreshes.size, 0)
})

t.test("a fault of our own is told, and is in nobody's way", async (t) => {
  const faults: unknown[] = []
  const counters = {} as EngineCounters
  const refreshes = new Refreshes({
    nowMs: () => 0,
    counters,
    onFault: (fault) => faults.push(fault),
    underWayMax: () => REFRESHES_MAX,
    max: 10,
  })
  refreshes.begin('a', () => Promise.reject(new Error('ours')))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(faults.length, 1)
  t.equal(refreshes.size, 0)
})

t.test('nothing is fetched in advance where that is not wanted', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings: { prefetch: false } })
  await address(world)
  world.pass(95)
  t.same(await prefetch(world), [])
})

t.test('the keys of a zone in use are there anew before they run out', async (t) => {
  for (const fetched of [true, false]) {
    const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings: { prefetch: fetched } })
    await world.ask('www.z.test', TYPE.A)
    world.pass(3_300)
    world.forget()
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    await world.clock.runUntil(() => world.resolver.inFlight.lookups === 0, 30_000)
    const before = world.asked().filter((question) => / (DS|DNSKEY)$/.test(question))
    t.equal(before.includes('z.test. DNSKEY'), fetched)
    t.equal(before.includes('z.test. DS'), fetched)
    t.equal(new Set(before).size, before.length, 'each once')
    world.pass(400)
    world.forget()
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    const after = world.asked().filter((question) => question === 'z.test. DNSKEY')
    t.equal(after.length, fetched ? 0 : 1)
  }
})

t.test('keys that cannot be had anew serve until their end', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings: { prefetch: true } })
  await world.ask('www.z.test', TYPE.A)
  world.pass(3_300)
  world.become([zone('z.test.', { content: CONTENT, defects: [wrongSignatures({ type: TYPE.DNSKEY })] })])
  for (let i = 0; i < 3; i++) {
    t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
    await world.clock.runUntil(() => world.resolver.inFlight.lookups === 0, 30_000)
    world.pass(90)
  }
  world.pass(100)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'bogus')
})

t.test('the delegations of zones in use are there anew before they run out', async (t) => {
  const above = ['a.root-servers.test.', 'ns.test.']
  for (const made of [zone, plainZone]) {
    for (const fetched of [true, false]) {
      const world = makeWorld([made('z.test.', { content: CONTENT })], { settings: { prefetch: fetched } })
      const asked = (): string[] => above.flatMap((server) => world.asked(server))
      await world.ask('www.z.test', TYPE.A)
      world.forget()
      // Those of zones above end first, and with them those below.
      for (let round = 0; round < 4; round++) {
        world.pass(round === 0 ? 3_290 : 60)
        await world.ask('www.z.test', TYPE.A)
        await world.clock.runUntil(() => world.resolver.inFlight.lookups === 0, 30_000)
      }
      const before = asked().filter((question) => !/ (DS|DNSKEY)$/.test(question))
      t.equal(before.includes('z.test. A'), fetched)
      t.ok(before.length <= 8, `${before}`)
      world.pass(200)
      world.forget()
      await world.ask('www.z.test', TYPE.A)
      await world.clock.runUntil(() => world.resolver.inFlight.lookups === 0, 30_000)
      const after = asked().filter((question) => !/ (DS|DNSKEY)$/.test(question))
      t.equal(after.length > 0, !fetched, `${after}`)
    }
  }
})

t.test('a delegation is fetched anew though the zone above is late with two questions', async (t) => {
  let lost = 0
  let isBusy = false
  const busy: Behaviour = (inner) => (query, by) => {
    const isLost = isBusy && lost < 2
    if (isLost) lost++
    return isLost ? [] : inner(query, by)
  }
  const above = plainZone('test.', { content: '', servers: [{ name: 'ns', behaviour: busy }] })
  const world = prefetching([above, plainZone('z.test.', { content: CONTENT })])
  await world.ask('www.z.test', TYPE.A)
  isBusy = true
  world.pass(3_290)
  world.forget()
  await world.ask('www.z.test', TYPE.A)
  await world.clock.runUntil(() => false, 10_000)
  t.equal(lost, 2)
  t.same(world.asked('ns.test.'), ['z.test. A', 'z.test. A', 'z.test. A'])
})

t.test('a delegation that cannot be had anew serves until its end', async (t) => {
  const world = makeWorld([zone('z.test.', { content: CONTENT })], { settings: { prefetch: true } })
  await world.ask('www.z.test', TYPE.A)
  world.pass(3_400)
  const silent = ['a.root-servers.test.', 'ns.test.']
  for (const server of silent) world.network.attach(world.addressOf(server), () => [])
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  world.pass(150)
  t.equal((await world.ask('www.z.test', TYPE.A)).status, 'secure')
  world.pass(100)
  t.equal((await world.ask('www.z.test', TYPE.A)).rcode, RCODE.SERVFAIL)
})
