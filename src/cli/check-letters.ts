/** A check in words for others: what a help desk may say to a customer, and the mail to the owner of the zone. */
import type { Party, Theme } from '../check/faults.ts'
import { FAULTS } from '../check/faults.ts'
import type { Finding } from '../check/finding.ts'
import { type CheckReport, withoutDot } from '../check/report.ts'
import { countText, wrapped } from './check-report.ts'
import { printable } from './printable.ts'

/** What a customer can be told, by what the gravest fault is about. No word of it needs explaining. */
const PLAIN: Readonly<Record<Theme, string>> = {
  keys: 'The domain is protected against forgery, but the seal that its registry holds is not the one that the domain uses. Our service cannot tell the real address from a forged one, so it gives none.',
  dates:
    'The domain is protected against forgery, but its seal is out of date. Our service cannot tell the real address from a forged one, so it gives none.',
  signatures:
    'The domain is protected against forgery, but its seal is broken or missing. Our service cannot tell the real address from a forged one, so it gives none.',
  denial:
    'The domain is protected against forgery, but it does not prove which of its names exist. Some of its names therefore do not work.',
  servers:
    'The servers that know the address of the domain do not answer, or not in the right way. The domain is slow or cannot be reached.',
  delegation:
    'The domain is not set up rightly with its registry, so the way to it cannot be found, or only at times.',
  above:
    'The registry above the domain has a fault. All domains below it are affected, and its operator has to mend it.',
  ourselves: 'Our own service cannot check addresses at the moment. Our technicians have to be told at once.',
  upkeep: 'There are details to be improved, none of which keeps the domain from working.',
}

const WHO: Readonly<Record<Party, string>> = {
  signer: 'whoever runs DNS for the domain (its hosting company, as a rule)',
  registrant: 'the owner of the domain, through the company where it is registered',
  servers: 'whoever runs the name servers of the domain (its hosting company, as a rule)',
  parent: 'the registry above the domain',
  resolver: 'us',
}

/** Words for a support agent. */
export function helpDeskText(report: CheckReport): string {
  const domain = withoutDot(report.domain)
  const [gravest] = report.findings
  const lines =
    gravest?.party === 'resolver'
      ? ownWords(domain, report, gravest)
      : gravest === undefined || gravest.severity !== 'error'
        ? soundWords(domain, report, gravest)
        : faultyWords(domain, report, gravest)
  return `${lines.join('\n')}\n`
}

function ownWords(domain: string, report: CheckReport, gravest: Finding): string[] {
  return [
    `Domain: ${domain}`,
    `Checked: ${report.checkedAt} (${countText(report)})`,
    'Where the fault is: with our own resolver. Nothing can be said of the domain.',
    '',
    'You can say:',
    ...said(`"${PLAIN.ourselves}"`),
    '',
    'To pass on, at once, to the network operators:',
    ...said(`${gravest.code}: ${gravest.problem} ${printable(gravest.evidence.join('; '))}`),
    ...said(gravest.fix),
  ]
}

function faultyWords(domain: string, report: CheckReport, gravest: Finding): string[] {
  const isSigned = report.verdict.status === 'bogus'
  return [
    `Domain: ${domain}`,
    `Checked: ${report.checkedAt} (${countText(report)})`,
    'Where the fault is: with the domain, not with the customer and not with our network.',
    '',
    'You can say:',
    ...said(`"${domain} has a fault of its own. ${PLAIN[FAULTS[gravest.code].theme]}"`),
    ...said(
      `"It has to be mended by ${WHO[gravest.party]}. Everybody whose provider checks the protection meets the same fault, so it is no use to restart your equipment."`,
    ),
    '',
    'Do not:',
    ...said(
      'advise the customer to change to another DNS service or to switch security off: where the address has been forged, that is how people lose money.',
    ),
    '',
    'To pass on:',
    ...said(`${gravest.code}: ${gravest.problem}`),
    ...said(`The owner can be written to at ${report.contact} ("sigill check --mail" has the text).`),
    ...(isSigned
      ? said(
          'If many customers ask and the owner is known to be at work on it, the network operators can except the domain for a limited time (negative trust anchor).',
        )
      : []),
  ]
}

function soundWords(domain: string, report: CheckReport, gravest: Finding | undefined): string[] {
  const theme = gravest && FAULTS[gravest.code].theme
  return [
    `Domain: ${domain}`,
    `Checked: ${report.checkedAt} (${countText(report)})`,
    'Where the fault is: not in the DNS of the domain as it is now.',
    '',
    'You can say:',
    ...said(
      `"We have checked ${domain}, and its addresses can be found. If it does not work for you, the fault is with the site itself or on the way to it."`,
    ),
    ...(gravest?.severity === 'warning' && theme !== undefined
      ? ['', 'To know:', ...said(`Something could go wrong soon, or does at times. ${gravest.problem}`)]
      : []),
    '',
    'Then:',
    ...said(
      'Have the customer try again, and another device; a mistake that was mended a short while ago may live on in caches for an hour or so.',
    ),
  ]
}

function said(text: string): string[] {
  return wrapped(text, '  - ', '    ')
}

/** A mail to the owner, header lines included. */
export function mailText(report: CheckReport): string {
  if (report.findings.some(({ party }) => party === 'resolver'))
    return 'There is nothing to write to anybody: the fault is with this resolver (see "sigill check" without --mail).\n'
  const domain = withoutDot(report.domain)
  const { findings, counts } = report
  const grave = counts.errors > 0
  const lines = [
    `To: ${report.contact}`,
    `Subject: ${grave ? 'Fault' : 'Findings'} in the DNS of ${withoutDot(report.zone)}: ${(findings[0]?.code ?? 'none').replaceAll('-', ' ')}`,
    '',
    'Hello,',
    '',
    ...wrapped(opening(report, domain), '', ''),
    '',
  ]
  for (const [i, one] of findings.entries()) lines.push(...letterItem(one, i + 1), '')
  if (findings.length === 0) lines.push('Nothing was found that would have to be changed.', '')
  lines.push(
    ...wrapped(
      `This was seen on ${report.checkedAt}, asking every address of the name servers of ${withoutDot(report.zone)} directly. You can see it yourself with "dig +dnssec +cd ${withoutDot(report.zone)} SOA @SERVER", or at https://dnsviz.net and https://zonemaster.net.`,
      '',
      '',
    ),
    '',
    'Thank you for looking into it.',
  )
  return `${lines.join('\n')}\n`
}

function opening({ counts, verdict, zone }: CheckReport, domain: string): string {
  if (counts.errors === 0)
    return `we run a DNS resolver for our customers and have checked ${domain}. It works, but we have some remarks.`
  const failing = verdict.status === 'bogus'
  const effect = failing
    ? 'Resolvers that validate DNSSEC answer SERVFAIL for it, so that our customers and those of many others cannot reach it.'
    : 'It fails for a part of those who ask for it, or will.'
  return `we run a DNS resolver for our customers and have found a fault in ${withoutDot(zone)}. ${effect}`
}

function letterItem(one: Finding, number: number): string[] {
  return [
    ...wrapped(`${number}. ${one.problem} (${one.severity})`, '', '   '),
    ...(one.servers.length === 0 ? [] : wrapped(`At: ${one.servers.join(', ')}`, '   ', '   ')),
    ...one.evidence.flatMap((line) => wrapped(printable(line), '   - ', '     ')),
    ...wrapped(`What it means: ${one.impact}`, '   ', '   '),
    ...wrapped(`What to do: ${one.fix}`, '   ', '   '),
    ...(one.publish.length === 0 ? [] : ['   Publish:', ...one.publish.map((line) => `     ${line}`)]),
    ...(one.remove.length === 0 ? [] : ['   Remove:', ...one.remove.map((line) => `     ${line}`)]),
    ...(one.references.length === 0 ? [] : wrapped(`See: ${one.references.join(', ')}`, '   ', '   ')),
  ]
}
