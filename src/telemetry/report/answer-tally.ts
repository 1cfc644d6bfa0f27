/**
 * Counts the answers of one thread for the report. A secure or insecure answer costs a few counters in typed arrays; for
 * a bogus one more is done, within bounds. Counts are handed over every few seconds and begin anew.
 */
import { isInShare } from '../../base/keyed-hash.ts'
import { REPORT_NAMES_KNOWN_MAX } from '../../base/limits.ts'
import {
  ENTRY_KEY_AT,
  entryEdes,
  entryLink,
  entryQuestion,
  entryQuestionKey,
  entryRcode,
  entryReason,
  entryStatus,
} from '../../cache/answer-entry.ts'
import { type Reason, reasonFromNumber } from '../../dnssec/reasons.ts'
import { EDE } from '../../wire/iana/extended-error.ts'
import { RCODE } from '../../wire/iana/rcode.ts'
import { formatType, parseType, TYPE } from '../../wire/iana/rrtype.ts'
import { formatName } from '../../wire/name-text.ts'
import { ClientRegisters, DistinctClients, spreadHash } from './distinct-clients.ts'
import { FailingDomains } from './failing-domains.ts'
import { registeredDomain } from './registered-domain.ts'
import { type FailingName, type Fault, type ReportData, STAGES } from './report-data.ts'
import { TldTable } from './tld-table.ts'

const SECURE = 0
const INSECURE = 1
const BOGUS = 2
const INDETERMINATE = 3
const UNCHECKED = 4
const CELLS = 5

/** What became of an answer with bogus data. */
export type BogusOutcome = 'given' | 'refused' | 'unchecked'

/** A question that failed a moment ago, and what is counted for it. */
interface KnownName {
  readonly domain: string
  /** To see whether the entry still says the same. */
  readonly reason: number
  readonly fault: Fault
  readonly name: FailingName
}

/** See the head of this file. */
export class AnswerTally {
  readonly #nowSeconds: () => number
  readonly #cells = new Float64Array(CELLS)
  readonly #clients = new ClientRegisters()
  readonly #tlds = new TldTable()
  #noticing = STAGES.map(() => new DistinctClients())
  readonly #domains = new FailingDomains()
  /** By the octets of name and type. */
  readonly #known = new Map<string, KnownName>()
  #since: number

  /** @param nowSeconds since 1970 */
  constructor(nowSeconds: () => number) {
    this.#nowSeconds = nowSeconds
    this.#since = nowSeconds()
  }

  /**
   * An answer that an entry made.
   *
   * @param entry octets that hold it (`cache/answer-entry.ts`) at offset `at`
   * @param client keyed hash of the client's network, 32 bits
   * @param outcome counts where the entry is bogus
   */
  count(entry: Uint8Array, at: number, client: number, outcome: BogusOutcome): void {
    this.#clients.add(spreadHash(client))
    this.#judged(entry, at, client, outcome)
  }

  /** The verdict on an answer that was counted before there was one; not where nobody said whose it was. */
  countLate(entry: Uint8Array, at: number, client: number | undefined): void {
    if (client === undefined || entryStatus(entry, at) === 'indeterminate') return
    this.#cells[INDETERMINATE]!--
    this.#judged(entry, at, client, 'given')
  }

  /** What was counted, which begins anew; undefined when it is nothing. */
  take(): ReportData | undefined {
    const cells = this.#cells
    if (cells.every((count) => count === 0)) return undefined
    const clients = new DistinctClients()
    clients.addRegisters(this.#clients.octets)
    const data: ReportData = {
      since: this.#since,
      verdicts: {
        secure: cells[SECURE]!,
        insecure: cells[INSECURE]!,
        bogus: cells[BOGUS]!,
        indeterminate: cells[INDETERMINATE]!,
      },
      unchecked: cells[UNCHECKED]!,
      others: this.#domains.others,
      clients: clients.encode(),
      noticing: this.#noticing.map((stage) => stage.encode()),
      tlds: this.#tlds.take(),
      domains: this.#domains.data(),
    }
    this.#clear()
    return data
  }

  #clear(): void {
    this.#cells.fill(0)
    this.#clients.clear()
    this.#noticing = STAGES.map(() => new DistinctClients())
    this.#domains.clear()
    this.#known.clear()
    this.#since = this.#nowSeconds()
  }

  #judged(entry: Uint8Array, at: number, client: number, outcome: BogusOutcome): void {
    const status = entryStatus(entry, at)
    if (status === 'bogus') {
      this.#cells[BOGUS]!++
      if (outcome === 'unchecked') this.#cells[UNCHECKED]!++
      else this.#failing(entry, at, client, outcome === 'refused')
      return
    }
    this.#cells[status === 'secure' ? SECURE : status === 'insecure' ? INSECURE : INDETERMINATE]!++
    if (status !== 'indeterminate' && entryRcode(entry, at) === RCODE.NOERROR)
      this.#tlds.count(entry, at + ENTRY_KEY_AT, status === 'secure')
  }

  #failing(entry: Uint8Array, at: number, client: number, refused: boolean): void {
    const { domain, fault, name } = this.#knownName(entry, at)
    this.#domains.of(domain).add({ client, refused, fault, name, nowSeconds: this.#nowSeconds() })
    for (let stage = 0; stage < STAGES.length; stage++) {
      if (isInShare(client, STAGES[stage]!)) this.#noticing[stage]!.add(client)
    }
  }

  #knownName(entry: Uint8Array, at: number): KnownName {
    const reason = entryReason(entry, at)
    const key = entryQuestionKey(entry, at)
    const known = this.#known.get(key)
    if (known !== undefined && known.reason === reason) return known
    const { name, type } = entryQuestion(entry, at)
    const link = entryLink(entry, at)
    const zone = link?.zone ?? registeredDomain(name)
    const [ede] = entryEdes(entry, at)
    const slug: Reason = reasonFromNumber(reason) ?? 'not-judged'
    const made: KnownName = {
      domain: formatName(registeredDomain(zone)),
      reason,
      fault: {
        zone: formatName(zone),
        type: formatType(failedType(link?.type ?? type, ede?.text ?? '')),
        reason: slug,
        ede: ede?.code ?? EDE.DNSSEC_BOGUS,
        text: ede?.text ?? '',
        queries: 1,
      },
      name: { name: formatName(name), type: formatType(type), queries: 1 },
    }
    if (this.#known.size >= REPORT_NAMES_KNOWN_MAX) this.#known.clear()
    this.#known.set(key, made)
    return made
  }
}

/** Behind a name, and before what is said of it. */
const NAMED_TYPE = /^(?:no RRSIG over )?\S+ ([A-Z0-9-]+)[:,]/

/**
 * The type of the set that does not validate: of a denial it is its SOA, NSEC or NSEC3, which the text names, whatever was
 * asked for.
 */
function failedType(type: number, text: string): number {
  if (type === TYPE.DS || type === TYPE.DNSKEY) return type
  return parseType(NAMED_TYPE.exec(text)?.[1] ?? '') ?? type
}
