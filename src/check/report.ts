/** A check as one value that is ready to be written down: `conf/check-report.schema.json` describes it. */
import { formatAddress } from '../base/address.ts'
import { formatTime } from '../dnssec/rrset-signature.ts'
import { TYPE } from '../wire/iana/rrtype.ts'
import { mailboxText } from '../wire/mailbox.ts'
import { formatName } from '../wire/name-text.ts'
import { parseSoa } from '../wire/rdata/soa.ts'
import type { Finding } from './finding.ts'
import type { Observations } from './observations.ts'
import { apexMessage, setOf } from './zone-view.ts'

/** Raised when a field changes its meaning or goes; new fields do not raise it. */
const REPORT_VERSION = 1

/** What came of a check. Names have their final dot, times are of RFC 3339. */
export interface CheckReport {
  readonly version: number
  readonly domain: string
  /** The zone that was checked: the one that holds the domain. */
  readonly zone: string
  /** The zone above; absent for the root. */
  readonly parent?: string
  readonly checkedAt: string
  /** What this resolver says of the domain. */
  readonly verdict: { readonly status: string; readonly reason: string; readonly detail: string }
  readonly counts: { readonly errors: number; readonly warnings: number; readonly notices: number }
  readonly nameServers: readonly { readonly name: string; readonly addresses: readonly string[] }[]
  /** Mailbox of the SOA record; that of RFC 2142 where none could be had. */
  readonly contact: string
  /** Messages that were sent to servers. */
  readonly questions: number
  readonly findings: readonly Finding[]
}

/** Puts it together. */
export function makeReport(seen: Observations, findings: readonly Finding[]): CheckReport {
  const { verdicts, parent } = seen
  const { status, reason, detail } = verdicts.domain
  const count = (severity: Finding['severity']): number =>
    findings.filter((one) => one.severity === severity).length
  return {
    version: REPORT_VERSION,
    domain: formatName(seen.domain),
    zone: formatName(seen.zone),
    ...(parent === undefined ? {} : { parent: formatName(parent.zone) }),
    checkedAt: formatTime(seen.nowSeconds),
    verdict: { status, reason, detail },
    counts: { errors: count('error'), warnings: count('warning'), notices: count('notice') },
    nameServers: seen.nameServers.map(({ name, glue, addresses }) => ({
      name: formatName(name),
      addresses: [...new Set([...addresses, ...glue].map(formatAddress))],
    })),
    contact: contactOf(seen),
    questions: seen.queries,
    findings,
  }
}

function contactOf({ zone, servers }: Observations): string {
  for (const server of servers) {
    const soa = setOf(apexMessage(server, zone, TYPE.SOA)?.answer ?? [], zone, TYPE.SOA)
    const rname = soa && parseSoa(soa.rdatas[0]!)?.rname
    const mailbox = rname && mailboxText(rname)
    if (mailbox !== undefined) return mailbox
  }
  return `hostmaster@${withoutDot(formatName(zone))}`
}

/** A name as people write it. */
export function withoutDot(name: string): string {
  return name === '.' ? name : name.slice(0, -1)
}
