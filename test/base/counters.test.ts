/** Counters as typed arrays. */
import t from 'tap'
import { CounterSet, counterSamples, type Family, histogramSamples } from '../../src/base/counters.ts'

const PLAIN: Family = { name: 'plain', help: 'One value.' }
const LABELLED: Family = {
  name: 'labelled',
  help: 'Three values.',
  label: 'kind',
  values: ['a', 'b', 'other'],
}
const TIMES: Family = {
  name: 'times',
  help: 'A histogram.',
  label: 'path',
  values: ['x', 'y'],
  bounds: [1, 2, 5],
}
const FAMILIES = [PLAIN, LABELLED, TIMES]

t.test('a counter counts, by name and by index', async (t) => {
  const set = new CounterSet(FAMILIES)
  set.add('plain')
  set.add('plain', '', 4)
  set.cells[set.index('labelled', 'b')]!++
  t.same(counterSamples([set], PLAIN), [{ labelValue: '', count: 5 }])
  t.same(counterSamples([set], LABELLED), [
    { labelValue: 'a', count: 0 },
    { labelValue: 'b', count: 1 },
    { labelValue: 'other', count: 0 },
  ])
})

t.test('a label value that the family does not name counts under the last one', async (t) => {
  const set = new CounterSet(FAMILIES)
  set.add('labelled', 'never heard of')
  set.add('labelled', '__proto__')
  t.equal(counterSamples([set], LABELLED)[2]?.count, 2)
})

t.test('a counter of no family is our own fault', async (t) => {
  t.throws(() => new CounterSet(FAMILIES).add('nonsense'), { name: 'AssertionFault' })
})

t.test('a histogram puts each value under the first bound not below it', async (t) => {
  const set = new CounterSet(FAMILIES)
  const y = set.index('times', 'y')
  for (const value of [0, 1, 1.5, 2, 5, 5.1, 1000]) set.observe(y, TIMES.bounds!, value)
  t.same(histogramSamples([set], TIMES), [
    { labelValue: 'x', buckets: [0, 0, 0, 0], sum: 0 },
    { labelValue: 'y', buckets: [2, 2, 1, 2], sum: 1014.6 },
  ])
  t.equal(counterSamples([set], LABELLED)[0]?.count, 0, 'and touches no other family')
})

t.test('sets of several threads add up, in memory that is shared', async (t) => {
  const memory = new SharedArrayBuffer(CounterSet.octetsFor(FAMILIES))
  const writer = new CounterSet(FAMILIES, memory)
  const reader = new CounterSet(FAMILIES, memory)
  writer.add('labelled', 'a', 3)
  t.equal(reader.cells.byteLength, memory.byteLength)
  t.equal(counterSamples([reader], LABELLED)[0]?.count, 3)
  t.equal(counterSamples([reader, writer], LABELLED)[0]?.count, 6)
})
