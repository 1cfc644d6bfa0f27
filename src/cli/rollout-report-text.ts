/** The rollout report for a terminal. */
import type { DomainView, ExpiringView, FaultView, ReportView } from '../telemetry/report/report-view.ts'
import { printable } from './printable.ts'
import {
  answersTo,
  expiringLine,
  facts,
  faultLine,
  headline,
  percent,
  rest,
  sharesText,
} from './rollout-report-words.ts'

/** Top-level domains shown; JSON has all of them. */
const TLDS_SHOWN = 10

/** Lines, the heaviest domain first. */
export function reportText(report: ReportView): string {
  const { since, until, answers, clients, stages, tlds, domains, expiring } = report
  const lines = [
    `Validation from ${since} to ${until}`,
    `${answersTo(answers, clients)}: ${sharesText(report)}`,
    `customers who would have noticed: ${stages.map((stage) => `${stage.clients} at ${stage.percent} %`).join(', ')}`,
    `signed answers: ${tlds.slice(0, TLDS_SHOWN).map(tldText).join(', ') || 'none'}`,
    ...rest(report),
    '',
    domains.length === 0 ? 'No domain fails.' : `Failing domains: ${domains.length}`,
    ...domains.flatMap(domainLines),
    ...(expiring === null || expiring.length === 0
      ? []
      : ['', 'Signatures that end soon and are not being renewed:', ...expiring.map(expiringLine)]),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

/** Zones whose signatures end soon, a line each. */
export function expiringText(zones: readonly ExpiringView[]): string {
  if (zones.length === 0) return 'none\n'
  return zones.map((zone) => `${printable(expiringLine(zone))}\n`).join('')
}

function domainLines(view: DomainView): string[] {
  return [
    '',
    `${view.domain}  ${headline(view)}`,
    ...facts(view).map((fact) => `  ${fact}`),
    ...view.faults.flatMap(faultLines),
    `  => ${view.action}`,
  ]
}

function faultLines(fault: FaultView): string[] {
  const { what, figures } = faultLine(fault)
  return [`  ${what} (${figures})`, `    to mend it: ${fault.fix}`]
}

function tldText({ tld, signedShare }: ReportView['tlds'][number]): string {
  return `${tld} ${percent(signedShare)}`
}
