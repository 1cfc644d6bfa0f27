/** Loading a snapshot where several threads have the caches: each goes through the file and takes what is its own. */
import type { RrsetCache } from '../../cache/rrset-cache.ts'
import { KEY_PREFIX_OCTETS } from '../../cache/rrset-kinds.ts'
import { shardOf } from '../../cache/shard.ts'
import type { SnapshotRecord } from '../../cache/snapshot.ts'
import type { SharedMemory } from '../threads/shared-memory.ts'
import type { ThreadLife } from '../threads/thread-life.ts'
import type { SnapshotCounts } from './file.ts'
import {
  codeOf,
  type RestoredCache,
  type RestoredCaches,
  type RestoreReport,
  type RestoreRequest,
  type Restoring,
  restoreSnapshot,
} from './load.ts'

/**
 * The RRsets that a resolver thread needs: those of the names that are resolved there, and of the root and the top-level
 * domains, which lead to every name.
 */
export function ownRrsets(memory: SharedMemory, resolver: number, rrsets: RrsetCache): RestoredCache {
  const { hashKey, answers, shardsPerResolver } = memory
  const isOwn = ({ octets, keyStart, keyEnd }: SnapshotRecord): boolean => {
    const name = keyStart + KEY_PREFIX_OCTETS
    const top = octets[name]!
    if (top === 0 || octets[name + 1 + top] === 0) return true
    const shard = shardOf(hashKey, octets, name, keyEnd - name, answers.length)
    return Math.floor(shard / shardsPerResolver) === resolver
  }
  return { restore: (record, terms) => isOwn(record) && rrsets.restore(record, terms) }
}

/** In a resolver thread: loads and reports. */
export async function restoreHere(
  caches: RestoredCaches,
  { path, terms }: RestoreRequest,
  isWanted: () => boolean,
  post: (report: RestoreReport) => void,
): Promise<void> {
  const onAnswers = (count: number): void => post({ kind: 'answers-restored', count })
  try {
    const counts = await restoreSnapshot(caches, { path, terms, onAnswers, isWanted })
    post({ kind: 'restored', ...(counts && { counts }) })
  } catch (error) {
    post({ kind: 'restored', fault: codeOf(error) })
  }
}

/** Times that a thread loads: one that ends of what it reads there is not to end of it for ever. */
const LOADS_MAX = 2

type RestoreEnd = Extract<RestoreReport, { kind: 'restored' }>

/**
 * In the supervisor: has all resolver threads load. One that ends meanwhile keeps what it had taken, and its next life
 * loads once more: what is missing in the cache would be missing in the next file.
 *
 * @returns as `restoreSnapshot`
 */
export async function restoreInThreads(
  threads: readonly Pick<ThreadLife, 'worker' | 'next' | 'post'>[],
  { path, terms, onAnswers, isWanted }: Restoring,
): Promise<SnapshotCounts | undefined> {
  const living = threads.filter((thread) => thread.worker !== undefined)
  const answered = Promise.all(living.map((thread) => thread.next('answers-restored')))
  const load = async (thread: (typeof living)[number]): Promise<RestoreEnd | undefined> => {
    for (let loads = 1; ; loads++) {
      const restored = thread.next('restored')
      thread.post({ kind: 'restore', path, terms })
      const report = await restored
      if (report !== undefined || loads === LOADS_MAX || !isWanted()) return report
      while ((await thread.next('ready')) === undefined && isWanted());
    }
  }
  const restored = Promise.all(living.map(load))
  void answered.then((reports) => onAnswers(reports.reduce((sum, report) => sum + (report?.count ?? 0), 0)))
  const reports = (await restored).filter((report) => report !== undefined)
  const fault = reports.find((report) => report.fault !== undefined)?.fault
  if (fault !== undefined) throw new Error(fault)
  if (reports.some(({ counts }) => counts === undefined)) return undefined
  return {
    answers: reports.reduce((sum, { counts }) => sum + counts!.answers, 0),
    rrsets: reports.reduce((sum, { counts }) => sum + counts!.rrsets, 0),
  }
}
