/**
 * `npm run attacks [-- PART ...]`: runs every test that has rows of the catalogue, then puts this resolver and its peers to
 * the trials side by side, and writes the table of what all that measured. With arguments only the files whose paths hold
 * one of them, and the trials where one of them is `trials`; what is not run stays as it was.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OUT_DIR, ROOT } from '../house/project.ts'
import { runTestFile } from '../house/test-file.ts'
import { filesByRow } from './found.ts'
import {
  FIGURE_LINE,
  NO_TEST,
  NOT_COUNTED,
  readBeside,
  readTable,
  type SideBySide,
  TABLE_PATH,
  writeTable,
} from './table.ts'
import { runBeside } from './trials/beside.ts'

/** The word that stands for the trials. */
const TRIALS_PART = 'trials'

const rows = filesByRow()
const figures = new Map<string, string[]>()

function readFigure(line: string): void {
  const [, id, text] = FIGURE_LINE.exec(line) ?? []
  if (id === undefined || text === undefined) return
  figures.set(id, [...(figures.get(id) ?? []), text])
}

/** What the table says of rows whose tests do not all run now. */
function keepOthers(page: string, chosen: readonly string[]): void {
  for (const { id, measured } of readTable(page)) {
    const tests = rows.get(id) ?? []
    const ran = tests.every((test) => chosen.includes(test))
    if (!ran && measured !== NO_TEST && measured !== NOT_COUNTED) figures.set(id, [measured])
  }
}

/** The trials, if they are wanted; as the table has them otherwise. */
async function sideBySide(page: string, areWanted: boolean): Promise<SideBySide> {
  if (!areWanted) return readBeside(page)
  const beside = await runBeside()
  console.log(beside.notes.join('\n'))
  return beside
}

/** @returns whether all is well */
async function main(parts: readonly string[]): Promise<boolean> {
  const all = [...new Set([...rows.values()].flat())].sort()
  const chosen = parts.length === 0 ? all : all.filter((path) => parts.some((part) => path.includes(part)))
  let failed = 0
  for (const path of chosen) {
    const compiled = join(OUT_DIR, 'test', path.replace(/\.ts$/, '.js'))
    const report = await runTestFile(compiled, readFigure)
    failed += report.failed
    console.log(report.lines.join('\n'))
  }
  const areTrialsWanted = parts.length === 0 || parts.includes(TRIALS_PART)
  if (failed > 0 || (chosen.length === 0 && !areTrialsWanted)) {
    console.log(`${failed} failed of ${chosen.length} files; the table stays as it was`)
    return false
  }
  const path = join(ROOT, TABLE_PATH)
  const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
  keepOthers(page, chosen)
  writeFileSync(path, writeTable(figures, rows, await sideBySide(page, areTrialsWanted)))
  console.log(`${rows.size} rows have tests; ${TABLE_PATH} is written`)
  return true
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
