/** The table `README.md` of this folder: every row with what was measured last. */
import { ROWS } from './rows.ts'

/** Where the table stands, from the root of the project. */
export const TABLE_PATH = 'test/attacks/README.md'

/** What a test measured, as a line of its output (`figure` in `row.ts`). */
export const FIGURE_LINE: RegExp = /^\s*# figure ([A-Z]\d\d): (.*)$/

/** In place of a figure: the row has no test. */
export const NO_TEST = 'no test'
/** In place of a figure: its tests passed, and count nothing. */
export const NOT_COUNTED = 'held'

const HEAD = `# Attacks

Every row of the catalogue (\`rows.ts\`) with its criterion and what its tests measured when this table was made.
A row's tests carry its id in their names. \`npm run attacks\` runs them and writes this page;
\`test/attacks/table.test.ts\` holds that no row is left out.

Figures in milliseconds are processor time of the machine that made the table. "held" says that the test passed and has
nothing to count.

Rows whose criterion is about what clients get and what authorities are asked are put to every resolver that is installed
as well (\`trials/\`), ours and its peers as processes, with the same zones on the same kind of sockets, each configured as
\`bench/peers/\` says: column "side by side". The zones are not those of the tests to the letter, so what is counted there is
said there. A number "of" others is that of answers that are as they should be; a dash is a trial that came to no end.

`

const TABLE_HEAD = `| row | attack | must hold | measured | side by side | test |
| --- | --- | --- | --- | --- | --- |
`

/** The line that names the resolvers of the column "side by side". */
const RESOLVERS = 'Side by side: '

/** Resolvers and what a row's trial came to, by row. */
export interface SideBySide {
  /** Names and versions. */
  readonly resolvers: string
  readonly cells: ReadonlyMap<string, string>
}

/** One line of the table. */
export interface TableLine {
  readonly id: string
  readonly attack: string
  readonly criterion: string
  readonly measured: string
  /** Empty where no trial is. */
  readonly beside: string
  readonly test: string
}

/**
 * The page.
 *
 * @param figures what was measured, by row
 * @param files the tests of each row
 * @param beside what the trials came to
 */
export function writeTable(
  figures: ReadonlyMap<string, readonly string[]>,
  files: ReadonlyMap<string, readonly string[]>,
  beside: SideBySide,
): string {
  const lines = ROWS.map(({ id, attack, criterion, untested }) => {
    const tests = files.get(id) ?? []
    const measured = tests.length === 0 ? NO_TEST : (figures.get(id) ?? [NOT_COUNTED]).join('; ')
    const where = tests.length === 0 ? (untested ?? '') : tests.map(linkTo).join(', ')
    return `| ${[id, attack, criterion, measured, beside.cells.get(id) ?? '', where].map(cell).join(' | ')} |\n`
  })
  return `${HEAD}${RESOLVERS}${beside.resolvers}.\n\n${TABLE_HEAD}${lines.join('')}`
}

/** The lines of a page. */
export function readTable(page: string): TableLine[] {
  return page
    .split('\n')
    .filter((line) => /^\| [A-Z]\d\d \|/.test(line))
    .map((line) => {
      const [id = '', attack = '', criterion = '', measured = '', beside = '', test = ''] = line
        .slice(2, -2)
        .split(/(?<!\\) \| /)
        .map((text) => text.replaceAll('\\|', '|'))
      return { id, attack, criterion, measured, beside, test }
    })
}

/** What a page says of the trials. */
export function readBeside(page: string): SideBySide {
  const line = page.split('\n').find((text) => text.startsWith(RESOLVERS))
  const filled = readTable(page).filter(({ beside }) => beside !== '')
  return {
    resolvers: line === undefined ? 'none yet' : line.slice(RESOLVERS.length, -1),
    cells: new Map(filled.map(({ id, beside }) => [id, beside])),
  }
}

/** Where the tests of a row are, as the page says it. */
export function linkTo(path: string): string {
  return path.startsWith('attacks/') ? path.slice('attacks/'.length) : `../${path}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
