/**
 * Other people's scenarios, where they lie beside the project. `passing.txt` holds the files that pass; none of them
 * may fail again. `node dist/test/replay/corpus.test.js --write` writes it anew.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { readDifferences } from './differences.ts'
import { scenarioFiles } from './files.ts'
import { indexVerdict } from './report.ts'
import { type FileResult, runFile } from './run-file.ts'

const CORPUS = '../shared/replay'
const HERE = 'test/replay'
const PASSING = `${HERE}/passing.txt`
const SKIPPED = /^(?:differs: |needs )/

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}

const skip = existsSync(CORPUS) ? false : `${CORPUS} is not there`

t.test('scenarios of Unbound and Deckard', { skip, timeout: 170_000 }, async (t) => {
  const options = {
    strict: false,
    differences: readDifferences(readFileSync(`${HERE}/differences.md`, 'utf8')),
  }
  const results = new Map<string, FileResult>()
  for (const path of scenarioFiles(CORPUS)) {
    results.set(relative(CORPUS, path), await runFile(path, readFileSync(path), options))
  }
  const passed = [...results].filter(([, { verdict }]) => verdict === 'pass').map(([name]) => name)
  if (process.argv.includes('--write')) writeFileSync(PASSING, `${passed.join('\n')}\n`)
  const floor = readFileSync(PASSING, 'utf8').trim().split('\n')
  for (const name of floor) {
    const result = results.get(name)
    if (result?.verdict !== 'pass') t.fail(`${name} passed before: ${result?.reason ?? 'the file is gone'}`)
  }
  t.comment(`${passed.length} files pass, ${floor.length} must`)
  const core = [...results].filter(([name]) => indexVerdict(join(CORPUS, name)) === 'core')
  t.comment(`core: ${core.filter(([, { verdict }]) => verdict === 'pass').length} of ${core.length}`)
  const passes = new Set(passed.map((name) => sha256(readFileSync(join(CORPUS, name)))))
  const stale = options.differences.filter((difference) => passes.has(difference.sha256))
  t.same(
    stale.map(({ file }) => file),
    [],
    'what is listed as different does differ',
  )
  const skipped = [...results.values()].filter(({ verdict }) => verdict === 'skip')
  t.ok(
    skipped.every(({ reason }) => SKIPPED.test(reason)),
    'what is skipped names a need or a rule',
  )
  const unreadable = [...results.values()].filter(({ reason }) => /\.rpl:\d+:\d+: /.test(reason))
  t.same(
    unreadable.map(({ reason }) => reason),
    [],
    'every file is understood',
  )
})
