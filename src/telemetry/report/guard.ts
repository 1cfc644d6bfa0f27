/** Watches how much is bogus: a jump raises one alert that says what it has in common, whose fault it is, what to run. */
import { counted } from '../../base/counted.ts'
import {
  GUARD_BOGUS_MIN,
  GUARD_CLIENTS_MIN,
  GUARD_CONFIRM_SECONDS,
  GUARD_QUIET_SECONDS,
  GUARD_WINDOW_SECONDS,
} from '../../base/limits.ts'
import { REASONS } from '../../dnssec/reasons.ts'
import { nameFrom } from '../../wire/name-text.ts'
import { exceptionCommand } from './advice.ts'
import { type Diagnosis, diagnose } from './diagnosis.ts'
import { DistinctClients } from './distinct-clients.ts'
import { knownTest } from './known-tests.ts'
import type { Fault, ReportData } from './report-data.ts'

/** What an operator is told, once. */
export interface Alert extends Diagnosis {
  /** When the jump began, seconds since 1970. */
  readonly since: number
  /** Of the answers in the last minute, from 0 to 1. */
  readonly share: number
  readonly queries: number
  /** Distinct clients. */
  readonly clients: number
  readonly text: string
  /** What to run. */
  readonly command: string
}

interface Sample {
  readonly atMs: number
  readonly judged: number
  readonly faults: readonly Fault[]
  readonly clients: readonly DistinctClients[]
}

/** Below this share nothing is a jump; a usual day has a few bogus answers in a thousand. */
const SHARE_MIN = 0.02
/** A jump is so many times what is usual. */
const JUMP = 5
/** How much a sample moves what is usual: some ten minutes until it is forgotten. */
const BASELINE_WEIGHT = 0.01

const WINDOW_MS = 1_000 * GUARD_WINDOW_SECONDS
const CONFIRM_MS = 1_000 * GUARD_CONFIRM_SECONDS
const QUIET_MS = 1_000 * GUARD_QUIET_SECONDS

/** A jump that goes on: when it began, by either clock. */
interface Jump {
  readonly sinceMs: number
  readonly since: number
}

/** See the head of this file. */
export class Guard {
  #samples: Sample[] = []
  #usualShare = 0
  #jump: Jump | undefined
  #lastJumpMs = Number.NEGATIVE_INFINITY
  #standing: Alert | undefined

  /** The alert that was raised and is not over. */
  get standing(): Alert | undefined {
    return this.#standing
  }

  /**
   * What was counted in the last seconds.
   *
   * @param nowMs of the monotonic clock: it is the wall clock that an alert may ask to be set
   * @param unixSeconds for people
   * @returns an alert when one is to be raised
   */
  note(data: ReportData, nowMs: number, unixSeconds: number): Alert | undefined {
    const domains = data.domains.filter(({ faults }) => faults.some(isNoTest))
    this.#samples.push({
      atMs: nowMs,
      judged: data.verdicts.secure + data.verdicts.insecure + data.verdicts.bogus,
      faults: domains.flatMap(({ faults }) => faults.filter(isNoTest)),
      clients: domains.map(({ clients }) => DistinctClients.decode(clients) ?? new DistinctClients()),
    })
    this.#samples = this.#samples.filter(({ atMs }) => atMs > nowMs - WINDOW_MS)
    const judged = this.#samples.reduce((sum, sample) => sum + sample.judged, 0)
    const faults = this.#samples.flatMap((sample) => sample.faults)
    const queries = faults.reduce((sum, fault) => sum + fault.queries, 0)
    const share = judged === 0 ? 0 : queries / judged
    const all = new DistinctClients()
    for (const { clients } of this.#samples) for (const some of clients) all.merge(some)
    const heavy = queries >= GUARD_BOGUS_MIN && all.count >= GUARD_CLIENTS_MIN
    if (!heavy || share < Math.max(SHARE_MIN, JUMP * this.#usualShare)) {
      this.#calm(share, nowMs)
      return undefined
    }
    this.#jump ??= { sinceMs: nowMs, since: unixSeconds }
    this.#lastJumpMs = nowMs
    const { since, sinceMs } = this.#jump
    if (this.#standing !== undefined || nowMs - sinceMs < CONFIRM_MS) return undefined
    const found = { ...diagnose(faults), since, share, queries, clients: all.count }
    this.#standing = { ...found, ...advise(found) }
    return this.#standing
  }

  #calm(share: number, nowMs: number): void {
    // What made an alert is not usual, however long it lasts.
    if (this.#standing === undefined) {
      this.#usualShare += BASELINE_WEIGHT * (share - this.#usualShare)
      this.#jump = undefined
    } else if (nowMs - this.#lastJumpMs >= QUIET_MS) {
      this.#standing = undefined
      this.#jump = undefined
    }
  }
}

function isNoTest({ zone }: Fault): boolean {
  return knownTest(nameFrom(zone)) === undefined
}

function advise(found: Omit<Alert, 'text' | 'command'>): Pick<Alert, 'text' | 'command'> {
  const { cause, ancestor, reason, share, clients } = found
  const seen = `${(100 * share).toFixed(1)} % of answers to ${counted(clients, 'client')} are bogus: ${REASONS[reason].text}`
  const back = 'sigill control rollout observe'
  if (cause === 'clock') {
    const way = reason === 'signature-expired' ? 'ahead' : 'behind'
    const text = `${seen}, in many zones at once. The clock of this machine is probably ${way}: set it; until then, let customers through.`
    return { text, command: back }
  }
  if (cause === 'anchor') {
    const text = `${seen}, at the root itself. Do the trust anchors still fit? See \`sigill anchor status\`; until then, let customers through.`
    return { text, command: back }
  }
  if (cause === 'path') {
    const text = `${seen}, in zones that have nothing in common. Something on the way alters or strips answers, or the fault is here; until it is found, let customers through.`
    return { text, command: back }
  }
  const what = {
    'top-level': `nearly all below ${ancestor}: its registry has to mend it, and other resolvers that validate fail as well`,
    zones: `in many zones below ${ancestor}: perhaps one operator signs them all`,
    zone: `nearly all below ${ancestor}: who keeps it has to mend it`,
  }[cause]
  return { text: `${seen}, ${what}.`, command: exceptionCommand(ancestor, `outage of ${ancestor}`) }
}
