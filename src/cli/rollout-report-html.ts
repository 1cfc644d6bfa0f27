/** The rollout report as one page that needs nothing else, on a screen or on paper. */
import type { DomainView, FaultView, ReportView } from '../telemetry/report/report-view.ts'
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
  verdictShares,
} from './rollout-report-words.ts'

const STYLE = `
:root { color-scheme: light; --paper: #fff; --ink: #1a1a1a; --faint: #555; --line: #bbb; --insecure: #c8c8c8; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --paper: #17191c; --ink: #e8e8e8; --faint: #aaa; --line: #4a4d52; --insecure: #6a6d72; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: anywhere; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .3rem 0; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .2rem 1.2rem .2rem 0; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 1rem; border: 1px solid var(--line); margin: .6rem 0; }
.secure { background: #2e7d46; } .insecure { background: var(--insecure); } .bogus { background: #b3261e; min-width: 2px; } .indeterminate { background: var(--line); }
section { border-top: 1px solid var(--line); padding: .8rem 0; break-inside: avoid; }
.faint { color: var(--faint); } .action { font-weight: 600; } dl { margin: .4rem 0; } dd { margin: 0 0 .4rem 1.5rem; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`

/** A whole document. What came from the network is text in it, never markup. */
export function reportHtml(report: ReportView): string {
  const { since, until, answers, clients, domains } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>DNSSEC validation, ${escaped(until)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>What validation does to answers</h1>
<p class="faint">${escaped(since)} to ${escaped(until)}: ${answersTo(answers, clients)}</p>
${shareBar(report)}
<h2>Customers who would have noticed</h2>
${stageTable(report)}
<h2>Failing domains</h2>
${domains.length === 0 ? '<p>No domain fails.</p>' : domains.map(domainSection).join('\n')}
${rest(report)
  .map((text) => `<p class="faint">${escaped(text)}</p>`)
  .join('\n')}
${expiringSection(report)}<h2>Signed answers by top-level domain</h2>
${tldTable(report)}
</body>
</html>
`
}

function shareBar(report: ReportView): string {
  const words = sharesText(report)
  const parts = verdictShares(report)
    .filter(({ share }) => share > 0)
    .map(({ kind, share }) => `<span class="${kind}" style="width: ${(100 * share).toFixed(3)}%"></span>`)
  return `<div class="bar" role="img" aria-label="${words}">${parts.join('')}</div>\n<p>${words}</p>`
}

function stageTable({ stages, clients }: ReportView): string {
  const rows = stages.map(({ percent: stage, clients: noticing }) => {
    const share = clients === 0 ? 0 : noticing / clients
    return `<tr><td class="number">${stage} %</td><td class="number">${noticing}</td><td class="number">${percent(share)}</td></tr>`
  })
  return `<table><tr><th class="number">enforced for</th><th class="number">clients</th><th class="number">of all</th></tr>${rows.join('')}</table>`
}

function tldTable({ tlds }: ReportView): string {
  if (tlds.length === 0) return '<p>None yet.</p>'
  const rows = tlds.map(
    ({ tld, answers, signedShare }) =>
      `<tr><td>${escaped(tld)}</td><td class="number">${answers}</td><td class="number">${percent(signedShare)}</td></tr>`,
  )
  return `<table><tr><th>domain</th><th class="number">answers</th><th class="number">signed</th></tr>${rows.join('')}</table>`
}

function expiringSection({ expiring }: ReportView): string {
  if (expiring === null || expiring.length === 0) return ''
  const items = expiring.map((zone) => `<li>${escaped(expiringLine(zone))}</li>`)
  return `<h2>Signatures that end soon and are not being renewed</h2>\n<ul>${items.join('')}</ul>\n`
}

function domainSection(view: DomainView): string {
  const { domain, action, faults } = view
  return `<section>
<h3>${escaped(domain)}</h3>
<p>${escaped(headline(view))}</p>
<p class="faint">${facts(view).map(escaped).join('<br>')}</p>
<p class="action">${escaped(action)}</p>
<dl>${faults.map(faultItem).join('')}</dl>
</section>`
}

function faultItem(fault: FaultView): string {
  const { what, figures } = faultLine(fault)
  return `<dt>${escaped(what)} <span class="faint">(${escaped(figures)})</span></dt><dd>${escaped(fault.fix)}</dd>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** As text between tags or in an attribute. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}
