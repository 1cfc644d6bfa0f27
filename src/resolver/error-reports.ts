/**
 * Tells the operator of a zone that its data did not validate (RFC 9567): a question whose name says what went wrong, to
 * the agent that the zone's own server named beside that data. Nobody waits for it, and its answer is of no account but
 * that it is kept: who gave it is not asked the same again.
 */
import { REPORT_PAUSE_MS, REPORTS_AT_ONCE_MAX } from '../base/limits.ts'
import { REASONS } from '../dnssec/reasons.ts'
import { type Edns, findOption } from '../wire/edns.ts'
import { OPTION } from '../wire/iana/edns-option.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { isRoot, labelsOf, type Name, nameFromLabels, nameFromOctets, nameKey } from '../wire/name.ts'
import type { Context, Job, Proven } from './context.ts'

const ER = ascii('_er')

/** The agent that a reply names (RFC 9567 5): one whole name and nothing behind it, not the root; else there is none. */
export function reportingAgent(edns: Edns | undefined): Name | undefined {
  const option = edns && findOption(edns, OPTION.REPORT_CHANNEL)
  const agent = option && nameFromOctets(option.octets)
  return agent === undefined || isRoot(agent) ? undefined : agent
}

/** The name of a report (RFC 9567 6.1.1); undefined when it is too long. */
export function reportName(name: Name, type: number, infoCode: number, agent: Name): Name | undefined {
  const asked = [ER, ascii(String(type)), ...labelsOf(name)]
  return nameFromLabels([...asked, ascii(String(infoCode)), ER, ...labelsOf(agent)])
}

/** Reports data that is bogus, where its server named an agent and the operator wants it. Returns at once. */
export function reportError(context: Context, job: Job, name: Name, type: number, bogus: Proven): void {
  const { settings, reports } = context
  const { agent, judged } = bogus
  // RFC 9567 6.1: what goes wrong with a report is not reported.
  if (!settings.errorReporting || agent === undefined || job.isReport === true) return
  const infoCode = REASONS[judged.reason].ede
  const question = infoCode === undefined ? undefined : reportName(name, type, infoCode, agent)
  if (question === undefined) return
  // Whoever makes us look up names of his zone must not make us flood whom he names for an agent.
  const key = nameKey(agent)
  if (reports.underWay >= REPORTS_AT_ONCE_MAX || reports.agents.get(key) === true) {
    context.counters.errorReport('held-back')
    return
  }
  context.counters.errorReport('sent')
  reports.agents.set(key, true, REPORT_PAUSE_MS)
  reports.underWay++
  context.aside(async (own) => {
    try {
      // An alias may lead from fault to fault, each with an agent of its own (B06).
      await context.lookup({ ...own, budget: job.budget, isReport: true }, question, TYPE.TXT)
    } finally {
      reports.underWay--
    }
  })
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
