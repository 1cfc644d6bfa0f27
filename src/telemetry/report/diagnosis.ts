/** What lies behind many bogus answers at once: the name that they have in common, and whose fault it is. */
import type { Reason } from '../../dnssec/reasons.ts'
import { labelsOf } from '../../wire/name.ts'
import { nameFrom } from '../../wire/name-text.ts'
import type { Fault } from './report-data.ts'

/**
 * - `clock`: the clock of this machine is wrong
 * - `anchor`: the trust anchors do not fit the root any more
 * - `path`: something between this resolver and all servers, or the resolver itself
 * - `top-level`: a top-level domain is broken
 * - `zones`: many zones below one name, as when who signs them all makes a mistake
 * - `zone`: one zone
 */
export type Cause = 'clock' | 'anchor' | 'path' | 'top-level' | 'zones' | 'zone'

/** See the head of this file. */
export interface Diagnosis {
  readonly cause: Cause
  /** The deepest name that nearly all have in common. */
  readonly ancestor: string
  /** Why most of them failed. */
  readonly reason: Reason
}

/** A name holds nearly all when it holds so much. */
const MOST = 0.8
/** Zones that fail at once by their times: fewer are as likely to be the zones' own fault. */
const ZONES_BY_CLOCK_MIN = 5

const BY_TIME: ReadonlySet<string> = new Set<Reason>(['signature-expired', 'signature-not-yet-valid'])

/** Makes one of the faults of a short time; there is at least one. */
export function diagnose(faults: readonly Fault[]): Diagnosis {
  const total = sum(faults)
  const byTime = sum(faults.filter(({ reason }) => BY_TIME.has(reason))) >= MOST * total
  const byZone = totals(faults, ({ zone }) => zone)
  const reason = heaviest(totals(faults, (fault) => fault.reason))[0] as Reason
  const atRoot = byZone.get('.') ?? 0
  // No zone alone explains it: what they share is the clock that they are judged by.
  const spread = byZone.size >= ZONES_BY_CLOCK_MIN && heaviest(byZone)[1] < MOST * total
  if (byTime && (spread || atRoot >= MOST * total)) return { cause: 'clock', ancestor: '.', reason }
  if (atRoot >= MOST * total) return { cause: 'anchor', ancestor: '.', reason }
  const ancestor = commonAncestor(faults, total)
  if (ancestor === '.') return { cause: 'path', ancestor, reason }
  const own = (byZone.get(ancestor) ?? 0) >= MOST * total
  const cause = own ? (labelsOf(nameFrom(ancestor)).length === 1 ? 'top-level' : 'zone') : 'zones'
  return { cause, ancestor, reason }
}

/** Goes down from the root as long as one name below holds nearly all. */
function commonAncestor(faults: readonly Fault[], total: number): string {
  const zones = faults.map((fault) => ({
    fault,
    labels: fault.zone === '.' ? [] : fault.zone.split('.').slice(0, -1),
  }))
  let ancestor = '.'
  for (let depth = 1; ; depth++) {
    const below = zones.filter(({ labels }) => labels.length >= depth)
    if (below.length === 0) return ancestor
    const names = totals(
      below.map(({ fault, labels }) => ({ ...fault, zone: `${labels.slice(-depth).join('.')}.` })),
      ({ zone }) => zone,
    )
    const [name, count] = heaviest(names)
    if (count < MOST * total) return ancestor
    ancestor = name
  }
}

function totals(faults: readonly Fault[], key: (fault: Fault) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const fault of faults) counts.set(key(fault), (counts.get(key(fault)) ?? 0) + fault.queries)
  return counts
}

function heaviest(counts: ReadonlyMap<string, number>): [string, number] {
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))
}

function sum(faults: readonly Fault[]): number {
  return faults.reduce((total, { queries }) => total + queries, 0)
}
