/**
 * All trials of one resolver, as a process: `one KEY PROGRAM INDEX FOLDER` prints what they came to as JSON. Authorities
 * of others, and their work, are elsewhere then.
 */
import process from 'node:process'
import { PEERS } from '../../../bench/peers/find.ts'
import { SIGILL } from '../../../bench/peers/sigill.ts'
import { TRIALS } from './all.ts'
import { putToTrials } from './run.ts'

const [key, program, index, folder] = process.argv.slice(2)
const peer = [SIGILL, ...PEERS].find((each) => each.key === key)
if (peer === undefined || program === undefined || index === undefined || folder === undefined) {
  throw new RangeError('one KEY PROGRAM INDEX FOLDER')
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Leaving ends the resolver.
  process.once(signal, () => process.exit(1))
}
const verdicts = await putToTrials({ peer, program, version: '' }, TRIALS, Number(index), folder)
process.stdout.write(JSON.stringify(verdicts), () => process.exit(0))
