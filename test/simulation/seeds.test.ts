/** Two thousand seeds, and that a seed is the same run every time and in every process. */
import t from 'tap'
import { runSeeds } from './seeds.ts'
import { makeGround, type Outcome, simulate } from './world.ts'

const SEEDS = 2_000

t.test('nothing is violated', async (t) => {
  const failed: Outcome[] = []
  const hashes = new Map<number, string>()
  const summary = await runSeeds({
    first: 1,
    count: SEEDS,
    workers: 2,
    onOutcome(outcome) {
      hashes.set(outcome.seed, outcome.hash)
      if (outcome.violations.length > 0) failed.push(outcome)
    },
  })
  t.same(
    failed.map(({ seed, violations }) => `npm run simulate -- --seed ${seed} # ${violations.join('; ')}`),
    [],
  )
  t.equal(summary.seeds, SEEDS)
  t.ok(summary.paths > 1_000, `${summary.paths} distinct paths`)
  t.comment(JSON.stringify(summary))

  const ground = makeGround()
  for (const seed of [1, 500, 1_000, 1_999]) {
    const { hash } = await simulate(seed, ground)
    t.equal(hash, hashes.get(seed), `seed ${seed} in another process`)
    t.equal((await simulate(seed, ground)).hash, hash, `seed ${seed} again`)
  }
  t.equal(new Set(hashes.values()).size, SEEDS, 'different seeds, different runs')
})
