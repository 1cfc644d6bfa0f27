/** What validation does to answers, or would do: the counts of all threads, kept over restarts, and what they come to. */
import { DistinctClients } from './distinct-clients.ts'
import { FailingDomains } from './failing-domains.ts'
import { nextToLookAt } from './next-look.ts'
import {
  type DomainCheck,
  type FailingName,
  type Fault,
  type ReportData,
  STAGES,
  type TldCounts,
  type VerdictCounts,
} from './report-data.ts'

/** A failing domain that is to be looked at again. */
export interface LookWanted {
  readonly domain: string
  readonly fault: Fault
  readonly name: FailingName
}

/** See the head of this file. */
export class RolloutReport {
  readonly #domains = new FailingDomains()
  readonly #clients = new DistinctClients()
  readonly #noticing = STAGES.map(() => new DistinctClients())
  readonly #tlds = new Map<string, { signed: number; unsigned: number }>()
  readonly #verdicts = { secure: 0, insecure: 0, bogus: 0, indeterminate: 0 }
  #unchecked = 0
  #others = 0
  #since: number

  /** @param nowSeconds since 1970: nothing was counted before */
  constructor(nowSeconds: number) {
    this.#since = nowSeconds
  }

  /** Adds what was counted elsewhere, be it by a thread, an earlier process or another resolver. */
  merge(data: ReportData): void {
    this.#since = Math.min(this.#since, data.since)
    for (const verdict of VERDICTS) this.#verdicts[verdict] += data.verdicts[verdict]
    this.#unchecked += data.unchecked
    this.#others += data.others
    mergeClients(this.#clients, data.clients)
    this.#noticing.forEach((stage, index) => {
      mergeClients(stage, data.noticing[index]!)
    })
    for (const { tld, signed, unsigned } of data.tlds) {
      const known = this.#tlds.get(tld) ?? { signed: 0, unsigned: 0 }
      this.#tlds.set(tld, { signed: known.signed + signed, unsigned: known.unsigned + unsigned })
    }
    for (const domain of data.domains) this.#domains.merge(domain)
  }

  /** Which failing domain is to be looked at again, and how it mostly fails. */
  nextToLookAt(nowSeconds: number): LookWanted | undefined {
    const tally = nextToLookAt(this.#domains.tallies(), nowSeconds)
    const usual = tally?.usual
    return tally && usual && { domain: tally.domain, ...usual }
  }

  /** Somebody looked at a domain again. Whom to tell is known from an earlier look where this one did not learn it. */
  noteCheck(domain: string, check: DomainCheck): void {
    const tally = this.#domains.find(domain)
    if (tally === undefined) return
    const contact = check.contact ?? tally.check?.contact
    tally.check = contact === undefined ? check : { ...check, contact }
  }

  /** Top-level domains with signed answers, the one with most first. */
  signedTlds(): string[] {
    const signed = [...this.#tlds].filter(([, counts]) => counts.signed > 0)
    return signed.sort(([, a], [, b]) => b.signed - a.signed).map(([tld]) => tld)
  }

  /** Nothing was counted after now, though the clock may have said so when it was. */
  notAfter(nowSeconds: number): void {
    this.#since = Math.min(this.#since, nowSeconds)
    for (const tally of this.#domains.tallies()) tally.notAfter(nowSeconds)
  }

  /** Leaves out domains that have not failed for long. */
  age(nowSeconds: number): void {
    this.#domains.age(nowSeconds)
  }

  /** All of it: heavy domains first, top-level domains by their answers. */
  data(): ReportData {
    return {
      since: this.#since,
      verdicts: { ...this.#verdicts },
      unchecked: this.#unchecked,
      others: this.#others + this.#domains.others,
      clients: this.#clients.encode(),
      noticing: this.#noticing.map((stage) => stage.encode()),
      tlds: [...this.#tlds].map(([tld, counts]) => ({ tld, ...counts })).sort(mostAnswers),
      domains: this.#domains.data(),
    }
  }
}

const VERDICTS: readonly (keyof VerdictCounts)[] = ['secure', 'insecure', 'bogus', 'indeterminate']

function mergeClients(into: DistinctClients, text: string): void {
  const clients = DistinctClients.decode(text)
  if (clients !== undefined) into.merge(clients)
}

function mostAnswers(a: TldCounts, b: TldCounts): number {
  return b.signed + b.unsigned - a.signed - a.unsigned
}
