/** What a bench found, as tables and as JSON. */
import type { Machine } from './machine.ts'
import { machineText } from './machine.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'

/** A figure that is reported. */
export interface Column {
  readonly key: string
  /** With its unit. */
  readonly title: string
  /** Digits after the point. */
  readonly digits: number
  /** Show how Sigill's compares with each server's. */
  readonly ratio?: true
}

/** A part of a bench: the same work for every server, in several rounds. */
export class Part {
  readonly title: string
  readonly columns: readonly Column[]
  readonly #figures = new Map<string, Map<string, number[]>>()

  constructor(title: string, columns: readonly Column[]) {
    this.title = title
    this.columns = columns
  }

  /** One round of one server: a figure a column; one that does not apply is left out. */
  add(server: string, figures: Readonly<Record<string, number>>): void {
    const own = this.#figures.get(server) ?? new Map<string, number[]>()
    this.#figures.set(server, own)
    for (const { key } of this.columns) own.set(key, [...(own.get(key) ?? []), figures[key] ?? Number.NaN])
  }

  get servers(): string[] {
    return [...this.#figures.keys()]
  }

  /** A column of a server, round by round. */
  figures(server: string, key: string): readonly number[] {
    return this.#figures.get(server)?.get(key) ?? []
  }
}

/** All of a bench. */
export interface BenchResult {
  readonly bench: string
  readonly parts: readonly Part[]
  /** What a reader must know. */
  readonly notes: readonly string[]
  /** What was wrong; the bench has failed then. */
  readonly faults: readonly string[]
}

/** With what was measured, and where. */
export interface Report {
  readonly result: BenchResult
  readonly machine: Machine
  /** Server and version. */
  readonly servers: Readonly<Record<string, string>>
  /** Title of the server that the others are compared with. */
  readonly own: string
}

function spreadText({ median, least, most }: Spread, digits: number): string {
  if (Number.isNaN(median)) return '-'
  const text = (value: number): string => value.toFixed(digits)
  return least === most ? text(median) : `${text(median)} (${text(least)}-${text(most)})`
}

/** Tables in Markdown, as bench/README.md keeps them: median and, in parentheses, least and most of the rounds. */
export function reportText(report: Report): string {
  const { result, machine, servers } = report
  const lines = [`${result.bench}: ${machineText(machine)}`]
  lines.push(
    Object.entries(servers)
      .map(([server, version]) => `${server} ${version}`)
      .join(', '),
  )
  lines.push(...result.notes, '')
  for (const part of result.parts) lines.push(...partLines(part, report.own), '')
  for (const fault of result.faults) lines.push(`FAULT: ${fault}`)
  return `${lines.join('\n').trimEnd()}\n`
}

function partLines(part: Part, own: string): string[] {
  const ratios = part.columns.filter(({ ratio }) => ratio)
  const heads = [
    part.title,
    ...part.columns.map(({ title }) => title),
    ...ratios.map(({ title }) => `${own} / this: ${title}`),
  ]
  const rows = part.servers.map((server) => [
    server,
    ...part.columns.map(({ key, digits }) => spreadText(spreadOf(part.figures(server, key)), digits)),
    ...ratios.map(({ key }) =>
      server === own ? '' : spreadText(ratioOf(part.figures(own, key), part.figures(server, key)), 2),
    ),
  ])
  return tableLines([heads, ...rows])
}

function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(rows[0]!), line(rule), ...rows.slice(1).map(line)]
}

/** The same as one object; figures round by round, and put together. */
export function reportJson({ result, machine, servers, own }: Report): unknown {
  return {
    bench: result.bench,
    machine,
    servers,
    notes: result.notes,
    faults: result.faults,
    parts: result.parts.map((part) => ({
      title: part.title,
      columns: Object.fromEntries(part.columns.map(({ key, title }) => [key, title])),
      rows: part.servers.map((server) => ({
        server,
        figures: Object.fromEntries(
          part.columns.map(({ key }) => [
            key,
            { rounds: part.figures(server, key), ...spreadOf(part.figures(server, key)) },
          ]),
        ),
        ratios: Object.fromEntries(
          part.columns
            .filter(({ ratio }) => ratio && server !== own)
            .map(({ key }) => [key, ratioOf(part.figures(own, key), part.figures(server, key))]),
        ),
      })),
    })),
  }
}
