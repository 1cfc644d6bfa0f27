/** A second look at a failing domain by this machine's own means: an engine that lives no longer than the look. */
import { LONE_TABLE_ENTRIES_MAX } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import { blame } from '../../check/blame.ts'
import { type Suspect, secondLook } from '../../check/second-look.ts'
import { Resolver } from '../../resolver/engine.ts'
import { Counters } from '../../telemetry/counters.ts'
import type { DomainCheck } from '../../telemetry/report/report-data.ts'
import type { Name } from '../../wire/name.ts'
import { createLoneEngine } from '../engine.ts'
import { judgingConfig, type ZoneCheckParts } from '../operator/zone-check.ts'
import { ownAddresses } from '../own-addresses.ts'
import { resolverSettings } from '../parts.ts'

/** How a look is taken. */
export interface LookTerms {
  /** Zones to hold it against, the root aside. */
  readonly wellKnown: readonly Name[]
  /** Now, seconds since 1970 by the machine's own clock. */
  readonly atSeconds: number
  readonly signal: AbortSignal
}

/**
 * Looks, and says what it comes to. Exceptions count for nothing.
 *
 * @param signal ends it: what it says then is worth nothing
 */
export async function takeLook(
  { config: given, platform, machine, policy, onFault, betweenSteps }: ZoneCheckParts,
  suspect: Suspect,
  { wellKnown, atSeconds, signal }: LookTerms,
): Promise<DomainCheck> {
  const config = judgingConfig(given, policy.anchors, [])
  const { settings, rootHints } = config
  const own = ownAddresses(settings['server.listen'])
  const counters = new Counters()
  const common = { platform, counters, onFault, betweenSteps, tableEntriesMax: LONE_TABLE_ENTRIES_MAX }
  const engine = createLoneEngine(config, { ...common, machine, ownAddresses: own })
  const close = (): void => engine.close()
  signal.addEventListener('abort', close)
  try {
    const { clock, rrsets, answers, upstream } = engine
    // To put an engine together takes milliseconds.
    await clock.yieldTurn()
    const look = await secondLook(suspect, {
      clock,
      upstream,
      settings: resolverSettings(settings, rootHints, own),
      skewSecondsMax: engine.policy.skewSecondsMax,
      wellKnown,
      rrsets,
      resolver: (alone, way) =>
        new Resolver({
          ...common,
          clock,
          random: systemRandom(),
          upstream: way,
          policy: engine.policy,
          settings: alone,
          rrsets,
          answers,
        }),
    })
    const { verdict, trials, contact } = look
    return { at: atSeconds, verdict: verdict.status, ...blame(look), trials, contact }
  } finally {
    // The signal lives as long as the daemon, and what listens to it as well.
    signal.removeEventListener('abort', close)
    close()
  }
}
