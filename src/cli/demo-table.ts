/** The table of the demo. */
import { type Expectation, isMet, type Observation, verdictOf } from '../lab/expectation.ts'
import type { LabZone } from '../lab/lab-zone.ts'
import { formatRcode } from '../wire/iana/rcode.ts'

/** One question, what must come back and what came. */
export interface DemoRow {
  readonly zone: LabZone
  readonly expected: Expectation
  /** A sentence where nothing came. */
  readonly observed: Observation | string
}

/** Column widths: name, type, asked, verdict, rcode, AD, EDE. */
const WIDTHS = [42, 7, 6, 10, 9, 3, 4] as const

/** True when the row is as it must be. */
export function isGood({ expected, observed }: DemoRow): boolean {
  return typeof observed !== 'string' && isMet(expected, observed)
}

/** The line above the rows. */
export function formatHead(): string {
  return `${columns(['NAME', 'TYPE', 'ASKED', 'VERDICT', 'RCODE', 'AD', 'EDE'])}   \n`
}

/** The line above the rows of a zone. */
export function formatZoneHead(zone: LabZone): string {
  return `\n${zone.name}: ${zone.about}\n`
}

/** One row; where it is not as it must be, a second line says what it must be. */
export function formatRow(row: DemoRow): string {
  const { expected, observed } = row
  const { name, type, manner } = expected
  const asked = manner === 'usual' ? '' : manner === 'cd' ? '+cd' : '-ad'
  const got = typeof observed === 'string' ? [observed] : cells(observed, expected)
  const line = columns([shortened(name, WIDTHS[0]), type, asked, ...got])
  if (isGood(row)) return `  ${line}ok\n`
  const must = columns(['', '', '', ...mustBe(expected)])
  return `  ${line}NOT OK\n  ${must}must be\n`
}

function cells(observed: Observation, { manner }: Expectation): string[] {
  const { rcode, ad, edes } = observed
  return [
    verdictOf(observed, manner),
    rcodeText(rcode, observed.data),
    ad ? 'ad' : '-',
    edes.join(',') || '-',
  ]
}

function mustBe({ verdict, rcode, ad, ede, data }: Expectation): string[] {
  return [verdict, rcodeText(rcode, data), ad ? 'ad' : '-', ede === undefined ? '-' : String(ede)]
}

/** An answer without records is told apart from one with: it is the empty half of NOERROR. */
function rcodeText(rcode: number, data: boolean): string {
  return rcode === 0 && !data ? 'NODATA' : formatRcode(rcode)
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
    .join(' ')
    .concat(' ')
}

function shortened(name: string, width: number): string {
  return name.length <= width ? name : `${name.slice(0, width - 21)}…${name.slice(-20)}`
}
