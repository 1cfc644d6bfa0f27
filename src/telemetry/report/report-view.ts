/** The report as it is shown: what the counts come to, what is to be done, and whom to tell. Plain data for JSON. */
import { BOGUS_TTL_SECONDS } from '../../base/limits.ts'
import { REASONS, type Reason } from '../../dnssec/reasons.ts'
import { nameFrom } from '../../wire/name-text.ts'
import { fixText, proposedAction } from './advice.ts'
import { DistinctClients } from './distinct-clients.ts'
import { knownTest } from './known-tests.ts'
import {
  type AddressTrial,
  addressesByOutcome,
  type DomainCheck,
  type FailingDomain,
  type Fault,
  type ReportData,
  STAGES,
  type VerdictCounts,
} from './report-data.ts'

/** One way in which a domain fails, with what mends it. */
export interface FaultView extends Fault {
  /** In plain words. */
  readonly meaning: string
  readonly fix: string
}

/** A failing domain. */
export interface DomainView {
  readonly domain: string
  readonly queries: number
  /** Of these the client got SERVFAIL. */
  readonly refused: number
  /** Distinct clients: exact up to a thousand, then within 3 %. */
  readonly clients: number
  readonly faults: readonly FaultView[]
  readonly names: FailingDomain['names']
  /** RFC 3339. */
  readonly firstSeen: string
  readonly lastSeen: string
  readonly failing: 'yes' | 'no' | 'unknown'
  /** When a look found that it validates again; null where none did since it last failed. */
  readonly healedAt: string | null
  /** Where the SOA record of the zone with the broken link sends mail; null while nobody looked, or where it names nobody. */
  readonly contact: string | null
  /** Them or us; null while nobody looked. */
  readonly blame: Pick<DomainCheck, 'party' | 'confidence' | 'because'> | null
  /** Whether every address that answers gives bad data, some do, or none; null while nobody looked, or none answered. */
  readonly reach: 'every' | 'some' | 'none' | null
  /** Addresses that gave data that validates, that did not, and that gave none; null while nobody looked. */
  readonly servers: ReturnType<typeof addressesByOutcome> | null
  /** The last look: when, and each address that was asked alone. */
  readonly look: { readonly at: string; readonly trials: readonly AddressTrial[] } | null
  /** Who broke it on purpose; null where nobody is known to. */
  readonly knownTest: string | null
  /** One sentence for the operator. */
  readonly action: string
}

/** A zone in use whose signatures end soon and are not being renewed. Times are of RFC 3339. */
export interface ExpiringView {
  readonly zone: string
  /** Owner and type of the RRset whose signature ends first. */
  readonly set: string
  readonly ends: string
  readonly hoursLeft: number
  /** Of the signature. */
  readonly lifetimeHours: number
  /** When the zone last gave it. */
  readonly fetchedAt: string
  /** Answers of the zone in the cache that were asked for more than once. */
  readonly answersInUse: number
}

/** What customers would notice if validation were enforced for so many percent of them. */
export interface StageView {
  readonly percent: number
  /** Distinct clients among these who got bogus data, or SERVFAIL for it. */
  readonly clients: number
}

/** Answers with data of a top-level domain. */
export interface TldView {
  readonly tld: string
  readonly answers: number
  /** From 0 to 1. */
  readonly signedShare: number
}

/** See the head of this file. */
export interface ReportView {
  readonly kind: 'sigill-rollout-report'
  readonly version: 2
  readonly since: string
  readonly until: string
  readonly answers: number
  readonly verdicts: VerdictCounts
  /** Of the answers that were judged, from 0 to 1. */
  readonly shares: { readonly secure: number; readonly insecure: number; readonly bogus: number }
  /** Bogus data that clients asked for by CD. */
  readonly unchecked: number
  readonly clients: number
  readonly stages: readonly StageView[]
  readonly tlds: readonly TldView[]
  readonly domains: readonly DomainView[]
  /** Zones that fail soon; null where no cache was looked into. */
  readonly expiring: readonly ExpiringView[] | null
  /** Bogus answers of domains that are not told apart any more. */
  readonly others: number
}

/** A domain that failed so lately does so still, as far as anybody knows: what is bogus is kept for a minute. */
const STILL_SECONDS = 5 * BOGUS_TTL_SECONDS

/** Makes it. */
export function reportView(
  data: ReportData,
  nowSeconds: number,
  expiring: readonly ExpiringView[] | null = null,
): ReportView {
  const { verdicts, domains, noticing, unchecked, others } = data
  const judged = verdicts.secure + verdicts.insecure + verdicts.bogus
  const share = (count: number): number => (judged === 0 ? 0 : count / judged)
  return {
    kind: 'sigill-rollout-report',
    version: 2,
    since: time(data.since),
    until: time(nowSeconds),
    answers: judged + verdicts.indeterminate,
    verdicts,
    shares: {
      secure: share(verdicts.secure),
      insecure: share(verdicts.insecure),
      bogus: share(verdicts.bogus),
    },
    unchecked,
    clients: clientsOf(data.clients),
    stages: STAGES.map((percent, index) => ({ percent, clients: clientsOf(noticing[index]!) })),
    tlds: data.tlds.map(({ tld, signed, unsigned }) => ({
      tld,
      answers: signed + unsigned,
      signedShare: signed / (signed + unsigned),
    })),
    domains: domains.map((domain) => domainView(domain, nowSeconds)),
    expiring,
    others,
  }
}

function domainView(data: FailingDomain, nowSeconds: number): DomainView {
  const { domain, queries, refused, names, check, lastSeen } = data
  // A sketch may count a few too many, but nobody comes without a question.
  const clients = Math.min(clientsOf(data.clients), queries)
  const faults = data.faults.map((fault) => ({ ...fault, meaning: meaningOf(fault), fix: fixText(fault) }))
  const failing = failingNow(data, nowSeconds)
  const servers = check && addressesByOutcome(check.trials)
  // A domain has a test below it and a fault of its own at times: then the fault is to be mended.
  const tests = data.faults.map(({ zone }) => knownTest(nameFrom(zone)))
  const test = tests.every((source) => source !== undefined) ? tests[0] : undefined
  return {
    domain,
    queries,
    refused,
    clients,
    faults,
    names,
    firstSeen: time(data.firstSeen),
    lastSeen: time(lastSeen),
    failing,
    healedAt: check !== undefined && failing === 'no' ? time(check.at) : null,
    contact: check?.contact ?? null,
    blame: check === undefined ? null : pick(check),
    reach: servers === undefined ? null : reachOf(servers),
    servers: servers ?? null,
    look: check === undefined ? null : { at: time(check.at), trials: check.trials },
    knownTest: test ?? null,
    action: proposedAction({
      domain,
      fault: data.faults[0]!,
      clients,
      failing,
      quietSeconds: nowSeconds - lastSeen,
      knownTest: test,
      contact: check?.contact,
      ourFault: check?.party === 'us' ? check.because[0] : undefined,
      goodServers: servers?.good.length ?? 0,
      badServers: servers?.bad.length ?? 0,
    }),
  }
}

function failingNow({ check, lastSeen }: FailingDomain, nowSeconds: number): DomainView['failing'] {
  if (check !== undefined && check.at >= lastSeen && check.verdict !== 'indeterminate')
    return check.verdict === 'bogus' ? 'yes' : 'no'
  return nowSeconds - lastSeen <= STILL_SECONDS ? 'yes' : 'unknown'
}

function pick({ party, confidence, because }: DomainCheck): DomainView['blame'] {
  return { party, confidence, because }
}

function reachOf({ good, bad }: ReturnType<typeof addressesByOutcome>): DomainView['reach'] {
  if (good.length + bad.length === 0) return null
  return bad.length === 0 ? 'none' : good.length === 0 ? 'every' : 'some'
}

function meaningOf({ reason }: Fault): string {
  return REASONS[reason as Reason]?.text ?? reason
}

function clientsOf(text: string): number {
  return DistinctClients.decode(text)?.count ?? 0
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
