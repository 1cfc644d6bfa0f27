/** From the file of an earlier process into the caches of this one. */
import { rename } from 'node:fs/promises'
import { CLOCK_JUMP_SECONDS, TTL_SECONDS_MAX } from '../../base/limits.ts'
import { octetsEqual } from '../../base/octets.ts'
import { NEVER_JUDGED, type RestoreTerms } from '../../cache/restore-terms.ts'
import {
  forEachRecord,
  SECTION,
  SnapshotFault,
  type SnapshotHead,
  type SnapshotRecord,
  type SnapshotSection,
} from '../../cache/snapshot.ts'
import type { Log } from '../../telemetry/log.ts'
import { type SnapshotCounts, SnapshotFile } from './file.ts'

/** What this process is, as far as a snapshot has to agree with it. */
export interface SnapshotReceiver {
  /** Milliseconds since 1970. */
  readonly unixMs: number
  /** The monotonic clock at the same moment. */
  readonly nowMs: number
  /** How long what has run out may still be given; 0 where it may not. */
  readonly staleMs: number
  readonly judgementDigest: Uint8Array
  readonly sourcesDigest: Uint8Array
  /** The present one. */
  readonly policySequence: number
}

/**
 * Reads a snapshot from end to end to see that it is whole. One that cannot be used is renamed, so that it can be
 * looked into and is not tried again.
 *
 * @returns its head, or undefined where there is nothing to load: the log has said why
 */
export async function checkSnapshot(
  path: string,
  receiver: SnapshotReceiver,
  log: Log,
): Promise<SnapshotHead | undefined> {
  let head: SnapshotHead | undefined
  try {
    await readSnapshot(path, (found) => (head = found))
  } catch (error) {
    await tellUnusable(path, error, log)
    return undefined
  }
  const fault = head && timeFault(head, receiver)
  if (head === undefined || fault !== undefined) {
    await tellUnusable(path, new SnapshotFault(fault ?? 'empty'), log)
    return undefined
  }
  if (octetsEqual(head.sourcesDigest, receiver.sourcesDigest)) return head
  log.info(
    { path },
    'the snapshot is not loaded: settings say now that data comes from elsewhere or is kept otherwise',
  )
  return undefined
}

/** What is wrong with the time of the file: nothing in it can be told to live. */
function timeFault(
  { writtenUnixMs }: SnapshotHead,
  { unixMs, staleMs }: SnapshotReceiver,
): string | undefined {
  const ageSeconds = Math.round((unixMs - writtenUnixMs) / 1000)
  if (ageSeconds < -CLOCK_JUMP_SECONDS) return `written ${-ageSeconds} seconds in the future`
  if (ageSeconds > TTL_SECONDS_MAX + staleMs / 1000) return `written ${ageSeconds} seconds ago`
  return undefined
}

async function tellUnusable(path: string, error: unknown, log: Log): Promise<void> {
  if (!(error instanceof SnapshotFault)) {
    const code = codeOf(error)
    if (code === 'ENOENT') log.info({ path }, 'there is no snapshot of the caches yet')
    else log.warn({ path, code }, 'the snapshot of the caches cannot be read; they start empty')
    return
  }
  const aside = `${path}.damaged`
  const reason = error.message
  try {
    await rename(path, aside)
    log.warn(
      { path, reason, aside },
      'the snapshot of the caches is of no use and was set aside; they start empty',
    )
  } catch (fault) {
    log.warn(
      { path, reason, code: codeOf(fault) },
      'the snapshot of the caches is of no use and cannot be set aside; they start empty',
    )
  }
}

/** What the system calls an error, or the message of one that is not the system's. */
export function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}

/** What the times and verdicts in the file mean here. A clock that is a little slow makes nothing younger. */
export function restoreTerms(head: SnapshotHead, receiver: SnapshotReceiver): RestoreTerms {
  const ageMs = Math.max(0, receiver.unixMs - head.writtenUnixMs)
  const isJudgedAlike = octetsEqual(head.judgementDigest, receiver.judgementDigest)
  return {
    shiftMs: receiver.nowMs - ageMs - head.writtenMs,
    nowMs: receiver.nowMs,
    staleMs: receiver.staleMs,
    sequenceThere: head.policySequence,
    sequenceHere: isJudgedAlike ? receiver.policySequence : NEVER_JUDGED,
  }
}

/** A cache that takes up what it held in an earlier process. */
export interface RestoredCache {
  /** Takes an entry, unless it has run out or something newer is there. The record may be changed. */
  restore(record: SnapshotRecord, terms: RestoreTerms): boolean
}

/** The caches of this process. */
export interface RestoredCaches {
  readonly answers: RestoredCache
  readonly rrsets: RestoredCache
}

/** One loading of a snapshot that was found whole. */
export interface Restoring {
  readonly path: string
  readonly terms: RestoreTerms
  /** Told once when all answers are in. */
  readonly onAnswers: (count: number) => void
  /** Asked for each block; false ends the loading. */
  readonly isWanted: () => boolean
}

/** What a thread is asked to load, where several have the caches. */
export interface RestoreRequest {
  readonly path: string
  readonly terms: RestoreTerms
}

/** What it says of that. */
export type RestoreReport =
  | { readonly kind: 'answers-restored'; readonly count: number }
  /** At the end, or where it came to one before: without counts when it was stopped, with a fault when it failed. */
  | { readonly kind: 'restored'; readonly counts?: SnapshotCounts; readonly fault?: string }

/**
 * Loads a snapshot that `checkSnapshot` found whole, a block at a time, and lets the event loop have its turn in
 * between. Answers that were judged otherwise than they would be here are of no use: they are made anew of the RRsets.
 *
 * @returns what was taken; undefined when it did not come to the end
 */
export async function restoreSnapshot(
  { answers, rrsets }: RestoredCaches,
  { path, terms, onAnswers, isWanted }: Restoring,
): Promise<SnapshotCounts | undefined> {
  const counts = { answers: 0, rrsets: 0 }
  const takeAnswer = (record: SnapshotRecord): void => {
    if (answers.restore(record, terms)) counts.answers++
  }
  const takeRrset = (record: SnapshotRecord): void => {
    if (rrsets.restore(record, terms)) counts.rrsets++
  }
  const withAnswers = terms.sequenceHere !== NEVER_JUDGED
  let section: SnapshotSection = SECTION.ANSWERS
  let isWhole = true
  await readSnapshot(
    path,
    () => {},
    (block) => {
      isWhole = isWanted()
      if (!isWhole) return false
      if (block.section !== section) {
        section = block.section
        onAnswers(counts.answers)
      }
      if (section === SECTION.RRSETS) forEachRecord(block, takeRrset)
      else if (withAnswers) forEachRecord(block, takeAnswer)
      return true
    },
  )
  if (section === SECTION.ANSWERS) onAnswers(counts.answers)
  return isWhole ? counts : undefined
}

async function readSnapshot(
  path: string,
  onHead: (head: SnapshotHead) => void,
  visit: Parameters<SnapshotFile['read']>[1] = () => true,
): Promise<void> {
  const file = await SnapshotFile.open(path)
  try {
    await file.read(onHead, visit)
  } finally {
    await file.close()
  }
}
