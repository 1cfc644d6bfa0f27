/** Some hours of mixed faults; `npm run simulate -- --hours 24` is a day of them. */
import t from 'tap'
import { drawDay } from './day.ts'
import { simulateHours } from './hours.ts'
import { makeGround, simulate } from './world.ts'

const HOURS = 2
const ground = makeGround()

t.test(
  `${HOURS} hours: no wrong answer, every question answered, and well again after each spell`,
  async (t) => {
    const { violations, questions, upstreamQueries, paths } = await simulateHours(1, HOURS, ground)
    t.same(violations, [])
    t.ok(questions > 600 * HOURS, `${questions} questions`)
    t.comment(`${questions} questions, ${upstreamQueries} upstream, ${paths.length} distinct paths`)
  },
)

t.test('a world that is not well again is found', async (t) => {
  const blind = { importKey: () => ({ verifies: () => false }) }
  const { violations } = await simulate(1, ground, blind, {
    draw: (random, editions) => drawDay(random, editions, HOURS),
  })
  t.match(violations.join('; '), /in calm weather|no AD over/)
})
