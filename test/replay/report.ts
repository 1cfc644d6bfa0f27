/** Results as lines for people and for programs. */
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { StepFault } from './outcome.ts'
import type { FileResult } from './run-file.ts'

/** `pass PATH`, `fail PATH (reason)`, `skip PATH (reason)`. */
export function resultLine({ verdict, path, reason }: FileResult): string {
  return `${verdict} ${path}${reason === '' ? '' : ` (${reason.replace(/\s*\n\s*/g, ' | ')})`}`
}

/** What went wrong: the step, both packets and the upstream log. */
export function failureText({ fault, log, strictFaults }: FileResult, strict: boolean): string {
  const faults = [...(fault === undefined ? [] : [fault]), ...(strict ? strictFaults : [])]
  const lines = faults.flatMap(faultLines)
  return [...lines, '    upstream:', ...log.map((line) => `      ${line}`)].join('\n')
}

function faultLines({ step, reason, expected, received }: StepFault): string[] {
  const block = (name: string, text: string | undefined): string[] =>
    text === undefined ? [] : [`    ${name}:`, ...text.split('\n').map((line) => `      ${line}`)]
  return [
    `    step ${step ?? '-'}: ${reason}`,
    ...block('expected', expected),
    ...block('received', received),
  ]
}

/** One line of JSON for a file; the fields are those of `FileResult`. */
export function resultJson(result: FileResult): string {
  const { path, title, verdict, reason, strict, fault, strictFaults, log } = result
  return JSON.stringify({ path, title, verdict, reason, strict, fault, strictFaults, log })
}

/** How many of each verdict. */
export function countsOf(results: readonly FileResult[]): { pass: number; fail: number; skip: number } {
  const counts = { pass: 0, fail: 0, skip: 0 }
  for (const { verdict } of results) counts[verdict]++
  return counts
}

export function closingLine(results: readonly FileResult[]): string {
  const { pass, fail, skip } = countsOf(results)
  return `${pass} passed, ${fail} failed, ${skip} skipped`
}

/** The column `verdict` of INDEX.tsv in the folder above a file's; undefined where there is none. */
export function indexVerdict(path: string): string | undefined {
  const folder = dirname(path)
  const index = join(dirname(folder), 'INDEX.tsv')
  let rows = indexes.get(index)
  if (rows === undefined) {
    rows = readIndex(index)
    indexes.set(index, rows)
  }
  return rows.get(`${basename(folder)}/${basename(path)}`)
}

const indexes = new Map<string, ReadonlyMap<string, string>>()

function readIndex(path: string): ReadonlyMap<string, string> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return new Map()
  }
  const [head = '', ...rows] = text.split('\n')
  const columns = head.split('\t')
  const at = (name: string): number => columns.indexOf(name)
  const cells = rows.filter((row) => row !== '').map((row) => row.split('\t'))
  return new Map(
    cells.map((row) => [`${row[at('origin')]}/${row[at('file')]}`, row[at('verdict')] ?? ''] as const),
  )
}

/** Counts by the verdict of INDEX.tsv, a line each, and one for all features together. */
export function tallyLines(results: readonly FileResult[]): string[] {
  const groups = new Map<string, FileResult[]>()
  const add = (name: string, result: FileResult): void => {
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  for (const result of results) {
    const verdict = indexVerdict(result.path) ?? 'not in an index'
    add(verdict, result)
    if (verdict.startsWith('feature:')) add('all features', result)
  }
  return [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name, members]) => `${name}: ${closingLine(members)}, of ${members.length}`)
}
