/**
 * The wall clock is set while questions are answered, by seconds, hours and years, both ways: signatures go by it and
 * nothing else does.
 */
import t from 'tap'
import { CLOCK_CHECK_MS } from '../../src/base/limits.ts'
import { watchClock } from '../../src/daemon/clock-watch.ts'
import { RCODE } from '../../src/wire/iana/rcode.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { CLOCK, makeWorld, plainZone, type World, zone } from '../support/world.ts'

const HOUR = 3_600
const DAY = 86_400
const YEAR = 365 * DAY
/** The lab signs for ten days before and twenty after. */
const JUMPS = [20, -20, HOUR, -HOUR, 5 * DAY, -5 * DAY, YEAR, -YEAR, 30 * YEAR, -30 * YEAR]
const CONTENT = 'www 600 A 192.0.2.80\n'

function holds(jump: number): boolean {
  return jump > -10 * DAY && jump < 20 * DAY
}

/** A world whose verdicts are reached anew when its clock is set, as the daemon has it. */
function watched(): World {
  const world = makeWorld([
    zone('signed.test.', { content: CONTENT }),
    plainZone('plain.test.', { content: CONTENT }),
  ])
  watchClock(world.clock, () => world.policy.raise())
  return world
}

for (const jump of JUMPS) {
  t.test(`by ${jump} seconds and back`, async (t) => {
    const world = watched()
    const { clock } = world
    const verdicts = async (): Promise<unknown[]> => {
      const signed = await world.askCached('www.signed.test')
      const plain = await world.askCached('www.plain.test')
      return [signed.message.rcode, signed.status, plain.message.rcode, plain.status]
    }
    const good = [RCODE.NOERROR, 'secure', RCODE.NOERROR, 'insecure']
    t.same(await verdicts(), good)
    clock.setUnixSeconds(clock.unixSeconds() + jump)
    clock.advance(CLOCK_CHECK_MS)
    // Where no signature holds nothing is proven, the absence of a DS as little as data.
    const there = await verdicts()
    if (holds(jump)) t.same(there, good)
    else t.same([there[1], there[3]], ['bogus', 'bogus'])
    clock.setUnixSeconds(clock.unixSeconds() - jump)
    clock.advance(CLOCK_CHECK_MS)
    t.same(await verdicts(), good, 'at once, out of what is cached')
    t.same(world.faults, [])
  })
}

t.test('what is cached lives as long as it would have', async (t) => {
  for (const jump of JUMPS.filter(holds)) {
    const world = watched()
    await world.askCached('www.plain.test')
    world.forget()
    world.clock.setUnixSeconds(CLOCK + jump)
    world.pass(590)
    await world.askCached('www.plain.test')
    t.same(world.asked(), [], `${jump}: no sooner`)
    world.pass(11)
    await world.askCached('www.plain.test')
    t.ok(world.asked().includes('www.plain.test. A'), `${jump}: and no later`)
  }
})

t.test('negative trust anchors end by the clock that their end was given by', async (t) => {
  for (const jump of [0, HOUR, -HOUR, DAY]) {
    const world = watched()
    const expiresSeconds = CLOCK + 2 * HOUR
    const anchor = { name: nameFrom('signed.test'), reason: 'a test', author: 'a test', expiresSeconds }
    world.policy.addNegativeTrustAnchor(anchor)
    world.clock.setUnixSeconds(CLOCK + jump)
    const left = Math.max(0, 2 * HOUR - jump)
    if (left > 120) {
      world.pass(left - 120)
      t.equal((await world.askCached('www.signed.test')).status, 'insecure', `${jump}: it counts`)
    }
    world.pass(left > 120 ? 240 : 120)
    t.equal((await world.askCached('www.signed.test')).status, 'secure', `${jump}: it has ended`)
    t.same(world.policy.negativeTrustAnchors, [])
  }
})
