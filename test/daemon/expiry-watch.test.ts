/** The caches looked through for signatures that end, in a lab whose zones are signed for so long, by a clock that is moved. */
import t from 'tap'
import { EXPIRY_TOLD_AGAIN_SECONDS, EXPIRY_WATCH_MS } from '../../src/base/limits.ts'
import { ExpiryWatch } from '../../src/daemon/report/expiry-watch.ts'
import { TYPE } from '../../src/wire/iana/rrtype.ts'
import { makeWorld, plainZone, SIGNED, type World, zone } from '../support/world.ts'

const HOUR = 3_600

const ZONES = [
  zone('stopped.test.', { signing: { ...SIGNED, days: [-20, 1] } }),
  zone('fresh.test.', { signing: { ...SIGNED, days: [-10, 20] } }),
  zone('short.test.', { signing: { ...SIGNED, days: [-0.5, 1] } }),
  zone('unpopular.test.', { signing: { ...SIGNED, days: [-20, 1] } }),
  plainZone('plain.test.'),
]

function bench(world: World = makeWorld(ZONES)) {
  const { clock, rrsets, answers } = world
  const warnings: string[] = []
  const settings = { hours: 48 }
  const watch = new ExpiryWatch({
    tables: { answers: [answers.reader()], rrsets: [rrsets.reader()] },
    clock,
    warningHours: () => settings.hours,
    log: { warn: (fields: object | string, text = '') => void warnings.push(String(text || fields)) },
    onFault: (fault) => {
      throw fault
    },
  })
  /** As customers do: the second one gets it out of the cache. */
  const use = async (name: string): Promise<void> => {
    await world.askCached(name)
    await world.askCached(name)
  }
  const zones = (): string[] => watch.expiring.map((one) => one.zone)
  return { world, watch, use, zones, warnings, settings }
}

t.test('a zone in use that ends within a day is told of; the others are not', async (t) => {
  const { world, watch, use, zones, warnings } = bench()
  // Ten hours before the end.
  world.clock.setUnixSeconds(world.clock.unixSeconds() + 14 * HOUR)
  for (const name of ['stopped', 'fresh', 'short', 'plain']) await use(`www.${name}.test`)
  await world.ask('www.unpopular.test', TYPE.A)
  world.forget()
  await watch.look()
  t.same(world.asked(), [], 'nobody is asked')
  t.same(zones(), ['stopped.test.'])
  t.match(watch.expiring, [
    { hoursLeft: 10, lifetimeHours: 504, answersInUse: 1, ends: '2026-11-22T12:00:00Z' },
  ])
  t.match(warnings, [/fails in 10 hours unless it is signed again/])
  await watch.look()
  t.equal(warnings.length, 1, 'told once')
})

t.test('signed again, it is told of no more', async (t) => {
  const { world, watch, use, zones } = bench()
  world.clock.setUnixSeconds(world.clock.unixSeconds() + 14 * HOUR)
  await use('www.stopped.test')
  await watch.look()
  t.same(zones(), ['stopped.test.'])
  world.become([zone('stopped.test.', { signing: { ...SIGNED, days: [-1, 20] } }), ...ZONES.slice(1)])
  world.rrsets.flush()
  world.answers.flush()
  world.resolver.flush()
  await use('www.stopped.test')
  await watch.look()
  t.same(zones(), [])
})

const MONTH = [zone('stopped.test.', { signing: { ...SIGNED, days: [-30, 2] } })]

t.test('in the log once a day, and not where nobody wants it', async (t) => {
  const { world, watch, use, zones, warnings, settings } = bench(makeWorld(MONTH))
  const pass = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour++) {
      world.clock.advance(HOUR * 1000)
      world.rrsets.flush()
      await use('www.stopped.test')
      await watch.look()
    }
  }
  settings.hours = 0
  await pass(2)
  t.same([zones(), warnings], [[], []])
  settings.hours = 48
  await pass(2)
  t.same(zones(), ['stopped.test.'])
  t.equal(warnings.length, 1)
  await pass(EXPIRY_TOLD_AGAIN_SECONDS / HOUR - 1)
  t.equal(warnings.length, 1)
  await pass(1)
  t.equal(warnings.length, 2)
})

t.test('it looks by itself, until it is closed', async (t) => {
  const { world, watch, use, zones } = bench(makeWorld(MONTH))
  world.clock.setUnixSeconds(world.clock.unixSeconds() + 30 * HOUR)
  world.clock.advance(EXPIRY_WATCH_MS - 10_000)
  await use('www.stopped.test')
  world.clock.advance(10_000)
  for (let turn = 0; turn < 1_000 && zones().length === 0; turn++) await Promise.resolve()
  t.same(zones(), ['stopped.test.'])
  await watch.look()
  watch.close()
  t.equal(world.clock.nextTimerMs(), undefined)
})
