/** `npm run simulate -- [--seeds N] [--seed S] [--hours H] [--workers W] [--json]`: see README.md beside this file. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { simulateHours } from './hours.ts'
import { runSeeds, type Summary, serveSeeds } from './seeds.ts'
import { makeGround, type Outcome } from './world.ts'

/** Signatures of the lab hold for twenty days; what the clock says is not doubted for two. */
const HOURS_MAX = 48

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value > 0) return value
  console.error(`--${option} wants a whole number above 0, not ${text}`)
  process.exit(2)
}

/** The one line that runs a failed seed again, with what did not hold. */
function failureLine({ seed, violations }: Outcome, more = ''): string {
  return `npm run simulate -- ${more}--seed ${seed} # ${violations.join('; ').replace(/\s+/g, ' ')}`
}

function summaryLine(summary: Summary): string {
  const { seeds, failed, questions, upstreamQueries, paths, seconds } = summary
  const mean = (count: number): string => (count / seeds).toFixed(1)
  return (
    `${seeds} seeds, ${failed} failed, ${mean(questions)} client questions and ${mean(upstreamQueries)} upstream ` +
    `questions a seed, ${paths} distinct paths, ${seconds.toFixed(0)} s`
  )
}

/** Seeds that last for hours, one after the other. */
async function runHours(first: number, count: number, hours: number, json: boolean): Promise<void> {
  if (hours % 2 !== 0 || hours > HOURS_MAX) {
    console.error(`--hours wants an even number up to ${HOURS_MAX}, not ${hours}`)
    process.exit(2)
  }
  const ground = makeGround()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulateHours(seed, hours, ground)
    const { violations, questions, upstreamQueries, paths, heap } = outcome
    if (violations.length > 0) process.exitCode = 1
    if (json) console.log(JSON.stringify({ ...outcome, paths: paths.length }))
    else {
      console.log(
        `seed ${seed}: ${hours} hours, ${questions} client questions, ${upstreamQueries} upstream questions, ` +
          `${paths.length} distinct paths, ${heap}`,
      )
      if (violations.length > 0) console.log(failureLine(outcome, `--hours ${hours} `))
    }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      hours: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'boolean', default: false },
      serve: { type: 'boolean', default: false },
    },
  })
  if (values.serve) {
    serveSeeds()
    return
  }
  const first = wholeNumber('seed', values.seed ?? '1')
  if (values.hours !== undefined) {
    const seeds = wholeNumber('seeds', values.seeds ?? '1')
    await runHours(first, seeds, wholeNumber('hours', values.hours), values.json)
    return
  }
  const count = wholeNumber('seeds', values.seeds ?? (values.seed === undefined ? '1000' : '1'))
  const workers = wholeNumber('workers', values.workers ?? String(availableParallelism()))
  const summary = await runSeeds({
    first,
    count,
    workers: Math.min(workers, Math.ceil(count / 100)),
    onOutcome(outcome) {
      if (values.json) console.log(JSON.stringify({ ...outcome, paths: outcome.paths.length }))
      else if (outcome.violations.length > 0) console.log(failureLine(outcome))
      else if (count === 1) console.log(`seed ${outcome.seed}: trace ${outcome.hash}`)
    },
  })
  console.log(values.json ? JSON.stringify(summary) : summaryLine(summary))
  process.exitCode = summary.failed > 0 ? 1 : 0
}

await main()
