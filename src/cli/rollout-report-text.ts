/** The rollout report for a terminal. */
import type { DomainView, ReportView } from '../telemetry/report/report-view.ts'
import { printable } from './printable.ts'

/** Top-level domains shown; JSON has all of them. */
const TLDS_SHOWN = 10

/** Lines, the heaviest domain first. */
export function reportText(report: ReportView): string {
  const { since, until, answers, clients, shares, stages, tlds, domains, others, unchecked } = report
  const lines = [
    `Validation from ${since} to ${until}`,
    `${answers} answers to ${clients} clients: ${percent(shares.secure)} secure, ${percent(shares.insecure)} insecure, ${percent(shares.bogus)} bogus`,
    `customers who would have noticed: ${stages.map((stage) => `${stage.clients} at ${stage.percent} %`).join(', ')}`,
    `signed answers: ${tlds.slice(0, TLDS_SHOWN).map(tldText).join(', ') || 'none'}`,
    ...(unchecked > 0 ? [`bogus data given to who asked for it unchecked (CD): ${unchecked}`] : []),
    ...(others > 0 ? [`bogus answers of domains that are not told apart: ${others}`] : []),
    '',
    domains.length === 0 ? 'No domain fails.' : `Failing domains: ${domains.length}`,
    ...domains.flatMap(domainLines),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function domainLines(view: DomainView): string[] {
  const {
    domain,
    queries,
    clients,
    refused,
    faults,
    firstSeen,
    lastSeen,
    failing,
    servers,
    contact,
    action,
  } = view
  const still = { yes: 'still failing', no: 'validates again', unknown: 'not seen lately' }[failing]
  return [
    '',
    `${domain}  ${queries} answers, ${clients} clients, ${refused} refused; ${still}`,
    `  seen ${firstSeen} to ${lastSeen}${contact === null ? '' : `; contact ${contact}`}`,
    ...(servers === null
      ? []
      : [
          `  servers: ${servers.good.length} good, ${servers.bad.length} bad, ${servers.silent.length} silent`,
        ]),
    ...faults.flatMap(({ zone, type, ede, text, meaning, queries: times, fix }) => [
      `  ${zone} ${type}: ${text || meaning} (EDE ${ede}, ${times} answers)`,
      `    to mend it: ${fix}`,
    ]),
    `  => ${action}`,
  ]
}

function tldText({ tld, signedShare }: ReportView['tlds'][number]): string {
  return `${tld} ${percent(signedShare)}`
}

/** `99.5 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
