/**
 * Runs the compiled tests under tap and ends with the line `N passed, N failed`, where N counts assertions.
 * With arguments it runs only the files whose paths hold one of them: `npm test -- wire/ architecture`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { listProjectFiles, OUT_DIR, ROOT } from './house/project.ts'
import { TapTally } from './house/tap-tally.ts'

const TAP = join(ROOT, 'node_modules/.bin/tap')

/** The list comes from the sources, so what an older build left behind is not run. */
function testFiles(wanted: readonly string[]): string[] {
  const outDir = relative(ROOT, OUT_DIR)
  return listProjectFiles('test', '.test.ts')
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .map((path) => join(outDir, 'test', path.replace(/\.ts$/, '.js')))
}

/** tap compiles its own test class from the plugins that .taprc names; a fresh install has the default ones. */
function buildTapOnce(): void {
  const built = join(ROOT, 'node_modules/@tapjs/test/test-built/src/index.ts')
  const plugins = join(ROOT, '.tap/plugins/node_modules')
  if (existsSync(plugins) && existsSync(built) && !readFileSync(built, 'utf8').includes('@tapjs/typescript'))
    return
  const { status } = spawnSync(process.execPath, [TAP, 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`tap build ended with status ${status}`)
}

/** Runs tap over the files, showing its output as it comes. */
async function runTap(files: readonly string[]): Promise<{ status: number | null; tally: TapTally }> {
  const tally = new TapTally()
  const child = spawn(process.execPath, [TAP, 'run', '--reporter=tap', ...files], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    for (const shown of tally.read(line)) console.log(shown)
  }
  return { status: await ended, tally }
}

async function main(): Promise<boolean> {
  const files = testFiles(process.argv.slice(2))
  if (files.length === 0) {
    console.log('no test file matches\n0 passed, 0 failed')
    return false
  }
  buildTapOnce()
  const { status, tally } = await runTap(files)
  const { passed, failed, skipped } = tally.counts ?? { passed: 0, failed: 0, skipped: 0 }
  // A run that broke off, or a file that failed after its last assertion, must not read as a success.
  const failures = status === 0 && tally.counts !== undefined ? failed : Math.max(failed, 1)
  if (tally.counts === undefined) console.log('tap broke off before it could add up')
  console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failures === 0 && passed > 0
}

process.exitCode = (await main()) ? 0 : 1
