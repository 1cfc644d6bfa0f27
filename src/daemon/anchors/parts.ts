/** The keeper of trust anchors as a configuration wants it. */
import type { Clock } from '../../base/clock.ts'
import { KEY_HANDLES_MAX } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import type { Config } from '../../config/load.ts'
import { anchorsInForce } from '../../dnssec/anchor-xml.ts'
import { ProofBudget } from '../../dnssec/budget.ts'
import { keyTagSignal } from '../../dnssec/key-tag-signal.ts'
import { type KeyImport, KeyTable } from '../../dnssec/keys.ts'
import { policyParameters, type ValidationParameters } from '../../dnssec/parameters.ts'
import type { TrustAnchor } from '../../dnssec/trust-anchors.ts'
import { keysNamedBy, newTrustPoint, withConfigured } from '../../dnssec/trust-point.ts'
import type { Log } from '../../telemetry/log.ts'
import { TYPE } from '../../wire/iana/rrtype.ts'
import { isRoot, type Name, namesEqual, ROOT } from '../../wire/name.ts'
import type { Platform } from '../engine.ts'
import { type Machine, wallSeconds } from '../machine.ts'
import type { Serving } from '../serving.ts'
import { StateFile } from '../state/state-file.ts'
import type { StateFolder } from '../state/state-folder.ts'
import { ANCHOR_FORM } from './form.ts'
import { hostLookup } from './host-lookup.ts'
import { type AnchorDuties, AnchorKeeper } from './keeper.ts'
import { fetchPublished, packagedKeys } from './publication.ts'

/** Reads what was kept. The anchors that are in force are known from then on. */
export function openAnchors(
  config: Config,
  clock: Clock,
  machine: Pick<Machine, 'unixMs'>,
  state: StateFolder,
  log: Log,
): AnchorKeeper {
  return new AnchorKeeper({
    clock,
    wallSeconds: () => wallSeconds(machine),
    random: systemRandom(),
    configured: config.anchors,
    file: new StateFile(state, ANCHOR_FORM),
    log,
  })
}

/** What following needs of the running daemon. */
export interface AnchorSurroundings {
  readonly config: Pick<Config, 'settings' | 'anchors'>
  readonly clock: Clock
  readonly platform: Platform
  readonly serving: Pick<Serving, 'policy' | 'fetchRecords' | 'changePolicy'>
  readonly log: Pick<Log, 'warn'>
  /** How public keys are read; as in production when left out. */
  readonly importKey?: KeyImport
}

/** What the keeper does by way of the daemon. */
export function anchorDuties(surroundings: AnchorSurroundings): AnchorDuties {
  const { config, serving, importKey } = surroundings
  const keys = new KeyTable(KEY_HANDLES_MAX, importKey)
  return {
    fetchKeys: async (zone) => {
      const sets = await serving.fetchRecords(zone, TYPE.DNSKEY)
      if (typeof sets === 'string') return sets
      const set = sets.find(({ owner, type }) => type === TYPE.DNSKEY && namesEqual(owner, zone))
      return set ?? 'another name was given instead of the keys'
    },
    parameters: () => parameters(surroundings, keys),
    enforce: (anchors) => serving.changePolicy({ kind: 'anchors', anchors }),
    signal: (zone, anchors) => {
      if (!config.settings['dnssec.key-tag-signal'] || serving.policy.mode === 'off') return
      const name = keyTagSignal(zone, anchors)
      if (name !== undefined) void serving.fetchRecords(name, TYPE.NULL)
    },
    publication: (zone) => publishedAnchors(surroundings, zone),
  }
}

function parameters(
  { config, clock, platform, serving: { policy } }: AnchorSurroundings,
  keys: KeyTable,
): ValidationParameters {
  return {
    nowSeconds: clock.unixSeconds(),
    ...policyParameters(policy, platform),
    nsec3IterationsMax: config.settings['dnssec.nsec3-iterations-max'],
    keys,
    budget: new ProofBudget(),
  }
}

/** What IANA publishes for the root, if it is IANA's root that is followed here. */
async function publishedAnchors(
  { config, clock, serving, log }: AnchorSurroundings,
  zone: Name,
): Promise<readonly TrustAnchor[]> {
  const { settings } = config
  const base = settings['dnssec.anchor-bootstrap']
  // At a time that is made up no certificate is valid.
  if (base === undefined || !isRoot(zone) || settings['dnssec.clock'] !== undefined) return []
  if (!isPublicRoot(config)) return []
  const nowSeconds = clock.unixSeconds()
  const lookup = hostLookup((name, type) => serving.fetchRecords(name, type))
  const published = await fetchPublished(new URL(base), nowSeconds, { lookup })
  if ('keys' in published) return anchorsInForce(published.keys, nowSeconds)
  const fault = 'refused' in published ? `not believed: ${published.refused}` : published.unreachable
  log.warn({ from: base, fault }, 'the root anchors of IANA could not be had')
  return []
}

/** A root of one's own has keys that IANA never published. */
function isPublicRoot({ anchors }: Pick<Config, 'anchors'>): boolean {
  const known = packagedKeys().map(({ zone, ds }) => ({ zone, ds }))
  const point = withConfigured(newTrustPoint(ROOT), anchors.of(ROOT), 0)
  return keysNamedBy(point, known).length > 0
}
