/** Manners towards the event loop. */
import t from 'tap'
import { VirtualClock } from '../../src/base/clock.ts'
import { ProofBudget } from '../../src/dnssec/budget.ts'
import type { Context, Job } from '../../src/resolver/context.ts'
import { HeldOctets } from '../../src/resolver/held-octets.ts'
import { breathe } from '../../src/resolver/proof-work.ts'
import { RESOLVER_LIMITS } from '../../src/resolver/resolver-limits.ts'
import { WorkBudget } from '../../src/resolver/work-budget.ts'

t.test('the event loop gets a turn after two milliseconds of proving, not before', async (t) => {
  const clock = new VirtualClock(0)
  let turns = 0
  clock.yieldTurn = () => {
    turns++
    return Promise.resolve()
  }
  const nowMs = clock.nowMs()
  const noted: unknown[] = []
  let pauses = 0
  const betweenSteps = (): void => void pauses++
  const noteWork = (asked: unknown): void => void noted.push(asked)
  const context = { clock, noteWork, betweenSteps } as unknown as Context
  const asked = {}
  const budget = new WorkBudget(nowMs, nowMs + 7000, new ProofBudget(), RESOLVER_LIMITS, new HeldOctets())
  const job = { budget, asked } as unknown as Job
  await breathe(context, job)
  t.equal(turns, 0)
  for (let step = 1; step <= 20; step++) {
    clock.advance(0.5)
    await breathe(context, job)
  }
  t.equal(turns, 5, 'ten milliseconds of work, five turns')
  t.equal(pauses, 21, 'what comes before it had its place each time')
  t.same(noted, Array(5).fill(asked), 'after each it is noted again whose work goes on')
})
