/** The operator's bounds on time to live: what clients see, what is kept, and what signatures still forbid. */
import t from 'tap'
import type { ZoneAnswer } from '../../src/authority/answer.ts'
import { NEGATIVE_TTL_SECONDS_MAX, TTL_SECONDS_MAX } from '../../src/base/limits.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { makeWorld, plainZone, type World, zone } from '../support/world.ts'

const DEFAULTS = { min: 0, max: TTL_SECONDS_MAX, negativeMax: NEGATIVE_TTL_SECONDS_MAX }
const CONTENT = 'zero 0 A 192.0.2.1\nshort 10 A 192.0.2.2\nlong 604800 A 192.0.2.3\nalias 20 CNAME long\n'

function limited(
  limits: Partial<typeof DEFAULTS>,
  zones = [plainZone('z.test.', { content: CONTENT })],
): World {
  return makeWorld(zones, { settings: { ttlSeconds: { ...DEFAULTS, ...limits } } })
}

/** Seconds that the first record and the whole live, as a client is told. */
async function lifetimes(world: World, name: string): Promise<readonly number[]> {
  const reply = await world.askCached(name)
  return [...reply.message.answer, ...reply.message.authority].map(({ ttlSeconds }) => ttlSeconds)
}

t.test('a record is kept no longer than the upper bound, and the first reply says so', async (t) => {
  const world = limited({ max: 60 })
  t.same(await lifetimes(world, 'long.z.test'), [60])
  t.same(await lifetimes(world, 'alias.z.test'), [20, 60])
  world.pass(45)
  t.same(await lifetimes(world, 'long.z.test'), [15])
  world.pass(15)
  world.forget()
  t.same(await lifetimes(world, 'long.z.test'), [60])
  t.ok(world.asked().includes('long.z.test. A'))
})

t.test('without bounds of the operator a day is the most', async (t) => {
  t.same(await lifetimes(limited({}), 'long.z.test'), [TTL_SECONDS_MAX])
})

t.test('a record is kept at least as long as the lower bound, also one with a TTL of 0', async (t) => {
  const world = limited({ min: 300 })
  for (const name of ['zero.z.test', 'short.z.test']) {
    t.same(await lifetimes(world, name), [300], name)
    world.forget()
    world.pass(299)
    t.same(await lifetimes(world, name), [1], name)
    t.same(world.asked(), [], name)
  }
})

t.test('no lower bound keeps a record for longer than its signature allows (RFC 4035 5.3.3)', async (t) => {
  const world = limited({ min: 300 }, [zone('z.test.', { content: CONTENT })])
  t.same(await lifetimes(world, 'short.z.test'), [10, 10])
  world.pass(10)
  world.forget()
  t.same(await lifetimes(world, 'short.z.test'), [10, 10])
  t.same(world.asked(), ['short.z.test. A'])
  t.same(await lifetimes(world, 'zero.z.test'), [0, 0])
  world.forget()
  await lifetimes(world, 'zero.z.test')
  t.same(world.asked(), ['zero.z.test. A'], 'nothing is kept')
})

t.test('where the bounds contradict each other the upper one holds', async (t) => {
  t.same(await lifetimes(limited({ min: 300, max: 60 }), 'short.z.test'), [60])
})

t.test('a denial has an upper bound of its own', async (t) => {
  for (const zones of [[plainZone('z.test.')], [zone('z.test.')]]) {
    const world = limited({ negativeMax: 10, max: 15 }, zones)
    const reply = await world.askCached('none.z.test')
    t.equal(reply.ttlSeconds, 10)
    for (const { ttlSeconds } of reply.message.authority) t.ok(ttlSeconds <= 10, `${ttlSeconds}`)
    world.pass(5)
    t.ok((await lifetimes(world, 'none.z.test')).every((seconds) => seconds <= 5))
  }
})

t.test('a denial may be kept for longer than an hour where the operator wants that', async (t) => {
  const day: LabZoneRewrite = (answer) => ({
    ...answer,
    authority: answer.authority.map((set) => ({
      ...set,
      ttlSeconds: 86_400,
      rdatas: set.rdatas.map((rdata) => Uint8Array.of(...rdata.subarray(0, -4), 0, 1, 0x51, 0x80)),
    })),
  })
  const zones = [plainZone('z.test.', { rewrites: () => [day] })]
  t.equal((await limited({}, zones).ask('none.z.test', TYPE.A)).ttlSeconds, 3600)
  const world = limited({ negativeMax: 7200 }, zones)
  t.equal((await world.ask('none.z.test', TYPE.A)).ttlSeconds, 7200)
  world.pass(7000)
  t.equal((await world.ask('none.z.test', TYPE.A)).ttlSeconds, 200, 'in the RRset cache too')
})

type LabZoneRewrite = (answer: ZoneAnswer) => ZoneAnswer

t.test(
  'a denial with nothing in it is kept for the lower bound, and judged again for no longer',
  async (t) => {
    const bare: LabZoneRewrite = (answer) => ({ ...answer, authority: [] })
    const world = limited({ min: 60 }, [plainZone('z.test.', { rewrites: () => [bare] })])
    t.equal((await world.askCached('none.z.test')).ttlSeconds, 60)
    world.pass(40)
    world.policy.raise()
    world.forget()
    t.equal((await world.askCached('none.z.test')).ttlSeconds, 20)
    t.same(world.asked(), [])
  },
)

t.test('a TTL of 0 serves everybody who waited for it, and nobody later', async (t) => {
  const world = limited({})
  const replies = await world.askAll([['zero.z.test'], ['zero.z.test'], ['zero.z.test']])
  for (const { message } of replies) t.equal(message.answer[0]?.ttlSeconds, 0)
  t.equal(world.asked().filter((question) => question === 'zero.z.test. A').length, 1)
  world.forget()
  await world.askCached('zero.z.test')
  t.same(world.asked(), ['zero.z.test. A'])
})

t.test('a TTL with its top bit set is 0 (RFC 2181 8)', async (t) => {
  const huge: LabZoneRewrite = (answer) => ({
    ...answer,
    answer: answer.answer.map((set) => ({ ...set, ttlSeconds: 0x8000_0001 })),
  })
  const world = limited({}, [plainZone('z.test.', { content: CONTENT, rewrites: () => [huge] })])
  t.same(await lifetimes(world, 'long.z.test'), [0])
  const name = nameFrom('long.z.test')
  t.equal(world.answers.find(name, 0, name.length, TYPE.A, world.clock.nowMs()), -1)
  t.equal(world.rrsets.get(name, TYPE.A), undefined)
})

t.test('delegations and glue keep to the bounds', async (t) => {
  const world = limited({ max: 30 })
  await world.askCached('short.z.test')
  t.ok(world.rrsets.getDelegation(nameFrom('z.test'))!.rrset.ttlSeconds <= 30)
  t.ok(world.rrsets.getGlue(nameFrom('ns.z.test'), TYPE.A)!.rrset.ttlSeconds <= 30)
  world.pass(30)
  t.equal(world.rrsets.closestDelegation(nameFrom('z.test')), undefined)
})

t.test('clients may be shown the TTL that the zone gave, also of what the RRset cache has', async (t) => {
  const content = 'long 100 A 192.0.2.3\nalias 60 CNAME long\ndown 50 DNAME other\nx.other 40 A 192.0.2.4\n'
  const settings = { originalTtls: true, aggressiveDenial: false }
  const world = makeWorld([zone('z.test.', { content })], { settings })
  const shown = async (name: string): Promise<readonly number[]> => {
    const { answer, authority } = (await world.ask(name, TYPE.A)).message
    return [...new Set([...answer, ...authority].map(({ ttlSeconds }) => ttlSeconds))]
  }
  t.same(await shown('long.z.test'), [100])
  t.same(await shown('x.down.z.test'), [50, 40])
  const denial = await shown('none.z.test')
  world.pass(30)
  world.forget()
  t.same(await shown('long.z.test'), [100])
  t.same(await shown('x.down.z.test'), [50, 40])
  t.same(await shown('none.z.test'), denial)
  t.same(world.asked(), [])
  t.same(await shown('alias.z.test'), [60, 100])
  world.pass(69)
  t.equal((await world.ask('long.z.test', TYPE.A)).ttlSeconds, 1, 'it is kept no longer for that')
  world.forget()
  world.pass(1)
  t.same(await shown('long.z.test'), [100])
  t.same(world.asked(), ['long.z.test. A'])
})
