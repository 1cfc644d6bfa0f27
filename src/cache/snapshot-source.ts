/** What a snapshot is written from: a table, gone through a slice at a time while its writer goes on. */
import { SNAPSHOT_SLOTS_PER_SLICE } from '../base/limits.ts'
import type { OctetTableReader } from './octet-table-reader.ts'
import type { SnapshotRecord, SnapshotSection } from './snapshot.ts'

/** Where records come from. */
export interface SnapshotSource {
  readonly section: SnapshotSection
  /**
   * Shows what lives, from a place on, until `visit` says false or a slice is over.
   *
   * @param from 0 at first, then what the last call gave
   * @returns where to go on, or -1 at the end; an entry that `visit` did not take is shown again
   */
  scan(from: number, visit: (record: SnapshotRecord) => boolean): number
}

/**
 * The entries of a table.
 *
 * @param liveMs tells the moment that an entry has to outlive, by the clock of its expiry
 */
export function tableSource(
  section: SnapshotSection,
  reader: OctetTableReader,
  liveMs: () => number,
): SnapshotSource {
  return {
    section,
    scan(from, visit) {
      const nowMs = liveMs()
      const end = Math.min(from + SNAPSHOT_SLOTS_PER_SLICE, reader.slotCount)
      for (let slot = from; slot < end; slot++) {
        if (reader.entryAt(slot) && nowMs < reader.expiresMs && !visit(reader)) return slot
      }
      return end < reader.slotCount ? end : -1
    },
  }
}
