/** What `sigill lookup` prints: records as in a master file, everything else as comments; or JSON. */
import { formatEndpoint } from '../base/address.ts'
import type { TraceEvent } from '../resolver/ports.ts'
import type { ExtendedError } from '../wire/edns.ts'
import { formatClass } from '../wire/iana/class.ts'
import { formatEde } from '../wire/iana/extended-error.ts'
import { formatRcode } from '../wire/iana/rcode.ts'
import { formatType } from '../wire/iana/rrtype.ts'
import type { Name } from '../wire/name.ts'
import { formatName } from '../wire/name-text.ts'
import { formatRdata } from '../wire/rdata/rdata.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { formatRecord } from '../wire/zone-text.ts'
import { buildChain, type ChainLink, chainToJson, formatChain } from './chain-tree.ts'
import { printable } from './printable.ts'
import { exchangesOf, formatWaterfall, outcomeText, waitedMs } from './waterfall.ts'

/** The verdict of our own validation. */
export interface ReportedVerdict {
  readonly status: string
  /** Slug of the reason, and its text. */
  readonly reason: string
  readonly text: string
}

/** Everything there is to tell. */
export interface LookupReport {
  readonly name: Name
  readonly type: number
  readonly rcode: number
  /** When we resolved ourselves. */
  readonly verdict?: ReportedVerdict
  /** The answer is bogus and that is enforced. */
  readonly withheld?: boolean
  /** When a server was asked: who, how, and the flags it set. */
  readonly server?: {
    readonly endpoint: string
    readonly transport: string
    readonly flags: readonly string[]
  }
  readonly errors: readonly ExtendedError[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  /** Present when the trace was asked for. */
  readonly trace?: readonly TraceEvent[]
  /** When the resolution began, by the clock of the trace. */
  readonly startMs?: number
  readonly elapsedMs: number
  /** The time at which signatures were judged, seconds since 1970. */
  readonly nowSeconds: number
}

/** The report for eyes. */
export function formatReport(report: LookupReport): string {
  const lines = [
    `;; question: ${formatName(report.name)} ${formatType(report.type)}`,
    `;; rcode: ${formatRcode(report.rcode)}${report.withheld === true ? ' (a client without CD gets SERVFAIL)' : ''}`,
  ]
  const { server, verdict, trace } = report
  if (server !== undefined) {
    lines.push(`;; server: ${server.endpoint} by ${server.transport.toUpperCase()}`)
    lines.push(`;; flags: ${server.flags.join(' ')}`)
  }
  if (verdict !== undefined) lines.push(`;; verdict: ${verdict.status}; ${verdict.text} (${verdict.reason})`)
  for (const error of report.errors) lines.push(`;; EDE: ${formatError(error)}`)
  lines.push(...section('answer', report.answer), ...section('authority', report.authority))
  if (trace !== undefined) lines.push(...chainLines(trace, report.nowSeconds), ...exchangeLines(report))
  lines.push(`;; time: ${report.elapsedMs.toFixed(1)} ms`)
  return `${lines.join('\n')}\n`
}

function formatError({ code, text }: ExtendedError): string {
  return `${code} ${formatEde(code)}${text === '' ? '' : `: ${printable(text)}`}`
}

function section(name: string, records: readonly ResourceRecord[]): string[] {
  return records.length === 0
    ? []
    : [`;; ${name}:`, ...records.map((record) => formatRecord(record).trimEnd())]
}

function linksOf(trace: readonly TraceEvent[]): ChainLink[] {
  return trace.filter((event) => event.kind === 'link')
}

function chainLines(trace: readonly TraceEvent[], nowSeconds: number): string[] {
  const lines = formatChain(buildChain(linksOf(trace)), nowSeconds)
  return [';; chain of trust:', ...(lines.length === 0 ? ['none'] : lines).map((line) => `;;   ${line}`)]
}

function exchangeLines({ trace = [], startMs = 0, elapsedMs }: LookupReport): string[] {
  const exchanges = exchangesOf(trace)
  const waited =
    exchanges.length === 0 ? '' : `, ${waitedMs(exchanges).toFixed(1)} ms of ${elapsedMs.toFixed(1)}`
  const lines = formatWaterfall(exchanges, startMs, elapsedMs)
  return [`;; upstream exchanges: ${exchanges.length}${waited}`, ...lines.map((line) => `;;   ${line}`)]
}

/** The report for programs. */
export function reportToJson(report: LookupReport): object {
  const { verdict, server, trace } = report
  return {
    name: formatName(report.name),
    type: formatType(report.type),
    rcode: formatRcode(report.rcode),
    ...(verdict === undefined ? {} : { verdict: verdict.status, reason: verdict.reason }),
    ...(server === undefined
      ? {}
      : { server: server.endpoint, transport: server.transport, flags: server.flags }),
    ede: report.errors.map(({ code, text }) => ({ code, purpose: formatEde(code), text })),
    answer: report.answer.map(recordToJson),
    authority: report.authority.map(recordToJson),
    ...(trace === undefined ? {} : traceToJson(trace, report)),
    elapsedMs: tenths(report.elapsedMs),
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

function recordToJson(record: ResourceRecord): object {
  return {
    owner: formatName(record.owner),
    ttl: record.ttlSeconds,
    class: formatClass(record.class),
    type: formatType(record.type),
    rdata: formatRdata(record.type, record.rdata),
  }
}

function traceToJson(trace: readonly TraceEvent[], { nowSeconds, startMs = 0 }: LookupReport): object {
  const exchanges = exchangesOf(trace)
  return {
    chain: chainToJson(buildChain(linksOf(trace)), nowSeconds),
    waitedMs: tenths(waitedMs(exchanges)),
    exchanges: exchanges.map((event) => ({
      startMs: tenths(event.startMs - startMs),
      server: formatEndpoint(event.server),
      transport: event.transport,
      zone: formatName(event.zone),
      name: formatName(event.name),
      type: formatType(event.type),
      outcome: outcomeText(event),
      octets: event.octets,
      rttMs: tenths(event.rttMs),
      timeoutMs: tenths(event.timeoutMs),
    })),
  }
}
