/** What the rollout report says in words, the same on a terminal and on a page. Nothing is escaped yet. */
import { counted } from '../base/counted.ts'
import type { DomainView, ExpiringView, FaultView, ReportView } from '../telemetry/report/report-view.ts'

const STILL = { yes: 'still failing', no: 'validates again', unknown: 'not seen lately' } as const
const PARTY = { them: 'it is them', us: 'it is us', unsure: 'it may be them or us' } as const
const REACH = {
  every: 'every address that answers is bad',
  some: 'only some addresses are bad',
  none: 'no address is bad',
} as const

/** `99.5 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** So many answers to so many clients. */
export function answersTo(answers: number, clients: number): string {
  return `${counted(answers, 'answer')} to ${counted(clients, 'client')}`
}

/** Each verdict with its share of all answers, from 0 to 1; `indeterminate` where there are such answers. */
export function verdictShares({ answers, verdicts }: ReportView): readonly VerdictShare[] {
  const kinds = ['secure', 'insecure', 'bogus', 'indeterminate'] as const
  return kinds
    .filter((kind) => kind !== 'indeterminate' || verdicts[kind] > 0)
    .map((kind) => ({ kind, share: answers === 0 ? 0 : verdicts[kind] / answers }))
}

interface VerdictShare {
  readonly kind: keyof ReportView['verdicts']
  readonly share: number
}

/** The same in words. */
export function sharesText(report: ReportView): string {
  return verdictShares(report)
    .map(({ kind, share }) => `${percent(share)} ${kind}`)
    .join(', ')
}

/** How many answers to whom, and how it stands. */
export function headline({ queries, clients, refused, failing }: DomainView): string {
  return `${answersTo(queries, clients)}, ${refused} of them refused; ${STILL[failing]}`
}

/** What is known of a failing domain, a line each. */
export function facts(view: DomainView): string[] {
  const { firstSeen, lastSeen, healedAt, contact, names } = view
  return [
    `seen ${firstSeen} to ${lastSeen}${healedAt === null ? '' : `; found in order ${healedAt}`}`,
    `asked for ${names.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
    ...(contact === null ? [] : [`contact ${contact}`]),
    ...blameLines(view),
  ]
}

function blameLines({ blame, look, reach }: DomainView): string[] {
  if (blame === null || look === null) return []
  const { party, confidence, because } = blame
  return [
    `them or us: ${PARTY[party]} (confidence ${confidence}). ${because.join(' ')}`,
    ...(reach === null ? [] : [`servers: ${REACH[reach]}`]),
    ...look.trials.map(
      ({ address, transport, outcome, reason }) =>
        `tried ${address} by ${transport.toUpperCase()}: ${outcome === 'good' ? outcome : `${outcome} (${reason})`}`,
    ),
  ]
}

/** One way in which a domain fails. */
export function faultLine({ zone, type, ede, text, meaning, queries }: FaultView): {
  readonly what: string
  readonly figures: string
} {
  // What clients were told names zone and link by itself, if it is told at all.
  const what = text.includes(zone) ? text : `${zone} ${type}: ${text || meaning}`
  return { what, figures: `EDE ${ede}, ${counted(queries, 'answer')}` }
}

/** A zone whose signatures end soon. */
export function expiringLine({ zone, set, ends, hoursLeft, ...view }: ExpiringView): string {
  const { lifetimeHours, fetchedAt, answersInUse } = view
  return `${zone}  the signature over ${set} ends ${ends}, in ${hoursLeft} of its ${lifetimeHours} hours; given so ${fetchedAt}; ${counted(answersInUse, 'answer')} in use`
}

/** What is counted and not shown apart. */
export function rest({ unchecked, others }: ReportView): string[] {
  return [
    ...(unchecked > 0
      ? [`${counted(unchecked, 'answer')} with bogus data went to clients who asked for it unchecked (CD).`]
      : []),
    ...(others > 0 ? [`${counted(others, 'bogus answer')} came of domains that are not told apart.`] : []),
  ]
}
