/** Checks in a lab Internet under a virtual clock. One world serves many checks. */

import { seededRandom } from '../../src/base/random.ts'
import { collect } from '../../src/check/collect.ts'
import type { Finding } from '../../src/check/finding.ts'
import { judge } from '../../src/check/judge.ts'
import type { Observations } from '../../src/check/observations.ts'
import type { Verifiable } from '../../src/check/zone-view.ts'
import { selfTest } from '../../src/dnssec/algorithms.ts'
import { selfTestDigests } from '../../src/dnssec/digests.ts'
import type { LabZone } from '../../src/lab/lab-zone.ts'
import { hintsOf } from '../../src/lab/root-hints.ts'
import { nameFrom } from '../../src/wire/name-text.ts'
import { ENGINE_SETTINGS } from '../support/engine.ts'
import { makeWorld, type World, type WorldOptions } from '../support/world.ts'

/** What the machine of the tests can verify. */
export const VERIFIABLE: Verifiable = {
  algorithms: selfTest(),
  digests: selfTestDigests(),
  nsec3IterationsMax: ENGINE_SETTINGS.limits.nsec3Iterations,
}

/** A world that is checked. */
export interface CheckWorld {
  readonly world: World
  observe(domain: string): Promise<Observations>
  check(domain: string): Promise<Finding[]>
}

/** Virtual time of one check at most: its own bound, and the resolver's beside it. */
const PATIENCE_MS = 120_000

/** Makes a world with these zones below `test.`. */
export function makeCheckWorld(zones: readonly LabZone[], options: WorldOptions = {}): CheckWorld {
  const world = makeWorld(zones, options)
  const settings = { ...ENGINE_SETTINGS, rootHints: hintsOf(world.internet.rootHints) }
  const observe = async (domain: string): Promise<Observations> => {
    const { clock, network: upstream, policy, resolver } = world
    let seen: Observations | undefined
    let fault: unknown
    const parts = { upstream, clock, policy, resolver, settings, random: seededRandom(1) }
    collect(nameFrom(domain), parts).then(
      (observations) => {
        seen = observations
      },
      (error) => {
        fault = error
      },
    )
    await clock.runUntil(() => seen !== undefined || fault !== undefined, PATIENCE_MS)
    if (fault !== undefined) throw fault
    if (world.faults.length > 0) throw world.faults[0]
    if (seen === undefined) throw new Error(`${domain}: the check does not end`)
    return seen
  }
  return { world, observe, check: async (domain) => judge(await observe(domain), VERIFIABLE) }
}
