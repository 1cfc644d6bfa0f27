/** What a daemon has kept of trust anchors, for commands that run beside it: they read and change nothing. */

import { join, resolve } from 'node:path'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import { readBoundedFile } from '../../config/text-file.ts'
import type { TrustAnchors } from '../../dnssec/trust-anchors.ts'
import { openState, stateFileName } from '../state/state-file.ts'
import { ANCHOR_FORM, type KeptTrustPoints } from './form.ts'
import { AnchorKeeper, type FollowedZone } from './keeper.ts'

/** What is known of zones that are followed, in the light of the anchors that are configured now. */
export interface KeptAnchors {
  /** Of the file; undefined where there is none. */
  readonly path: string | undefined
  /** Why the file is of no use; undefined when it is. */
  readonly fault: string | undefined
  readonly zones: readonly FollowedZone[]
  /** In force in a daemon with this configuration. */
  readonly inForce: TrustAnchors
}

/** Reads it. Without a file, what follows from the configuration alone. */
export function readKeptAnchors(config: Config): KeptAnchors {
  const { settings, anchors: configured } = config
  if (!settings['dnssec.anchor-updates']) {
    return { path: undefined, fault: undefined, zones: [], inForce: configured }
  }
  const folder = settings['state.directory']
  const path = folder === '' ? undefined : join(resolve(pathFrom(config, folder)), stateFileName(ANCHOR_FORM))
  const octets = path === undefined ? undefined : readBoundedFile(path)
  const read = octets instanceof Uint8Array ? openState(octets, ANCHOR_FORM) : undefined
  const kept: KeptTrustPoints | undefined = read !== undefined && 'value' in read ? read.value : undefined
  const keeper = new AnchorKeeper({
    clock: { after: () => () => {} },
    wallSeconds: () => Math.floor(Date.now() / 1000),
    random: { below: () => 0 },
    configured,
    file: { load: () => kept, save: async () => false },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  })
  return {
    path: kept === undefined ? undefined : path,
    fault: read !== undefined && 'fault' in read ? read.fault : undefined,
    zones: kept === undefined ? [] : keeper.zones,
    inForce: keeper.anchors,
  }
}

/** The configuration with the anchors that a daemon goes by. */
export function withKeptAnchors(config: Config): Config {
  return { ...config, anchors: readKeptAnchors(config).inForce }
}
