/** What a daemon begins with of what earlier ones left. */
import type { Clock } from '../../base/clock.ts'
import type { HashKey } from '../../base/keyed-hash.ts'
import { systemRandom } from '../../base/random.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import type { Settings } from '../../config/settings.ts'
import type { Log } from '../../telemetry/log.ts'
import { CookieKeeper } from '../cookies/keeper.ts'
import { type Machine, wallSeconds } from '../machine.ts'
import { type KeptChanges, loadChanges } from '../operator/kept-changes.ts'
import { withChanges } from '../operator/operator-changes.ts'
import { Journal } from './journal.ts'
import { rolloutKey } from './rollout-key.ts'
import { StateFolder } from './state-folder.ts'

/** See the head of this file. */
export interface DaemonState {
  readonly folder: StateFolder
  readonly journal: Journal
  readonly kept: KeptChanges
  readonly rolloutKey: HashKey
  readonly cookies: CookieKeeper
  /** The settings of the file with what operators changed. */
  readonly settings: Settings
}

/** Reads it. @throws ConfigError when a secret that the operator gives cannot be used; what is kept never fails */
export async function openState(
  config: Config,
  clock: Clock,
  machine: Pick<Machine, 'unixMs'>,
  log: Log,
): Promise<DaemonState> {
  const directory = config.settings['state.directory']
  const folder = await StateFolder.open({
    path: directory === '' ? '' : pathFrom(config, directory),
    isWanted: config.given.has('state.directory'),
    log,
    clock,
  })
  const journal = await Journal.open(folder, log, () => machine.unixMs())
  const kept = loadChanges(folder, config.settings, clock.unixSeconds(), log)
  const settings = withChanges(config.settings, kept.changes)
  const random = systemRandom()
  const unixSeconds = (): number => wallSeconds(machine)
  const cookies = new CookieKeeper({ config, folder, random, clock, unixSeconds, log })
  return { folder, journal, kept, settings, cookies, rolloutKey: await rolloutKey(folder, random) }
}
