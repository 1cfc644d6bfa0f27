import t from 'tap'
import { type FileReport, TapTally } from './tap-tally.ts'

const PASSING = `TAP version 14
# Subtest: one
    ok 1 - should be equal
    ok 2 - nothing recorded # SKIP
    1..2
ok 1 - one # time=6.152ms

1..1
# { total: 2, pass: 1, skip: 1 }
# time=37.429ms
`

const FAILING = `TAP version 14
# Subtest: two
    ok 1 - first
    not ok 2 - should be equal
      ---
      compare: ===
      ...
    ok 3 - later # TODO
    1..3
not ok 1 - two # time=31.619ms

1..1
# { total: 3, pass: 1, fail: 1, todo: 1 }
# time=46.423ms
`

function report(text: string, trouble?: string): FileReport {
  const tally = new TapTally()
  for (const line of text.split('\n')) tally.read(line)
  return tally.report('a.test.js', trouble)
}

t.test('a file that passes takes a line, and one for what it skipped', async (t) => {
  t.same(report(PASSING), {
    passed: 1,
    failed: 0,
    skipped: 1,
    lines: ['ok - a.test.js', '    ok 2 - nothing recorded # SKIP'],
  })
})

t.test('of a file that fails everything is told but what passed', async (t) => {
  t.same(report(FAILING, 'ended with status 1'), {
    passed: 1,
    failed: 1,
    skipped: 1,
    lines: [
      '# a.test.js',
      '# Subtest: two',
      '    not ok 2 - should be equal',
      '      ---',
      '      compare: ===',
      '      ...',
      '    ok 3 - later # TODO',
      'not ok 1 - two # time=31.619ms',
      'not ok - a.test.js',
    ],
  })
})

t.test('zeros that tap leaves out', async (t) => {
  const { passed, failed, skipped } = report('# { total: 4, pass: 4 }\n')
  t.same({ passed, failed, skipped }, { passed: 4, failed: 0, skipped: 0 })
})

t.test('a file that was left out whole', async (t) => {
  t.same(report('TAP version 14\n1..0 # no such folder\n# { total: 0, pass: 0 }\n'), {
    passed: 0,
    failed: 0,
    skipped: 1,
    lines: ['ok - a.test.js # SKIP no such folder'],
  })
})

t.test('a file whose process fails after its last assertion fails', async (t) => {
  const { passed, failed, lines } = report(PASSING, 'ended with status 7')
  t.same({ passed, failed }, { passed: 1, failed: 1 })
  t.equal(lines.at(-1), 'not ok - a.test.js: ended with status 7')
})

t.test('a file that broke off fails', async (t) => {
  t.equal(report(PASSING.slice(0, PASSING.indexOf('# {'))).failed, 1)
  t.equal(report('').failed, 1)
  t.equal(report('    # { total: 4, pass: 4 }\n').failed, 1, 'the counts of a part are not those of the file')
})
