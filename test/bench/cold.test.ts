/** The order in which `cold` asks: nothing twice, kinds mixed while a server gets warm and apart when it is measured. */
import t from 'tap'
import { COLD_ZONES, coldOrder, TURN_NAMES, turnsOf } from '../../bench/cold.ts'
import { isSigned, zoneName } from '../../bench/world/zone-group.ts'

t.test('the order of cold names', async (t) => {
  const { expectations, signedCount } = coldOrder()
  const zones = new Map(
    Array.from({ length: COLD_ZONES.zones }, (_, zone) => [`www.${zoneName(COLD_ZONES, zone)}`, zone]),
  )
  t.equal(new Set(expectations.map(({ name }) => name)).size, COLD_ZONES.zones, 'every zone once')
  const kinds = expectations.map(({ name }) => isSigned(COLD_ZONES, zones.get(name)!))
  t.same(
    expectations.map(({ ad }) => ad),
    kinds,
    'signed ones are proven',
  )
  for (const [from, to] of [
    [0, 500],
    [500, 2000],
  ] as const) {
    const share = kinds.slice(from, to).filter(Boolean).length / (to - from)
    t.ok(share > 0.4 && share < 0.6, `${share} of ${from} to ${to} are signed`)
  }
  t.ok(signedCount > 800 && signedCount < 1200)
  t.ok(kinds.slice(2000, 2000 + signedCount).every(Boolean), 'then the signed ones')
  t.notOk(kinds.slice(2000 + signedCount).some(Boolean), 'then the others')
})

t.test('the turns in which a slice is asked for', async (t) => {
  const turns = turnsOf({ name: 'some', first: 2_000, count: 2 * TURN_NAMES + 7 })
  t.same(turns, [
    { name: 'some', first: 2_000, count: TURN_NAMES },
    { name: 'some', first: 2_000 + TURN_NAMES, count: TURN_NAMES },
    { name: 'some', first: 2_000 + 2 * TURN_NAMES, count: 7 },
  ])
  t.same(turnsOf({ name: 'none', first: 0, count: 0 }), [])
})
