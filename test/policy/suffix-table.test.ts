import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { NOT_COVERED, SuffixTable } from '../../src/policy/suffix-table.ts'
import { isSubdomainOf, type Name } from '../../src/wire/name.ts'
import { nameFrom } from '../../src/wire/name-text.ts'

t.test('finds the deepest name at or above', async (t) => {
  const table = new SuffixTable(['test.', 'a.test.', 'c.b.a.test.', 'in-addr.arpa.'].map(nameFrom))
  const expected: Record<string, number> = {
    'test.': 0,
    'TeSt.': 0,
    'x.test.': 0,
    'a.test.': 1,
    'x.A.test.': 1,
    'b.a.test.': 1,
    'c.b.a.test.': 2,
    'y.x.C.b.a.Test.': 2,
    'xa.test.': 0,
    'atest.': NOT_COVERED,
    'arpa.': NOT_COVERED,
    'ip6.arpa.': NOT_COVERED,
    '1.in-addr.arpa.': 3,
    'com.': NOT_COVERED,
    '.': NOT_COVERED,
    'test.com.': NOT_COVERED,
  }
  for (const [text, index] of Object.entries(expected)) t.equal(table.find(nameFrom(text)), index, text)
})

t.test('labels are octets: a dot in a label is not a boundary', async (t) => {
  const table = new SuffixTable([nameFrom('a.test.')])
  t.equal(table.find(nameFrom('x\\.a.test.')), NOT_COVERED)
  t.equal(table.find(nameFrom('a\\.test.')), NOT_COVERED)
})

t.test(
  'the root may be in the set, of equal names the later counts, and the longest name fits',
  async (t) => {
    const root = new SuffixTable(['.', 'com.', 'COM.'].map(nameFrom))
    t.equal(root.find(nameFrom('se.')), 0)
    t.equal(root.find(nameFrom('.')), 0)
    t.equal(root.find(nameFrom('www.com.')), 2)
    const longest = nameFrom('a.'.repeat(127))
    t.equal(new SuffixTable([longest]).find(longest), 0)
    t.equal(new SuffixTable([]).find(longest), NOT_COVERED)
  },
)

t.test('reads a name at the start of a longer buffer', async (t) => {
  const name = nameFrom('www.test.')
  const buffer = new Uint8Array(300).fill(0x61)
  buffer.set(name)
  t.equal(new SuffixTable([nameFrom('test.')]).find(buffer, name.length), 0)
})

t.test('agrees with comparing every name', async (t) => {
  const random = seededRandom(7)
  const labels = ['a', 'b', 'C', 'aa', 'ab']
  const draw = (): Name =>
    nameFrom(`${Array.from({ length: random.below(6) }, () => labels[random.below(5)]!).join('.')}.`)
  const names = Array.from({ length: 60 }, draw)
  const table = new SuffixTable(names)
  for (let round = 0; round < 5000; round++) {
    const name = draw()
    let best = NOT_COVERED
    names.forEach((candidate, i) => {
      const deeper = best === NOT_COVERED || candidate.length >= names[best]!.length
      if (isSubdomainOf(name, candidate) && deeper) best = i
    })
    if (table.find(name) !== best) t.fail(`${name.join()}: ${table.find(name)}, not ${best}`)
  }
})
