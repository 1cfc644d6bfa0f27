/** The keeper of the copy of the root zone as a configuration wants it. */
import type { Clock } from '../../base/clock.ts'
import { ROOT_COPY_OCTETS_MAX } from '../../base/limits.ts'
import { systemRandom } from '../../base/random.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import type { Log } from '../../telemetry/log.ts'
import { ROOT } from '../../wire/name.ts'
import { hostLookup } from '../anchors/host-lookup.ts'
import type { Platform } from '../engine.ts'
import { type Machine, wallSeconds } from '../machine.ts'
import type { Serving } from '../serving.ts'
import type { DaemonState } from '../state/daemon-state.ts'
import { StateFile } from '../state/state-file.ts'
import { COPY_FORM } from './form.ts'
import { RootCopyKeeper } from './keeper.ts'
import type { PrepareTerms } from './prepare.ts'
import { prepareAside } from './prepare-aside.ts'
import { rootSource } from './sources.ts'

/** What it needs of the running daemon. */
export interface RootCopySurroundings {
  readonly config: Config
  readonly clock: Clock
  readonly platform: Platform
  readonly machine: Pick<Machine, 'unixMs'>
  readonly serving: Pick<Serving, 'policy' | 'counters' | 'fetchRecords' | 'setRootCopy'>
  readonly state: Pick<DaemonState, 'folder'>
  readonly log: Log
}

/** Undefined where the operator wants none. */
export function openRootCopy(surroundings: RootCopySurroundings): RootCopyKeeper | undefined {
  const { config, clock, machine, serving, log } = surroundings
  const { folder } = surroundings.state
  const { settings } = config
  const wanted = settings['resolution.root-copy.sources']
  if (wanted.length === 0) return undefined
  const random = systemRandom()
  const parts = {
    wallSeconds: () => wallSeconds(machine),
    random,
    lookup: hostLookup((name, type) => serving.fetchRecords(name, type)),
    pathFrom: (path: string) => pathFrom(config, path),
    sourceAddresses: settings['resolution.source-addresses'],
  }
  return new RootCopyKeeper({
    clock,
    wallSeconds: parts.wallSeconds,
    random,
    sources: wanted.map((source) => rootSource(source, parts)),
    prepare: (raw, signal) => prepareAside(raw, terms(surroundings), signal),
    use: (copy) => serving.setRootCopy(copy),
    folder: {
      path: folder.path,
      read: (name) => folder.read(name, ROOT_COPY_OCTETS_MAX),
      write: (name, contents) => folder.write(name, contents),
    },
    file: new StateFile(folder, COPY_FORM),
    counters: serving.counters[0]!,
    log,
  })
}

function terms({ clock, platform, serving: { policy } }: RootCopySurroundings): PrepareTerms {
  const without = (all: ReadonlySet<number>, disabled: ReadonlySet<number>): Set<number> =>
    new Set([...all].filter((number) => !disabled.has(number)))
  return {
    anchors: policy.anchors.of(ROOT),
    nowSeconds: clock.unixSeconds(),
    skewSecondsMin: policy.skewSecondsMin,
    skewSecondsMax: policy.skewSecondsMax,
    algorithms: without(platform.algorithms, policy.disabledAlgorithms),
    digests: without(platform.digests, policy.disabledDigests),
  }
}
