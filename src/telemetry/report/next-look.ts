/** Which failing domain is to be looked at again next. */
import { BOGUS_TTL_SECONDS, SECOND_LOOK_AGAIN_SECONDS, SECOND_LOOK_QUIET_SECONDS } from '../../base/limits.ts'
import { nameFrom } from '../../wire/name-text.ts'
import type { DomainTally } from './failing-domains.ts'
import { knownTest } from './known-tests.ts'

/** Clients may get what was kept of a domain that was mended for so long. */
const SETTLED_SECONDS = 5 * BOGUS_TTL_SECONDS

/** One that nobody has looked at before all others, of these the one that most clients met; then who is due for longest. */
export function nextToLookAt(tallies: Iterable<DomainTally>, nowSeconds: number): DomainTally | undefined {
  let next: DomainTally | undefined
  for (const tally of tallies) {
    if (dueSeconds(tally) > nowSeconds || tally.lastSeen < nowSeconds - SECOND_LOOK_QUIET_SECONDS) continue
    if ((next === undefined || comesBefore(tally, next)) && !isTest(tally)) next = tally
  }
  return next
}

/** When it may be looked at: at once if nobody has, again while it fails, and when it fails after it was found in order. */
function dueSeconds({ check, lastSeen }: DomainTally): number {
  if (check === undefined) return 0
  if (check.verdict === 'bogus') return check.at + SECOND_LOOK_AGAIN_SECONDS
  const settled = check.at + SETTLED_SECONDS
  return lastSeen > settled ? settled : Number.POSITIVE_INFINITY
}

function comesBefore(one: DomainTally, other: DomainTally): boolean {
  if (one.check === undefined || other.check === undefined)
    return one.check === other.check ? one.clients.count > other.clients.count : one.check === undefined
  return dueSeconds(one) < dueSeconds(other)
}

/** Somebody broke it on purpose. */
function isTest({ zones }: DomainTally): boolean {
  return zones.every((zone) => knownTest(nameFrom(zone)) !== undefined)
}
