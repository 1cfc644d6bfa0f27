/** `npm run replay -- [--json] [--verbose] [--strict] [--tally] PATH...`; see `README.md` beside this file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDifferences } from './differences.ts'
import { scenarioFiles, UsageError } from './files.ts'
import { closingLine, countsOf, failureText, resultJson, resultLine, tallyLines } from './report.ts'
import { type FileResult, runFile } from './run-file.ts'

const USAGE = 'usage: npm run replay -- [--json] [--verbose] [--strict] [--tally] PATH...'
const FLAGS = ['--json', '--verbose', '--strict', '--tally'] as const
const EXIT = { passed: 0, failed: 1, usage: 2 } as const

/** The table of differences, which is not compiled and so stays with the sources. */
const DIFFERENCES = join(import.meta.dirname, '../../../test/replay/differences.md')

async function main(args: readonly string[]): Promise<number> {
  const flags = new Set(args.filter((arg) => arg.startsWith('--')))
  const unknown = [...flags].find((flag) => !FLAGS.some((known) => known === flag))
  if (unknown !== undefined) throw new UsageError(`there is no ${unknown}`)
  const paths = args.filter((arg) => !arg.startsWith('--'))
  if (paths.length === 0) throw new UsageError('no path is given')
  const files = paths.flatMap(scenarioFiles)
  const strict = flags.has('--strict')
  const options = { strict, differences: readDifferences(readFileSync(DIFFERENCES, 'utf8')) }
  const results: FileResult[] = []
  for (const path of files) {
    const result = await runFile(path, readFileSync(path), options)
    results.push(result)
    process.stdout.write(`${flags.has('--json') ? resultJson(result) : resultLine(result)}\n`)
    if (flags.has('--verbose') && !flags.has('--json') && result.verdict === 'fail') {
      process.stdout.write(`${failureText(result, strict)}\n`)
    }
  }
  if (flags.has('--json')) process.stdout.write(`${JSON.stringify({ summary: countsOf(results) })}\n`)
  else {
    if (flags.has('--tally')) process.stdout.write(`${tallyLines(results).join('\n')}\n`)
    process.stdout.write(`${closingLine(results)}\n`)
  }
  return countsOf(results).fail === 0 ? EXIT.passed : EXIT.failed
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n${USAGE}\n`)
  process.exitCode = EXIT.usage
}
