/** RFC 9156 2.3: how many questions a name costs, and what each shows. */
import t from 'tap'
import { MINIMISED_LABELS_MAX } from '../../src/base/limits.ts'
import { minimisedName } from '../../src/resolver/minimise.ts'
import { labelCount } from '../../src/wire/name.ts'
import { formatName, nameFrom } from '../../src/wire/name-text.ts'

t.test('one label at a time at first', (t) => {
  const name = nameFrom('a.b.c.example')
  t.equal(formatName(minimisedName(name, 0, 0, MINIMISED_LABELS_MAX)), 'example.')
  t.equal(formatName(minimisedName(name, 1, 1, MINIMISED_LABELS_MAX)), 'c.example.')
  t.equal(formatName(minimisedName(name, 2, 2, MINIMISED_LABELS_MAX)), 'b.c.example.')
  t.equal(
    minimisedName(name, 3, 3, MINIMISED_LABELS_MAX),
    name,
    'the last label is asked with the whole question',
  )
  t.end()
})

t.test('a name of 120 labels costs no more than the limit', (t) => {
  const name = nameFrom(`${'a.'.repeat(120)}`)
  let known = 0
  let steps = 0
  for (; ; steps++) {
    const asked = minimisedName(name, known, steps, MINIMISED_LABELS_MAX)
    if (asked === name) break
    t.ok(labelCount(asked) > known, 'each step shows more')
    known = labelCount(asked)
  }
  t.equal(steps <= MINIMISED_LABELS_MAX, true, `${steps} steps`)
  t.end()
})
