/** Turns: who is asked when, and for what. */
import t from 'tap'
import { inTurns, Stretches, untilQuiet } from '../../bench/turns.ts'

t.test('there and back', async (t) => {
  const order: string[] = []
  await inTurns(['a', 'b', 'c'], 3, async (one, turn) => void order.push(`${one}${turn}`))
  t.same(order, ['a0', 'b0', 'c0', 'c1', 'b1', 'a1', 'a2', 'b2', 'c2'])
})

t.test('a server is waited for until it has done', async (t) => {
  let looks = 0
  // Two looks a time: 100 ms of work in each of three, then none.
  const processorSeconds = (): number => Math.min(Math.floor(looks++ / 2 + 0.5), 3) * 0.1
  await untilQuiet({ processorSeconds })
  t.equal(looks, 8)
})

t.test('stretches lie behind each other', async (t) => {
  const stretches = new Stretches(50, 2.51)
  t.same(
    [0, 1, 2].map((n) => stretches.nth(n)),
    [
      { first: 0, count: 126 },
      { first: 126, count: 126 },
      { first: 252, count: 126 },
    ],
  )
  t.equal(stretches.questions(3), 378)
})
