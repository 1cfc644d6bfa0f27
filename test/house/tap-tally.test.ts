import t from 'tap'
import { TapTally } from './tap-tally.ts'

const RUN = `TAP version 14
1..3
# Subtest: dist/test/a.test.js
    # Subtest: one
        ok 1 - should be equal
        ok 2 - nothing recorded # SKIP
        1..2
    ok 1 - one # time=6.152ms

    1..1
    # time=37.429ms
ok 1 - dist/test/a.test.js # time=37.429ms

# Subtest: dist/test/b.test.js
    # Subtest: two
        ok 1 - first
        not ok 2 - should be equal
          ---
          compare: ===
          ...
        1..2
    not ok 1 - two # time=31.619ms
    1..1
not ok 2 - dist/test/b.test.js # time=46.423ms
  ---
  args:
    - dist/test/b.test.js
  ...

# Subtest: dist/test/c.test.js
    1..0 # no such folder
ok 3 - dist/test/c.test.js # SKIP no such folder

# No coverage generated
# { total: 5, pass: 2, fail: 1, skip: 1, todo: 1 }
# time=2127.593ms
`

function readAll(text: string): { tally: TapTally; shown: string[] } {
  const tally = new TapTally()
  const shown = text.split('\n').flatMap((line) => tally.read(line))
  return { tally, shown }
}

t.test('the counts are those of tap', async (t) => {
  t.same(readAll(RUN).tally.counts, { passed: 2, failed: 1, skipped: 2 })
})

t.test('zeros that tap leaves out', async (t) => {
  t.same(readAll('# { total: 4, pass: 4 }\n').tally.counts, { passed: 4, failed: 0, skipped: 0 })
})

t.test('a run that broke off has no counts', async (t) => {
  t.equal(readAll(RUN.slice(0, RUN.indexOf('# { total'))).tally.counts, undefined)
  t.equal(
    readAll('    # { total: 4, pass: 4 }\n').tally.counts,
    undefined,
    'those of a file are not those of the run',
  )
})

t.test('passing files take a line, failures and skips are told', async (t) => {
  t.same(readAll(RUN).shown, [
    'ok 1 - dist/test/a.test.js # time=37.429ms',
    '        ok 2 - nothing recorded # SKIP',
    '# Subtest: dist/test/b.test.js',
    '    # Subtest: two',
    '        not ok 2 - should be equal',
    '          ---',
    '          compare: ===',
    '          ...',
    '    not ok 1 - two # time=31.619ms',
    'not ok 2 - dist/test/b.test.js # time=46.423ms',
    '  ---',
    '  args:',
    '    - dist/test/b.test.js',
    '  ...',
    'ok 3 - dist/test/c.test.js # SKIP no such folder',
    '# time=2127.593ms',
  ])
})
