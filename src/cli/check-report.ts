/** What `sigill check` prints for the operator of a zone or of a resolver. */
import { counted } from '../base/counted.ts'
import type { Finding } from '../check/finding.ts'
import { type CheckReport, withoutDot } from '../check/report.ts'
import { printable } from './printable.ts'

const COLUMNS = 100

/** The report for eyes, with its final newline. */
export function formatCheck(report: CheckReport): string {
  const { findings } = report
  const lines = [...head(report)]
  for (const one of findings) lines.push('', ...findingLines(one))
  if (findings.length === 0) lines.push('', 'Nothing to complain of.')
  return `${lines.join('\n')}\n`
}

function head(report: CheckReport): string[] {
  const { domain, zone, parent, verdict, nameServers, questions, checkedAt } = report
  const servers = nameServers.map(
    ({ name, addresses }) => `${withoutDot(name)} ${addresses.join(' ') || 'without address'}`,
  )
  const place = domain === zone ? '' : `, in the zone ${withoutDot(zone)}`
  const detail = verdict.detail === '' ? '' : `: ${printable(verdict.detail)}`
  return [
    `${withoutDot(domain)}${place}: ${countText(report)}`,
    ...field(
      'zone',
      parent === undefined
        ? zone
        : `${withoutDot(zone)}, delegated by ${parent === '.' ? 'the root' : withoutDot(parent)}`,
    ),
    ...(servers.length === 0 ? [] : field('servers', servers.join(', '))),
    ...field('verdict', `${verdict.status} (${verdict.reason})${detail}`),
    ...field('checked', `${checkedAt}, ${counted(questions, 'question')}`),
  ]
}

/** The numbers in words. */
export function countText({ counts }: CheckReport): string {
  const { errors, warnings, notices } = counts
  return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notices, 'notice')}`
}

function findingLines(one: Finding): string[] {
  return [
    ...wrapped(`${one.severity.toUpperCase()} ${one.code}: ${one.problem}`, '', '  '),
    ...field('why', one.impact),
    ...field('fix', one.fix),
    ...records('publish', one.publish),
    ...records('remove', one.remove),
    ...(one.servers.length === 0 ? [] : field('at', one.servers.join(', '))),
    ...one.evidence.flatMap((line) => field('seen', printable(line))),
    ...(one.references.length === 0 ? [] : field('see', one.references.join(', '))),
  ]
}

const FIELD_COLUMNS = 11

function field(name: string, text: string): string[] {
  return wrapped(text, `  ${name.padEnd(FIELD_COLUMNS - 2)}`, ' '.repeat(FIELD_COLUMNS))
}

/** Records are never wrapped: they are there to be copied. */
function records(name: string, lines: readonly string[]): string[] {
  return lines.map((line) => `  ${name.padEnd(FIELD_COLUMNS - 2)}${line}`)
}

/** Breaks a text between words. */
export function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
