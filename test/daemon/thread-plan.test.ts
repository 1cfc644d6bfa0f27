/** How many threads there are, by cores and by what the operator says. */
import t from 'tap'
import { planThreads } from '../../src/daemon/threads/thread-plan.ts'

type Count = number | 'auto'

function plan(fronts: Count, resolvers: Count, cores: number, canSharePorts = true): string {
  const settings = { 'server.front-threads': fronts, 'server.resolver-threads': resolvers }
  const { note, ...threads } = planThreads(settings, { cores, canSharePorts })
  return `${threads.fronts} + ${threads.resolvers}${note === undefined ? '' : ' with a note'}`
}

t.test('by cores', async (t) => {
  t.equal(plan('auto', 'auto', 1), '1 + 0')
  t.equal(plan('auto', 'auto', 2), '1 + 1')
  t.equal(plan('auto', 'auto', 3), '1 + 2')
  t.equal(plan('auto', 'auto', 4), '2 + 2')
  t.equal(plan('auto', 'auto', 16), '8 + 8')
})

t.test('by what the operator says, and the rest by cores', async (t) => {
  t.equal(plan(3, 2, 1), '3 + 2')
  t.equal(plan('auto', 0, 16), '1 + 0')
  t.equal(plan(1, 0, 16), '1 + 0')
  t.equal(plan(2, 'auto', 8), '2 + 6')
  t.equal(plan(8, 'auto', 4), '8 + 1')
  t.equal(plan(1, 'auto', 1), '1 + 1')
  t.equal(plan('auto', 3, 8), '5 + 3')
  t.equal(plan('auto', 3, 2), '1 + 3')
})

t.test('one front where sockets cannot share a port; the cores are used all the same', async (t) => {
  t.equal(plan('auto', 'auto', 2, false), '1 + 1')
  t.equal(plan('auto', 'auto', 8, false), '1 + 7 with a note')
  t.equal(plan(4, 2, 8, false), '1 + 2 with a note')
  t.equal(plan('auto', 0, 8, false), '1 + 0')
})
