/**
 * What the report is made of, as plain data: threads send it to the supervisor, the folder for state keeps it, and two of
 * them make one (`RolloutReport.merge`). Names are text with the final dot, times seconds since 1970.
 */

/** Answers by their verdict. */
export interface VerdictCounts {
  readonly secure: number
  readonly insecure: number
  readonly bogus: number
  /** Nobody judged them, or nobody could. */
  readonly indeterminate: number
}

/** One way in which a domain fails. */
export interface Fault {
  /** The zone that is to be mended, and the type of the link that is broken there. */
  readonly zone: string
  readonly type: string
  /** A slug of `dnssec/reasons.ts`. */
  readonly reason: string
  /** INFO-CODE of RFC 8914. */
  readonly ede: number
  /** In the words that clients get. */
  readonly text: string
  readonly queries: number
}

/** A question that failed. */
export interface FailingName {
  readonly name: string
  readonly type: string
  readonly queries: number
}

/** One address of the zone's servers, asked alone one way. */
export interface AddressTrial {
  readonly address: string
  readonly transport: 'udp' | 'tcp'
  /** Its data validates, does not, or there is none. */
  readonly outcome: 'good' | 'bad' | 'silent'
  /** A slug of `dnssec/reasons.ts`. */
  readonly reason: string
}

/** What came of looking at a failing domain again. */
export interface DomainCheck {
  /** When. */
  readonly at: number
  /** `indeterminate`: there was no answer to judge. */
  readonly verdict: 'secure' | 'insecure' | 'bogus' | 'indeterminate'
  /** Whose fault it is: the zone's, or that of this resolver or of the way from it; … */
  readonly party: 'them' | 'us' | 'unsure'
  /** … and how sure that is. */
  readonly confidence: 'high' | 'medium' | 'low'
  /** What speaks for it, a sentence each. */
  readonly because: readonly string[]
  /** What was tried. */
  readonly trials: readonly AddressTrial[]
  /** Where the zone's SOA record sends mail. */
  readonly contact?: string | undefined
}

/** A domain that fails, or would fail if validation were enforced for everybody. */
export interface FailingDomain {
  readonly domain: string
  /** Answers that were bogus, to clients who did not set CD. */
  readonly queries: number
  /** Of these the client got SERVFAIL. */
  readonly refused: number
  /** Distinct clients (`DistinctClients.encode`). */
  readonly clients: string
  readonly faults: readonly Fault[]
  readonly names: readonly FailingName[]
  readonly firstSeen: number
  readonly lastSeen: number
  /** The last time somebody looked. */
  readonly check?: DomainCheck | undefined
}

/** Answers of a top-level domain that have data. */
export interface TldCounts {
  readonly tld: string
  readonly signed: number
  readonly unsigned: number
}

/** All that was counted in some time, by one thread or by many. */
export interface ReportData {
  /** When counting began. */
  readonly since: number
  /** Answers made of what was resolved, local ones left out. */
  readonly verdicts: VerdictCounts
  /** Bogus data that clients got because they set CD; not among the failing domains. */
  readonly unchecked: number
  /** Bogus answers of domains that are not told apart any more. */
  readonly others: number
  /** Distinct clients that asked anything; … */
  readonly clients: string
  /** … of these such as met bogus data, at each of `STAGES`. */
  readonly noticing: readonly string[]
  readonly tlds: readonly TldCounts[]
  readonly domains: readonly FailingDomain[]
}

/** A report as it is kept and handed on, to be made one with those of other resolvers. */
export interface KeptReport extends ReportData {
  /** When it was last added to. */
  readonly until: number
  /** Tells the secret apart that its clients were counted by: by another one, the same client is another. */
  readonly key: string
  /** Who counted: an identifier drawn whenever counting begins anew. Counts of the same one are never added up. */
  readonly sources: readonly string[]
}

/** Percents of clients that the report says the consequences for. */
export const STAGES: readonly number[] = [1, 10, 50, 100]

/** Addresses by what they give, each once: one is bad where it gives bad data any one way. */
export function addressesByOutcome(
  trials: readonly AddressTrial[],
): Readonly<Record<AddressTrial['outcome'], string[]>> {
  const all = [...new Set(trials.map(({ address }) => address))]
  const giving = (kind: AddressTrial['outcome']): ReadonlySet<string> =>
    new Set(trials.filter(({ outcome }) => outcome === kind).map(({ address }) => address))
  const [bad, good] = [giving('bad'), giving('good')]
  return {
    good: all.filter((address) => good.has(address) && !bad.has(address)),
    bad: all.filter((address) => bad.has(address)),
    silent: all.filter((address) => !good.has(address) && !bad.has(address)),
  }
}
