/** Puts cases to this resolver and to Unbound, and sorts what they differ in. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel } from '../../bench/processes.ts'
import { faultsOf, type Question } from '../support/comparison.ts'
import { Results } from '../support/comparison-results.ts'
import { ask, type Reply } from '../support/dns-client.ts'
import { startDaemon, startUnbound } from '../support/resolvers.ts'
import { ALLOWED } from './differences.ts'
import { drawCases } from './questions.ts'
import { startWorld } from './world.ts'

/** Cases in work at once. */
const WIDTH = 24
/** How long the judge remembers that it failed or found something bogus, and a second more. */
const JUDGE_MEMORY_MS = 6_000

const ALONE_WIDTH = 2
/** The judge is asked twice each time, as every question of this client. */
const JUDGE_TIMEOUT_MS = 4_000

/** What stands for the judge's reply where it gives none. */
const SILENCE: Reply = {
  rcode: 'silence',
  aa: false,
  ra: false,
  ad: false,
  cd: false,
  answer: [],
  authority: [],
  additional: [],
  hasOpt: false,
  do: false,
  ede: [],
  udpOctets: undefined,
  truncated: false,
}

/**
 * Runs it all, from the servers' start to their end.
 *
 * @param count cases
 * @param onProgress called after each
 */
export async function compare(
  seed: string,
  count: number,
  onProgress: (done: number) => void = () => {},
): Promise<Results> {
  const results = new Results(ALLOWED, faultsOf)
  const world = await startWorld()
  const ends: (() => Promise<unknown>)[] = [() => world.close()]
  try {
    const judge = await startUnbound(world)
    ends.push(() => judge.process.stop())
    const daemon = await startDaemon(world)
    ends.push(() => daemon.process.stop())
    let done = 0
    await inParallel(drawCases(world, seed, count), WIDTH, async (question: Question) => {
      const asked = [
        ask(daemon.server, question),
        ask(judge.server, { ...question, timeoutMs: JUDGE_TIMEOUT_MS }),
      ]
      const [ours, theirs] = await Promise.allSettled(asked)
      if (ours!.status === 'rejected') results.fault(question, String(ours!.reason))
      else results.add(question, ours!.value, theirs!.status === 'fulfilled' ? theirs!.value : undefined)
      onProgress(++done)
    })
    await sleep(JUDGE_MEMORY_MS)
    // Nearly alone: a judge that gave up under load is no judge.
    await inParallel(results.differing.splice(0), ALONE_WIDTH, async ({ question, ours }) => {
      const again = await ask(judge.server, { ...question, timeoutMs: JUDGE_TIMEOUT_MS }).catch(() => SILENCE)
      results.settle(question, ours, again)
    })
    for (const { process } of [judge, daemon])
      if (process.hasEnded) results.faults.push(`${process.name} died`)
  } finally {
    for (const end of ends.reverse()) await end()
  }
  return results
}
