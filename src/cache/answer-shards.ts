/** The answer cache as threads see it that do not write it: shards in shared memory, each with a writer of its own. */
import type { Moment } from '../base/clock.ts'
import type { HashKey } from '../base/keyed-hash.ts'
import { TABLE_ENTRY_OCTETS_MAX } from '../base/limits.ts'
import { Memory } from '../base/memory.ts'
import {
  ANSWER_KEY_OCTETS_MAX,
  type AnswerReader,
  makeAnswerKeys,
  setAnswerKey,
  setAnswerKeyAligned,
} from './answer-cache.ts'
import { ENTRY_KEY_AT } from './answer-entry.ts'
import { OctetTableReader } from './octet-table-reader.ts'
import { shardOf } from './shard.ts'
import { TableKey } from './table-key.ts'

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
  readonly memory: Memory
  /** One a shard; they copy what they read to the same place. */
  readonly readers: readonly OctetTableReader[]
  readonly #hashKey: HashKey
  readonly #key = new TableKey(ANSWER_KEY_OCTETS_MAX)
  readonly #now: Moment = new Float64Array(1)
  readonly #announced = makeAnswerKeys()

  constructor({ buffers, bytesMax, hashKey }: AnswerShardsOptions) {
    const copy = new ArrayBuffer(TABLE_ENTRY_OCTETS_MAX)
    const common = { bytesMax, keyAt: ENTRY_KEY_AT, copy }
    this.octets = new Uint8Array(copy)
    this.memory = new Memory(this.octets)
    this.readers = buffers.map((buffer) => new OctetTableReader({ ...common, buffer }))
    this.#hashKey = hashKey
  }

  /** Octets in use, indexes included. */
  get bytesUsed(): number {
    return this.readers.reduce((sum, shard) => sum + shard.bytesUsed, 0)
  }

  /** Answers held, expired ones not yet displaced included. */
  get entryCount(): number {
    return this.readers.reduce((sum, shard) => sum + shard.entryCount, 0)
  }

  find(source: Uint8Array, from: number, nameOctets: number, type: number, nowMs: number): number {
    setAnswerKey(this.#key, this.#hashKey, source, from, nameOctets, type)
    this.#chooseShard(this.#key, nameOctets)
    this.#now[0] = nowMs
    return this.#findKey(this.#key, this.#now)
  }

  announce(number: number, source: Memory, from: number, nameOctets: number, type: number): void {
    const key = this.#announced[number]!
    setAnswerKeyAligned(key, this.#hashKey, source, from, nameOctets, type)
    this.#chooseShard(key, nameOctets)
  }

  approach(count: number): void {
    const { readers } = this
    for (let shard = 0; shard < readers.length; shard++) {
      readers[shard]!.lookahead.approach(this.#announced, count, shard)
    }
  }

  findAnnounced(number: number, now: Moment): number {
    return this.#findKey(this.#announced[number]!, now)
  }

  #chooseShard(key: TableKey, nameOctets: number): void {
    key.shard = shardOf(this.#hashKey, key.octets, 0, nameOctets, this.readers.length)
  }

  #findKey(key: TableKey, now: Moment): number {
    const shard = this.readers[key.shard]!
    return shard.find(key, now) ? shard.valueStart : -1
  }
}
