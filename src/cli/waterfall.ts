/** The questions to servers as bars over time: why a name took as long as it did. */
import { formatEndpoint } from '../base/address.ts'
import type { Exchange, TraceEvent } from '../resolver/ports.ts'
import { formatRcode } from '../wire/iana/rcode.ts'
import { formatType } from '../wire/iana/rrtype.ts'
import { formatName } from '../wire/name-text.ts'

/** Columns of a bar: a line with all else fits most screens. */
const BAR_COLUMNS = 32

/** The questions in the order in which they were sent. */
export function exchangesOf(trace: readonly TraceEvent[]): Exchange[] {
  return trace.filter((event) => event.kind === 'exchange').sort((a, b) => a.startMs - b.startMs)
}

/** NOERROR and such, or why there is none. */
export function outcomeText({ outcome }: Exchange): string {
  const rcode = /^rcode ([0-9]+)$/.exec(outcome)
  return rcode === null ? outcome : formatRcode(Number(rcode[1]))
}

/** Milliseconds in which at least one question was out. */
export function waitedMs(exchanges: readonly Exchange[]): number {
  let waited = 0
  let untilMs = Number.NEGATIVE_INFINITY
  for (const { startMs, rttMs } of exchanges) {
    waited += Math.max(0, startMs + rttMs - Math.max(startMs, untilMs))
    untilMs = Math.max(untilMs, startMs + rttMs)
  }
  return waited
}

/**
 * A line for each question: when it was sent, how long it took of the time that it was given, a bar (`=` answered, `.` in
 * vain), to whom, and what came of it.
 *
 * @param exchanges in the order in which they were sent
 * @param startMs when the resolution began, by the same clock
 * @param elapsedMs how long it took in all: the width of the bars
 */
export function formatWaterfall(
  exchanges: readonly Exchange[],
  startMs: number,
  elapsedMs: number,
): string[] {
  if (exchanges.length === 0) return []
  const columns = BAR_COLUMNS / Math.max(elapsedMs, 1e-3)
  const rows = exchanges.map((exchange) => [
    (exchange.startMs - startMs).toFixed(1),
    exchange.rttMs.toFixed(1),
    exchange.timeoutMs.toFixed(0),
    bar(exchange, (exchange.startMs - startMs) * columns, exchange.rttMs * columns),
    formatEndpoint(exchange.server),
    exchange.transport.toUpperCase(),
    exchange.octets === 0 ? '' : String(exchange.octets),
    outcomeText(exchange),
    `${formatName(exchange.name)} ${formatType(exchange.type)} of ${formatName(exchange.zone)}`,
  ])
  const all = [HEADINGS, ...rows]
  const widths = HEADINGS.map((_, i) => Math.max(...all.map((row) => row[i]!.length)))
  return all.map((row) =>
    row
      .map((cell, i) => (NUMBERS.has(HEADINGS[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
}

const HEADINGS = ['at ms', 'took ms', 'of ms', '', 'server', 'by', 'octets', 'outcome', 'question'] as const
const NUMBERS: ReadonlySet<string> = new Set(['at ms', 'took ms', 'of ms', 'octets'])

/** What was short has one column all the same. */
function bar({ octets }: Exchange, from: number, length: number): string {
  const first = Math.min(BAR_COLUMNS - 1, Math.max(0, Math.round(from)))
  const last = Math.min(BAR_COLUMNS, Math.max(first + 1, Math.round(from + length)))
  const drawn = (octets === 0 ? '.' : '=').repeat(last - first)
  return `|${' '.repeat(first)}${drawn}${' '.repeat(BAR_COLUMNS - last)}|`
}
