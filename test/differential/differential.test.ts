/** A part of `npm run differential`: this resolver and Unbound in the lab Internet with its faults. */
import t from 'tap'
import { peersSkipReason } from '../../bench/programs.ts'
import { readProjectFile } from '../house/project.ts'
import { stopwatch } from '../support/comparison-results.ts'
import { compare } from './compare.ts'
import { ALLOWED } from './differences.ts'

/** As many as take half a minute. */
const CASES = 1_500
/** Lines printed of a long list. */
const SHOWN_MAX = 20

const skip = await peersSkipReason(['unbound'])

t.test('every difference has a reason (C14)', { skip, timeout: 170_000 }, async (t) => {
  const clock = stopwatch()
  const results = await compare('1', CASES)
  const { agreed, unexplained, faults, explained, secure } = results
  t.comment(`${CASES} cases in ${clock()}, ${agreed} agree`)
  for (const [name, count] of explained) t.comment(`${count} differ: ${name}`)
  t.same(unexplained.slice(0, SHOWN_MAX), [], `${unexplained.length} unexplained`)
  t.same(faults.slice(0, SHOWN_MAX), [], `${faults.length} replies break a rule`)
  const missing = ALLOWED.filter(({ name, seldom }) => !seldom && !explained.has(name))
  t.same(
    missing.map(({ name }) => name),
    [],
    'every class of differences occurs',
  )
  t.ok(agreed > CASES * 0.9, `${agreed} agree`)
  t.ok(secure > CASES / 6, `${secure} answers with AD`)
})

t.test('README.md names each class of differences', async (t) => {
  const headings = readProjectFile('test/differential/README.md').match(/(?<=\n### ).+/g) ?? []
  t.same(
    headings,
    ALLOWED.map(({ name }) => name),
  )
})
