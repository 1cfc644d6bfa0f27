/** `npm run differential -- [--count N] [--seed TEXT]`: 20,000 cases unless told otherwise; exit 0 when all is explained. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { findProgram } from '../../bench/programs.ts'
import { stopwatch, tallyText } from '../support/comparison-results.ts'
import { compare } from './compare.ts'

const COUNT_USUAL = 20_000
const PROGRESS_STEP = 1_000

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { count: text, seed: text } })
  if (findProgram('unbound') === undefined) {
    console.error('unbound not found: install unbound')
    process.exitCode = 2
    return
  }
  const clock = stopwatch()
  const count = Number(values.count ?? COUNT_USUAL)
  const results = await compare(values.seed ?? '1', count, (done) => {
    if (done % PROGRESS_STEP === 0) console.error(`${done} cases`)
  })
  for (const [manner, rcodes] of results.rcodes) console.log(`${manner}: ${tallyText(rcodes)}`)
  for (const [name, times] of results.explained) console.log(`${times} differ: ${name}`)
  for (const line of [...results.unexplained, ...results.faults]) console.log(line)
  const { agreed, unexplained, faults } = results
  console.log(
    `${count} cases in ${clock()}: ${agreed} agree, ${unexplained.length} unexplained, ${faults.length} replies break a rule`,
  )
  process.exitCode = unexplained.length + faults.length > 0 ? 1 : 0
}

await main()
