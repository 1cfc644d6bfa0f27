/** The answer cache as a thread writes it that has some of its shards. */

import { assert } from '../base/assert.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import type { Name } from '../wire/name.ts'
import { type AnswerCache, type AnswerWriter, TYPE_OCTETS } from './answer-cache.ts'
import type { RestoreTerms } from './restore-terms.ts'
import { shardOf } from './shard.ts'
import type { SnapshotRecord } from './snapshot.ts'

/** Which shards they are. */
export interface OwnAnswersOptions {
  readonly shards: readonly AnswerCache[]
  /** The number of the first of them … */
  readonly first: number
  /** … among so many. */
  readonly all: number
  readonly hashKey: HashKey
}

/** Names of shards that are others' must not come here. */
export class OwnAnswers implements AnswerWriter {
  readonly #options: OwnAnswersOptions
  #closed = false

  constructor(options: OwnAnswersOptions) {
    this.#options = options
  }

  /** Stores nothing more: what fails because its thread comes to an end is not what a zone said. */
  close(): void {
    this.#closed = true
  }

  put(name: Name, type: number, entry: Uint8Array, nowMs: number, staleMs?: number): boolean {
    if (this.#closed) return false
    return this.#shardOf(name).put(name, type, entry, nowMs, staleMs)
  }

  stale(name: Name, type: number, nowMs: number, staleMs: number): Uint8Array | undefined {
    return this.#shardOf(name).stale(name, type, nowMs, staleMs)
  }

  /** As `AnswerCache.restore`; what is another thread's is left to it. */
  restore(record: SnapshotRecord, terms: RestoreTerms): boolean {
    const { shards, first, all, hashKey } = this.#options
    const { octets, keyStart, keyEnd } = record
    const shard = shards[shardOf(hashKey, octets, keyStart, keyEnd - TYPE_OCTETS - keyStart, all) - first]
    return shard?.restore(record, terms) ?? false
  }

  remove(name: Name, type: number): boolean {
    return this.#shardOf(name).remove(name, type)
  }

  /** What lies below a name of one label may be anywhere. */
  flush(name?: Name, alone = false): number {
    return this.#options.shards.reduce((sum, shard) => sum + shard.flush(name, alone), 0)
  }

  #shardOf(name: Name): AnswerCache {
    const { shards, first, all, hashKey } = this.#options
    const shard = shards[shardOf(hashKey, name, 0, name.length, all) - first]
    assert(shard !== undefined, 'the name is not one of this thread')
    return shard
  }
}
