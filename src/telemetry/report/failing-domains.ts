/**
 * The domains that fail, with what is known of each. Their number is bounded: when there are too many, those that
 * fewest clients asked for go, so whoever invents broken domains displaces none that customers use.
 */
import {
  REPORT_DOMAINS_MAX,
  REPORT_FAULTS_PER_DOMAIN_MAX,
  REPORT_NAMES_PER_DOMAIN_MAX,
  REPORT_SECONDS_MAX,
} from '../../base/limits.ts'
import { DistinctClients } from './distinct-clients.ts'
import type { DomainCheck, FailingDomain, FailingName, Fault } from './report-data.ts'

/** A tenth goes at once, so that looking for the lightest costs little for each that comes. */
const KEPT_SHARE = 0.9

/** One answer with bogus data. */
export interface BogusAnswer {
  /** Keyed hash of the client's network. */
  readonly client: number
  /** It got SERVFAIL. */
  readonly refused: boolean
  readonly fault: Fault
  readonly name: FailingName
  readonly nowSeconds: number
}

type Counted<T extends { readonly queries: number }> = Omit<T, 'queries'> & { queries: number }

/** One domain, while it is counted. */
export class DomainTally {
  readonly domain: string
  readonly clients: DistinctClients = new DistinctClients()
  queries = 0
  refused = 0
  firstSeen: number = Number.POSITIVE_INFINITY
  lastSeen = 0
  /** What came of looking at it again. */
  check: DomainCheck | undefined
  readonly #faults: Counted<Fault>[] = []
  readonly #names: Counted<FailingName>[] = []

  constructor(domain: string) {
    this.domain = domain
  }

  /** Counts one answer. */
  add(answer: BogusAnswer): void {
    const { client, refused, fault, name, nowSeconds } = answer
    this.queries++
    if (refused) this.refused++
    this.clients.add(client)
    this.#see(nowSeconds, nowSeconds)
    this.#addFault(fault)
    this.#addName(name)
  }

  /** Adds what was counted elsewhere. */
  merge(data: FailingDomain): void {
    this.queries += data.queries
    this.refused += data.refused
    const clients = DistinctClients.decode(data.clients)
    if (clients !== undefined) this.clients.merge(clients)
    this.#see(data.firstSeen, data.lastSeen)
    if (data.check !== undefined && data.check.at >= (this.check?.at ?? 0)) this.check = data.check
    for (const fault of data.faults) this.#addFault(fault)
    for (const name of data.names) this.#addName(name)
  }

  /** Counts under a fault; the rarest gives way to a new one. */
  #addFault(fault: Fault): void {
    const same = ({ zone, type, reason }: Counted<Fault>): boolean =>
      zone === fault.zone && type === fault.type && reason === fault.reason
    addTo(this.#faults, fault, same, REPORT_FAULTS_PER_DOMAIN_MAX)
  }

  /** Counts a question likewise. */
  #addName(name: FailingName): void {
    const same = (known: Counted<FailingName>): boolean =>
      known.name === name.name && known.type === name.type
    addTo(this.#names, name, same, REPORT_NAMES_PER_DOMAIN_MAX)
  }

  #see(from: number, to: number): void {
    this.firstSeen = Math.min(this.firstSeen, from)
    this.lastSeen = Math.max(this.lastSeen, to)
  }

  /** What was seen by a clock that was ahead, and was set since, was seen no later than now. */
  notAfter(nowSeconds: number): void {
    this.firstSeen = Math.min(this.firstSeen, nowSeconds)
    this.lastSeen = Math.min(this.lastSeen, nowSeconds)
    if (this.check !== undefined && this.check.at > nowSeconds) this.check = { ...this.check, at: nowSeconds }
  }

  /** What is most of it: a question that failed, and how. Undefined for a domain that never failed. */
  get usual(): { readonly fault: Fault; readonly name: FailingName } | undefined {
    const [fault] = [...this.#faults].sort(mostQueries)
    const [name] = [...this.#names].sort(mostQueries)
    return fault && name && { fault, name }
  }

  /** Zones with a broken link. */
  get zones(): string[] {
    return this.#faults.map(({ zone }) => zone)
  }

  data(): FailingDomain {
    const { domain, queries, refused, firstSeen, lastSeen } = this
    const faults = this.#faults.map((fault) => ({ ...fault })).sort(mostQueries)
    const names = this.#names.map((name) => ({ ...name })).sort(mostQueries)
    const clients = this.clients.encode()
    const data = { domain, queries, refused, clients, faults, names, firstSeen, lastSeen }
    return this.check === undefined ? data : { ...data, check: this.check }
  }
}

/** See the head of this file. */
export class FailingDomains {
  readonly #max: number
  readonly #domains = new Map<string, DomainTally>()
  /** Bogus answers of domains that had to go. */
  others = 0

  constructor(max: number = REPORT_DOMAINS_MAX) {
    this.#max = max
  }

  /** The one of this name. */
  find(domain: string): DomainTally | undefined {
    return this.#domains.get(domain)
  }

  /** All of them, in no order. */
  tallies(): Iterable<DomainTally> {
    return this.#domains.values()
  }

  /** The one of this name; a new one where there is none. */
  of(domain: string): DomainTally {
    const known = this.#domains.get(domain)
    if (known !== undefined) return known
    if (this.#domains.size >= this.#max) this.#makeRoom()
    const tally = new DomainTally(domain)
    this.#domains.set(domain, tally)
    return tally
  }

  merge(data: FailingDomain): void {
    this.of(data.domain).merge(data)
  }

  /** Leaves out what has not failed for long. */
  age(nowSeconds: number): void {
    for (const [domain, { lastSeen }] of this.#domains) {
      if (lastSeen < nowSeconds - REPORT_SECONDS_MAX) this.#domains.delete(domain)
    }
  }

  clear(): void {
    this.#domains.clear()
    this.others = 0
  }

  /** The one that most clients met first. */
  data(): FailingDomain[] {
    return [...this.#domains.values()].sort(heaviestFirst).map((tally) => tally.data())
  }

  #makeRoom(): void {
    const lightest = [...this.#domains.values()].sort(heaviestFirst).slice(Math.floor(this.#max * KEPT_SHARE))
    for (const { domain, queries } of lightest) {
      this.others += queries
      this.#domains.delete(domain)
    }
  }
}

function heaviestFirst(a: DomainTally, b: DomainTally): number {
  return b.clients.count - a.clients.count || b.queries - a.queries || b.lastSeen - a.lastSeen
}

function mostQueries(a: { readonly queries: number }, b: { readonly queries: number }): number {
  return b.queries - a.queries
}

/** Adds to the one that is the same; where there is none and no room, the rarest goes. */
function addTo<T extends { readonly queries: number }>(
  list: Counted<T>[],
  item: T,
  same: (known: Counted<T>) => boolean,
  max: number,
): void {
  const known = list.find(same)
  if (known !== undefined) {
    known.queries += item.queries
    return
  }
  if (list.length >= max) {
    const rarest = list.reduce((least, one) => (one.queries < least.queries ? one : least))
    list.splice(list.indexOf(rarest), 1)
  }
  list.push({ ...item })
}
