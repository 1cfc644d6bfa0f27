/** `sigill rehearsal`: turning validation on, rehearsed with the whole daemon, customers and zones in memory. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { reasonOf } from '../config/text-file.ts'
import { EXIT, type ExitCode, UnusableInput } from './exit-code.ts'
import { type Check, rehearse } from './rehearsal-steps.ts'
import { reportHtml } from './rollout-report-html.ts'

/** What the command was told. */
export interface RehearsalOptions {
  /** File for the report as a page. */
  readonly html?: string
}

/** Lines of a command's output that are shown: a report on twenty domains is long. */
const OUTPUT_LINES_MAX = 24
const WIDTHS = [70, 24] as const

/** Holds the rehearsal. NO when something did not come out as it must. */
export async function rehearsal(options: RehearsalOptions, print: (text: string) => void): Promise<ExitCode> {
  // Nobody waits for the rehearsal to hear then that its report cannot be kept.
  if (options.html !== undefined) writing(options.html, (path) => appendFileSync(path, ''))
  let steps = 0
  const { checks, report } = await rehearse({
    step: (title) => print(`\n== ${++steps}. ${title}\n\n`),
    terminal: (text) => print(shortened(text)),
    check: (check) => print(checkLine(check)),
  })
  if (options.html !== undefined) writing(options.html, (path) => writeFileSync(path, reportHtml(report)))
  print(`\n${row('WHAT', 'EXPECTED', 'SEEN')}\n`)
  for (const { what, expected, seen, good } of checks)
    print(`${row(what, expected, seen)}${good ? '' : '  NOT OK'}\n`)
  const wrong = checks.filter(({ good }) => !good).length
  print(`\n${checks.length} checks, ${wrong} not as they must be\n`)
  return wrong === 0 ? EXIT.DONE : EXIT.NO
}

function checkLine({ what, expected, seen, good }: Check): string {
  return `  ${good ? 'ok    ' : 'NOT OK'} ${what}: ${seen}${good ? '' : ` (must be ${expected})`}\n`
}

function row(what: string, expected: string, seen: string): string {
  return `${what.padEnd(WIDTHS[0])} ${expected.padEnd(WIDTHS[1])} ${seen}`
}

function shortened(text: string): string {
  const lines = text.trimEnd().split('\n')
  const more = lines.length - OUTPUT_LINES_MAX
  const shown = more > 0 ? [...lines.slice(0, OUTPUT_LINES_MAX), `… ${more} more lines`] : lines
  return `${shown.map((line) => `  | ${line}`).join('\n')}\n`
}

function writing(path: string, write: (path: string) => void): void {
  try {
    write(path)
  } catch (error) {
    throw new UnusableInput(`${path} cannot be written: ${reasonOf(error)}`)
  }
}
