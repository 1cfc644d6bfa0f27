/** The snapshot as a configuration wants it. */
import type { Clock } from '../../base/clock.ts'
import type { OctetTableReader } from '../../cache/octet-table-reader.ts'
import { SECTION } from '../../cache/snapshot.ts'
import { type SnapshotSource, tableSource } from '../../cache/snapshot-source.ts'
import type { Config } from '../../config/load.ts'
import { pathFrom } from '../../config/path-from.ts'
import type { Settings } from '../../config/settings.ts'
import type { ValidationPolicy } from '../../policy/validation-policy.ts'
import type { Counters } from '../../telemetry/counters.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Platform } from '../engine.ts'
import { judgementDigest, sourcesDigest, unsettledDigest } from './digest.ts'
import type { SnapshotCounts } from './file.ts'
import { SnapshotKeeper } from './keeper.ts'
import type { Restoring } from './load.ts'

/** What the configuration does not say. */
export interface SnapshotParts {
  readonly config: Config
  /** As they are now, where some may change meanwhile; those of `config` when left out. */
  readonly settingsNow?: () => Settings
  readonly policy: ValidationPolicy
  /** False while threads judge by different rules; always true when left out. */
  readonly isSettled?: () => boolean
  readonly platform: Platform
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Log
  /** Readers of all parts of both caches. */
  readonly readers: {
    readonly answers: readonly OctetTableReader[]
    readonly rrsets: readonly OctetTableReader[]
  }
  /** Brings what is in the file into the caches. */
  readonly restore: (restoring: Restoring) => Promise<SnapshotCounts | undefined>
}

/** What keeps the snapshot; undefined where none is wanted. */
export function snapshotKeeper(parts: SnapshotParts): SnapshotKeeper | undefined {
  const { config, policy, isSettled, platform, clock, counters, log, readers, restore } = parts
  const { settings } = config
  const settingsNow = parts.settingsNow ?? (() => settings)
  const file = settings['cache.snapshot']
  if (file === '') return undefined
  const staleMs = settings['serve-stale.enabled'] ? settings['serve-stale.max-seconds'] * 1_000 : 0
  const nowMs = (): number => clock.nowMs()
  const staleFromMs = (): number => clock.nowMs() - staleMs
  const sources: readonly SnapshotSource[] = [
    ...readers.answers.map((reader) => tableSource(SECTION.ANSWERS, reader, staleFromMs)),
    ...readers.rrsets.map((reader) => tableSource(SECTION.RRSETS, reader, nowMs)),
  ]
  return new SnapshotKeeper({
    path: pathFrom(config, file),
    clock,
    unixMs: () => Date.now(),
    policy,
    judgementDigest: () =>
      isSettled?.() === false ? unsettledDigest() : judgementDigest(settingsNow(), policy, platform),
    sourcesDigest: sourcesDigest(config),
    staleMs,
    sources: () => sources,
    restore,
    log,
    onWritten: (outcome) => counters.snapshotWrite(outcome),
  })
}
