/**
 * Runs the compiled tests, two files at a time, and ends with the line `N passed, N failed`, where N counts assertions.
 * With arguments it runs only the files whose paths hold one of them: `npm test -- wire/ architecture`.
 */
import { join } from 'node:path'
import { listProjectFiles, OUT_DIR } from './house/project.ts'
import { endTestFiles, runTestFile } from './house/test-file.ts'

/** Many files start servers and measure time; more of them at once would disturb each other. */
const FILES_AT_ONCE = 2

/** The list comes from the sources, so what an older build left behind is not run. */
function testFiles(wanted: readonly string[]): string[] {
  return listProjectFiles('test', '.test.ts')
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .map((path) => join(OUT_DIR, 'test', path.replace(/\.ts$/, '.js')))
}

/** @returns whether all is well */
async function main(): Promise<boolean> {
  const files = testFiles(process.argv.slice(2)).values()
  const sum = { passed: 0, failed: 0, skipped: 0 }
  const runFiles = async (): Promise<void> => {
    for (const file of files) {
      const report = await runTestFile(file)
      sum.passed += report.passed
      sum.failed += report.failed
      sum.skipped += report.skipped
      console.log(report.lines.join('\n'))
    }
  }
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, runFiles))
  if (sum.passed + sum.failed + sum.skipped === 0) console.log('no test file matches')
  console.log(
    `${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`,
  )
  return sum.failed === 0 && sum.passed > 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endTestFiles(signal)
    process.exit(1)
  })
}
process.exitCode = (await main()) ? 0 : 1
