/** What occurs most often, in memory for a few. */
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { HeavyHitters } from '../../src/telemetry/heavy-hitters.ts'

t.test('counts are exact while there is room', (t) => {
  const hitters = new HeavyHitters(3)
  for (const key of ['a', 'b', 'a', 'c', 'a']) hitters.add(key)
  t.same(
    new Map(hitters.list.map(({ key, count }) => [key, count])),
    new Map([
      ['a', 3],
      ['b', 1],
      ['c', 1],
    ]),
  )
  t.end()
})

t.test('whoever occurs often is found among 100,000 others, and never counted too high', (t) => {
  const random = seededRandom(7)
  const hitters = new HeavyHitters(32)
  const times = new Map<string, number>()
  for (let i = 0; i < 100_000; i++) {
    const key = random.below(10) === 0 ? 'often' : `once ${i}`
    times.set(key, (times.get(key) ?? 0) + 1)
    hitters.add(key)
  }
  const { list } = hitters
  t.equal(list.length, 32, 'no more are kept')
  const often = list.find(({ key }) => key === 'often')
  t.ok((often?.count ?? 0) > 0.9 * times.get('often')!, `${often?.count} of ${times.get('often')}`)
  for (const { key, count } of list) t.ok(count <= times.get(key)!, `${key}: ${count}`)
  t.end()
})
