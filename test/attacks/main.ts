/**
 * `npm run attacks [-- PART ...]`: runs every test that has rows of the catalogue, and writes the table of what they
 * measured. With arguments only the files whose paths hold one of them; rows that are tested elsewhere too stay as they
 * were.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OUT_DIR, ROOT } from '../house/project.ts'
import { runTestFile } from '../house/test-file.ts'
import { filesByRow } from './found.ts'
import { FIGURE_LINE, NO_TEST, NOT_COUNTED, readTable, TABLE_PATH, writeTable } from './table.ts'

const rows = filesByRow()
const figures = new Map<string, string[]>()

function readFigure(line: string): void {
  const [, id, text] = FIGURE_LINE.exec(line) ?? []
  if (id === undefined || text === undefined) return
  figures.set(id, [...(figures.get(id) ?? []), text])
}

/** What the table says of rows whose tests do not all run now. */
function keepOthers(chosen: readonly string[]): void {
  const path = join(ROOT, TABLE_PATH)
  const before = existsSync(path) ? readTable(readFileSync(path, 'utf8')) : []
  for (const { id, measured } of before) {
    const tests = rows.get(id) ?? []
    const ran = tests.every((test) => chosen.includes(test))
    if (!ran && measured !== NO_TEST && measured !== NOT_COUNTED) figures.set(id, [measured])
  }
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
  if (failed > 0 || chosen.length === 0) {
    console.log(`${failed} failed of ${chosen.length} files; the table stays as it was`)
    return false
  }
  keepOthers(chosen)
  writeFileSync(join(ROOT, TABLE_PATH), writeTable(figures, rows))
  console.log(`${rows.size} rows have tests; ${TABLE_PATH} is written`)
  return true
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
