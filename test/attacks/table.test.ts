/** The catalogue, the tests and the table of figures know of each other. */
import t from 'tap'
import { readProjectFile } from '../house/project.ts'
import { filesByRow, idsIn } from './found.ts'
import { ROWS } from './rows.ts'
import { linkTo, NO_TEST, readBeside, readTable, TABLE_PATH, writeTable } from './table.ts'

const files = filesByRow()

t.test('ids are unique and in order within their group', async (t) => {
  const ids = ROWS.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  t.same(ids.filter((id) => id.startsWith('V')).length, 50)
  t.same(ids.filter((id) => !id.startsWith('V')).length, 62)
})

t.test('every row has a test, or says why not', async (t) => {
  for (const { id, untested } of ROWS) t.ok(files.has(id) || untested !== undefined, id)
})

t.test('no test names a row that is none', async (t) => {
  const known = new Set(ROWS.map(({ id }) => id))
  t.same(
    [...files.keys()].filter((id) => !known.has(id)),
    [],
  )
})

t.test(
  'the table has every row as the catalogue has it, a figure where there is a test, and its files',
  async (t) => {
    const lines = readTable(readProjectFile(TABLE_PATH))
    t.same(
      lines.map(({ id, attack, criterion }) => ({ id, attack, criterion })),
      ROWS.map(({ id, attack, criterion }) => ({ id, attack, criterion })),
      'npm run attacks writes it anew',
    )
    for (const { id, measured, test } of lines) {
      const tests = (files.get(id) ?? []).map(linkTo)
      if (measured === NO_TEST) {
        t.equal(test, ROWS.find((row) => row.id === id)?.untested, id)
        continue
      }
      t.not(measured, '', id)
      // A test that was added since is no fault of the table, one that is gone is.
      t.same(
        test.split(', ').filter((path) => !tests.includes(path)),
        [],
        id,
      )
    }
  },
)

t.test('a page is read as it was written', async (t) => {
  const figures = new Map([['V01', ['1 | 2', '3']]])
  const cells = new Map([['V01', 'of 5: Sigill 5, BIND -']])
  const files = new Map([['V01', ['attacks/a.test.ts', 'resolver/b.test.ts']]])
  const page = writeTable(figures, files, { resolvers: 'Sigill 1.0, BIND 9.18', cells })
  const line = readTable(page).find(({ id }) => id === 'V01')
  t.match(line, {
    measured: '1 | 2; 3',
    beside: 'of 5: Sigill 5, BIND -',
    test: 'a.test.ts, ../resolver/b.test.ts',
  })
  t.same(readBeside(page), { resolvers: 'Sigill 1.0, BIND 9.18', cells })
})

t.test('ids are found in titles, and nowhere else', async (t) => {
  const source = "// V01\nconst x = 'V02'\nrow('V03', run)\nt.test(\n  `A04, ${x} (B05)`,\n  () => {},\n)\n"
  t.same([...idsIn(source)], ['V03', 'A04', 'B05'])
})
