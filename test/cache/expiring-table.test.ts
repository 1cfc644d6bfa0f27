import t from 'tap'
import { ExpiringTable } from '../../src/cache/expiring-table.ts'

t.test('values expire at their moment, also when the clock starts at 0', async (t) => {
  let nowMs = 0
  const table = new ExpiringTable<string>({ max: 10, nowMs: () => nowMs })
  table.set('a', 'one', 1000)
  table.set('b', 'two', 0)
  t.equal(table.get('b'), undefined)
  nowMs = 999.5
  t.equal(table.get('a'), 'one')
  t.equal(table.remainingMs('a'), 0.5)
  nowMs = 1000
  t.equal(table.get('a'), undefined)
  t.equal(table.remainingMs('a'), 0)
  t.equal(table.size, 0, 'and are gone once somebody asked')
})

t.test('a value without lifetime removes the one before', async (t) => {
  const table = new ExpiringTable<string>({ max: 10, nowMs: () => 0 })
  table.set('a', 'one', 1000)
  table.set('a', 'two', -1)
  t.equal(table.get('a'), undefined)
})

t.test('the least recently used goes first', async (t) => {
  const table = new ExpiringTable<number>({ max: 2, nowMs: () => 0 })
  table.set('a', 1, 1)
  table.set('b', 2, 1)
  table.get('a')
  table.set('c', 3, 1)
  t.same([table.get('a'), table.get('b'), table.get('c')], [1, undefined, 3])
  t.ok(table.delete('a'))
  t.notOk(table.delete('a'))
  table.clear()
  t.equal(table.size, 0)
})

t.test('it holds no more octets than there is room for', async (t) => {
  const room = { octetsMax: 10, octetsOf: (text: string) => text.length }
  const table = new ExpiringTable<string>({ max: 100, room, nowMs: () => 0 })
  for (const key of ['a', 'b', 'c']) table.set(key, 'four', 1)
  t.same([table.get('a'), table.get('b'), table.get('c')], [undefined, 'four', 'four'])
  table.set('c', 'longer by five', 1)
  t.equal(table.get('c'), undefined, 'more than the whole room')
  table.set('d', 'longer', 1)
  t.same([table.get('b'), table.get('d')], ['four', 'longer'])
})
