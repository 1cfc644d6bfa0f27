/** The answer cache as threads see it that do not write it: shards in shared memory, each with a writer of its own. */
import type { HashKey } from '../base/keyed-hash.ts'
import { TABLE_ENTRY_OCTETS_MAX } from '../base/limits.ts'
import { ANSWER_KEY_OCTETS_MAX, type AnswerReader, writeAnswerKey } from './answer-cache.ts'
import { ENTRY_KEY_AT } from './answer-entry.ts'
import { OctetTableReader } from './octet-table-reader.ts'
import { shardOf } from './shard.ts'

/** Where the shards are. */
export interface AnswerShardsOptions {
  /** One shard each, at least one; their writers use the same `bytesMax` and `hashKey`. */
  readonly buffers: readonly (ArrayBuffer | SharedArrayBuffer)[]
  /** Octets of one shard. */
  readonly bytesMax: number
  readonly hashKey: HashKey
}

/** Reads them all. `octets` holds the answer found last, a copy, until the next `find`. */
export class AnswerShards implements AnswerReader {
  readonly octets: Uint8Array
  readonly #shards: readonly OctetTableReader[]
  readonly #hashKey: HashKey
  readonly #key = new Uint8Array(ANSWER_KEY_OCTETS_MAX)

  constructor({ buffers, bytesMax, hashKey }: AnswerShardsOptions) {
    const copy = new ArrayBuffer(TABLE_ENTRY_OCTETS_MAX)
    const common = { bytesMax, hashKey, keyAt: ENTRY_KEY_AT, copy }
    this.octets = new Uint8Array(copy)
    this.#shards = buffers.map((buffer) => new OctetTableReader({ ...common, buffer }))
    this.#hashKey = hashKey
  }

  /** Octets in use, indexes included. */
  get bytesUsed(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.bytesUsed, 0)
  }

  /** Answers held, expired ones not yet displaced included. */
  get entryCount(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.entryCount, 0)
  }

  find(source: Uint8Array, from: number, nameOctets: number, type: number, nowMs: number): number {
    const key = this.#key
    const keyEnd = writeAnswerKey(key, source, from, nameOctets, type)
    const shard = this.#shards[shardOf(this.#hashKey, key, 0, nameOctets, this.#shards.length)]!
    return shard.find(key, nowMs, 0, keyEnd) ? shard.valueStart : -1
  }
}
