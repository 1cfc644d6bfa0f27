/**
 * Whether a zone validates now, whatever the caches know and whatever excuses it: asked by an engine of its own, which
 * is small and lives no longer than the question.
 */
import { randomBytes } from 'node:crypto'
import { LONE_TABLE_ENTRIES_MAX, QUERY_TIME_MS_MAX } from '../../base/limits.ts'
import { entryReason, entryStatus } from '../../cache/answer-entry.ts'
import type { Config } from '../../config/load.ts'
import { REASONS } from '../../dnssec/reasons.ts'
import type { NegativeTrustAnchor, ValidationPolicy } from '../../policy/validation-policy.ts'
import { Counters } from '../../telemetry/counters.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { type Name, namesEqual } from '../../wire/name.ts'
import { formatName, nameFrom } from '../../wire/name-text.ts'
import { createLoneEngine, type Platform } from '../engine.ts'
import type { Machine } from '../machine.ts'
import { ownAddresses } from '../own-addresses.ts'

/** What a zone is asked with. */
export interface ZoneCheckParts {
  /** As it is in force. */
  readonly config: Config
  readonly platform: Platform
  readonly machine: Machine
  readonly policy: Pick<ValidationPolicy, 'anchors' | 'negativeTrustAnchors'>
  readonly onFault: (fault: unknown) => void
  /** See `Context.betweenSteps`. */
  readonly betweenSteps: () => void
}

/** Reasons for which nothing was judged. */
const EXCEPTED: ReadonlySet<number> = new Set(
  (['negative-trust-anchor', 'insecure-zone'] as const).map((reason) => REASONS[reason].number),
)
/** Octets of a label that no zone has. */
const UNUSED_LABEL_OCTETS = 8
const CACHE_MIB = 1

/**
 * Asks for what every zone has and for a name that it has not. All of it has to be secure, or insecure by proof: what
 * another exception covers proves nothing.
 */
export async function zoneValidates(parts: ZoneCheckParts, zone: Name): Promise<boolean> {
  const { config, platform, machine, policy, onFault, betweenSteps } = parts
  const others = policy.negativeTrustAnchors.filter(({ name }) => !namesEqual(name, zone))
  const listen = config.settings['server.listen']
  const engine = createLoneEngine(judgingConfig(config, policy.anchors, others), {
    platform,
    machine,
    counters: new Counters(),
    ownAddresses: ownAddresses(listen),
    tableEntriesMax: LONE_TABLE_ENTRIES_MAX,
    onFault,
    betweenSteps,
  })
  try {
    for (const [name, type] of [
      [zone, TYPE.SOA],
      [zone, TYPE.NS],
      [unusedName(zone), TYPE.A],
    ] as const) {
      const { entry } = await engine.resolver.resolve({ name, type, checkingDisabled: false })
      const status = entryStatus(entry, 0)
      if (status !== 'secure' && status !== 'insecure') return false
      if (EXCEPTED.has(entryReason(entry, 0))) return false
    }
    return true
  } finally {
    engine.close()
  }
}

/** Longest that the answer takes. */
export const ZONE_CHECK_MS_MAX: number = 3 * QUERY_TIME_MS_MAX

/** A configuration that judges everything but what these exceptions cover, remembers little and tells nobody. */
export function judgingConfig(
  config: Config,
  anchors: Config['anchors'],
  others: readonly NegativeTrustAnchor[],
): Config {
  return {
    ...config,
    anchors,
    settings: {
      ...config.settings,
      'dnssec.mode': 'enforce',
      'dnssec.rollout.percent': 100,
      'dnssec.rollout.never': [],
      'dnssec.rollout.never-listeners': [],
      'dnssec.negative-trust-anchors': others,
      'dnssec.error-reporting': false,
      'cache.prefetch': false,
      'cache.answers-mib': CACHE_MIB,
      'cache.rrsets-mib': CACHE_MIB,
      'cache.memory-at-start': false,
      'serve-stale.enabled': false,
    },
  }
}

function unusedName(zone: Name): Name {
  const label = randomBytes(UNUSED_LABEL_OCTETS).toString('hex')
  const text = formatName(zone)
  return nameFrom(text === '.' ? `${label}.` : `${label}.${text}`)
}
