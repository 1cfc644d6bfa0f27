import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { OrderedRanges, type Range, rangeCovers, rangeOctets } from '../../src/cache/ordered-ranges.ts'

function range(from: string, to: string, times: Partial<Pick<Range, 'expiresMs' | 'usedMs'>> = {}): Range {
  return { from, to, octets: `${from}-${to}`, storedMs: 0, expiresMs: 1000, usedMs: 0, ...times }
}

t.test('a range goes from its beginning to its end, over the end of the order too', async (t) => {
  const inside = (from: string, to: string): string =>
    [...'abcdef'].filter((key) => rangeCovers(range(from, to), key)).join('')
  t.equal(inside('b', 'e'), 'cd')
  t.equal(inside('e', 'b'), 'af')
  t.equal(inside('c', 'c'), 'abdef', 'the only link of a chain')
})

/** What the table must hold: the same rule, written without an order. */
class Model {
  ranges: Range[] = []

  add(fresh: Range): void {
    this.ranges = this.ranges.filter(
      (old) => old.from !== fresh.from && !rangeCovers(fresh, old.from) && !rangeCovers(old, fresh.from),
    )
    this.ranges.push(fresh)
  }

  atOrBefore(key: string): Range | undefined {
    const ordered = [...this.ranges].sort((a, b) => (a.from < b.from ? -1 : 1))
    return ordered.filter(({ from }) => from <= key).at(-1) ?? ordered.at(-1)
  }
}

const key = fc.constantFrom(...'abcdefghijkl')

t.test('what is newer ends what contradicts it', async () => {
  const property = fc.property(fc.array(fc.tuple(key, key), { maxLength: 12 }), (pairs) => {
    const table = new OrderedRanges()
    const model = new Model()
    for (const [from, to] of pairs) {
      const fresh = range(from, to)
      table.add(fresh)
      model.add(fresh)
      for (const asked of 'abcdefghijkl')
        deepStrictEqual(table.atOrBefore(asked), model.atOrBefore(asked), asked)
      deepStrictEqual(table.size, model.ranges.length)
      deepStrictEqual(
        table.octetsUsed,
        model.ranges.reduce((sum, one) => sum + rangeOctets(one), 0),
      )
    }
  })
  fc.assert(property, { numRuns: 500, seed: 8198 })
})

t.test('pruning takes what has run out, then what was not used for longest', async (t) => {
  const table = new OrderedRanges()
  const letters = [...'abcdef']
  for (const [i, letter] of letters.entries())
    table.add(
      range(letter, `${letter}x`, { expiresMs: letter === 'b' ? 10 : 1000, usedMs: letters.length - i }),
    )
  table.prune(10, 3)
  t.same(
    letters.filter((letter) => table.atOrBefore(letter)?.from === letter),
    ['a', 'c', 'd'],
  )
  const before = table.octetsUsed
  const [first] = [table.atOrBefore('a')!]
  table.remove(first)
  t.equal(table.octetsUsed, before - rangeOctets(first))
  table.remove(first)
  t.equal(table.size, 2, 'a range that is gone takes nothing with it')
})

t.test('where all were used at once, pruning still keeps no more than it should', async (t) => {
  const table = new OrderedRanges()
  for (const letter of 'abcdef') table.add(range(letter, `${letter}x`))
  table.prune(0, 4)
  t.equal(table.size, 4)
})
