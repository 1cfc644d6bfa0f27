/** `sigill lookup`: resolves and validates in its own process, or asks a server, and shows what came of it. */
import { type Endpoint, formatEndpoint } from '../base/address.ts'
import { parseAnswerEntry } from '../cache/answer-entry.ts'
import { defaultConfig, loadConfig } from '../config/load.ts'
import { withKeptAnchors } from '../daemon/anchors/kept.ts'
import { createLoneEngine, testPlatform } from '../daemon/engine.ts'
import { localZones } from '../daemon/parts.ts'
import { REASONS, reasonFromNumber } from '../dnssec/reasons.ts'
import { behindAliases, followLocally, type LocalOutcome } from '../front/local-answer.ts'
import type { TraceEvent } from '../resolver/ports.ts'
import { Counters } from '../telemetry/counters.ts'
import { type ExtendedError, parseEde } from '../wire/edns.ts'
import { CLASS } from '../wire/iana/class.ts'
import { EDE } from '../wire/iana/extended-error.ts'
import { RCODE } from '../wire/iana/rcode.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import type { Message } from '../wire/message.ts'
import type { ResourceRecord, Rrset } from '../wire/record.ts'
import { askServer } from './ask-server.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { formatReport, type LookupReport, reportToJson } from './lookup-report.ts'
import { printableJson } from './printable.ts'
import { type AskedQuestion, parseQuestion } from './question.ts'

/** What the command was told. */
export interface LookupOptions {
  /** Configuration file; the defaults when left out. */
  readonly config?: string
  readonly trace?: boolean
  readonly json?: boolean
}

/**
 * Looks up.
 *
 * @param words `NAME [TYPE] [@SERVER]`
 * @returns NO when the answer is bogus or SERVFAIL, or when there is none
 */
export async function lookup(
  words: readonly string[],
  options: LookupOptions,
  print: (text: string) => void,
  printError: (text: string) => void,
): Promise<ExitCode> {
  const question = parseQuestion(words)
  const report =
    question.server === undefined
      ? await resolveHere(question, options)
      : await resolveThere(question, question.server)
  if (typeof report === 'string') {
    printError(`sigill: ${report}\n`)
    return EXIT.NO
  }
  print(options.json === true ? printableJson(reportToJson(report)) : formatReport(report))
  const isNo = report.rcode === RCODE.SERVFAIL || report.verdict?.status === 'bogus'
  return isNo ? EXIT.NO : EXIT.DONE
}

async function resolveHere(question: AskedQuestion, options: LookupOptions): Promise<LookupReport | string> {
  const config = withKeptAnchors(options.config === undefined ? defaultConfig() : loadConfig(options.config))
  const { name, type } = question
  const local = followLocally(localZones(config.settings), name, type, config.settings['limits.aliases'])
  if (local?.kind === 'deny') return 'a local zone leaves this name without a reply'
  if (local !== undefined && local.kind !== 'onward') return localReport(question, local)
  let fault: unknown
  const engine = createLoneEngine(config, {
    platform: testPlatform(),
    counters: new Counters(),
    ownAddresses: config.settings['server.listen'],
    onFault: (error) => {
      fault = error
    },
  })
  const trace: TraceEvent[] = []
  const startMs = engine.clock.nowMs()
  try {
    const asked = { name: local?.target ?? name, type, checkingDisabled: false }
    const { entry } = await engine.resolver.resolve(asked, (event) => trace.push(event))
    if (fault !== undefined) throw fault
    const nowMs = engine.clock.nowMs()
    const found = parseAnswerEntry(entry, 0, nowMs)
    const aliases = { question: { name, type, class: CLASS.IN }, rrsets: local?.aliases ?? [] }
    const parts = local === undefined ? found : behindAliases(aliases, found)
    const reason = reasonFromNumber(parts.reason) ?? 'not-judged'
    return {
      name,
      type,
      rcode: parts.rcode,
      verdict: { status: parts.status, reason, text: REASONS[reason].text },
      withheld: parts.status === 'bogus' && engine.policy.mode === 'enforce',
      errors: parts.ede,
      answer: parts.answer.flatMap(recordsOf),
      authority: parts.authority.flatMap(recordsOf),
      ...(options.trace === true ? { trace, startMs } : {}),
      elapsedMs: nowMs - startMs,
      nowSeconds: engine.clock.unixSeconds(),
    }
  } finally {
    engine.close()
  }
}

/** What the daemon would answer out of its own zones. */
function localReport(
  { name, type }: AskedQuestion,
  local: Extract<LocalOutcome, { kind: 'data' | 'refuse' }>,
): LookupReport {
  const refused = { rcode: RCODE.REFUSED, answer: [], authority: [], ede: [{ code: EDE.BLOCKED, text: '' }] }
  const { rcode, answer, authority, ede } = local.kind === 'data' ? local : refused
  return {
    name,
    type,
    rcode,
    verdict: { status: 'indeterminate', reason: 'local-data', text: REASONS['local-data'].text },
    errors: ede,
    answer: answer.flatMap(recordsOf),
    authority: authority.flatMap(recordsOf),
    elapsedMs: 0,
    nowSeconds: 0,
  }
}

function recordsOf({
  owner,
  type,
  class: recordClass,
  ttlSeconds,
  rdatas,
  signatures,
}: Rrset): ResourceRecord[] {
  const record = (recordType: number, rdata: Uint8Array): ResourceRecord => ({
    owner,
    type: recordType,
    class: recordClass,
    ttlSeconds,
    rdata,
  })
  return [
    ...rdatas.map((rdata) => record(type, rdata)),
    ...signatures.map((rdata) => record(TYPE.RRSIG, rdata)),
  ]
}

async function resolveThere(question: AskedQuestion, server: Endpoint): Promise<LookupReport | string> {
  const reply = await askServer(server, question.name, question.type)
  if (typeof reply === 'string') return reply
  const { message, transport, rttMs } = reply
  return {
    name: question.name,
    type: question.type,
    rcode: message.rcode,
    server: { endpoint: formatEndpoint(server), transport, flags: flagsOf(message) },
    errors: errorsOf(message),
    answer: message.answer,
    authority: message.authority,
    elapsedMs: rttMs,
    nowSeconds: 0,
  }
}

function flagsOf(message: Message): string[] {
  const flags = ['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const
  return flags.filter((flag) => message[flag])
}

function errorsOf(message: Message): ExtendedError[] {
  return (message.edns?.options ?? []).map(parseEde).filter((error) => error !== undefined)
}
