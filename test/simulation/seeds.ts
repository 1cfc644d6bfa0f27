/** Many seeds, shared out among processes: a seed depends on nothing but its number. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { OUT_DIR } from '../house/project.ts'
import { type Ground, makeGround, type Outcome, simulate } from './world.ts'

/** What to run. */
export interface SeedsOptions {
  readonly first: number
  readonly count: number
  /** Processes; 1 or less runs everything in this one. */
  readonly workers: number
  onOutcome?(outcome: Outcome): void
}

/** What came of all. */
export interface Summary {
  readonly seeds: number
  readonly failed: number
  readonly questions: number
  readonly upstreamQueries: number
  /** Different ways that questions took through the program (`paths.ts`). */
  readonly paths: number
  readonly seconds: number
}

/** Seeds handed to a worker at a time. */
const SHARE = 50

class Tally {
  #seeds = 0
  #failed = 0
  #questions = 0
  #upstreamQueries = 0
  readonly #paths = new Set<string>()
  readonly #sinceMs = performance.now()

  add({ violations, questions, upstreamQueries, paths }: Outcome): void {
    this.#seeds++
    if (violations.length > 0) this.#failed++
    this.#questions += questions
    this.#upstreamQueries += upstreamQueries
    for (const path of paths) this.#paths.add(path)
  }

  get summary(): Summary {
    return {
      seeds: this.#seeds,
      failed: this.#failed,
      questions: this.#questions,
      upstreamQueries: this.#upstreamQueries,
      paths: this.#paths.size,
      seconds: (performance.now() - this.#sinceMs) / 1000,
    }
  }
}

/** Runs seeds `first` to `first + count - 1`. */
export async function runSeeds(options: SeedsOptions): Promise<Summary> {
  const { first, count, workers, onOutcome } = options
  const tally = new Tally()
  const take = (outcome: Outcome): void => {
    tally.add(outcome)
    onOutcome?.(outcome)
  }
  if (workers <= 1) {
    const ground = makeGround()
    for (let seed = first; seed < first + count; seed++) take(await simulate(seed, ground))
    return tally.summary
  }
  let next = first
  const share = (): Share | undefined => {
    if (next >= first + count) return undefined
    const from = next
    next = Math.min(next + SHARE, first + count)
    return { from, to: next }
  }
  await Promise.all(Array.from({ length: workers }, () => work(share, take)))
  return tally.summary
}

interface Share {
  readonly from: number
  readonly to: number
}

/** Real time that one seed may take: it needs some hundredths of a second, and its process some seconds to begin. */
const SEED_MS_MAX = 120_000

/** Keeps one process busy until there is nothing left. */
function work(share: () => Share | undefined, take: (outcome: Outcome) => void): Promise<void> {
  const child: ChildProcess = fork(join(OUT_DIR, 'test/simulation/main.js'), ['--serve'])
  let seed = 0
  let end = 0
  const watchdog = setInterval(() => child.kill('SIGKILL'), SEED_MS_MAX)
  const more = (): void => {
    const next = share()
    if (next === undefined) {
      child.disconnect()
      return
    }
    seed = next.from
    end = next.to
    child.send(next)
  }
  return new Promise<void>((resolve, reject) => {
    child.on('message', (outcome: Outcome) => {
      watchdog.refresh()
      take(outcome)
      seed++
      if (seed === end) more()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`npm run simulate -- --seed ${seed} # its process ended with ${code ?? signal}`))
    })
    more()
  }).finally(() => clearInterval(watchdog))
}

/** The other side of `work`. */
export function serveSeeds(): void {
  let ground: Ground | undefined
  process.on('message', async ({ from, to }: Share) => {
    ground ??= makeGround()
    for (let seed = from; seed < to; seed++) process.send!(await simulate(seed, ground))
  })
}
