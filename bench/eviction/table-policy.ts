/** The real table, fed as the answer cache feeds it. */
import { OctetTable } from '../../src/cache/octet-table.ts'
import { ENTRY_HEADER_OCTETS, tableLayout } from '../../src/cache/table-layout.ts'
import type { Policy } from './policy.ts'
import type { Trace } from './trace.ts'

const KEY_OCTETS = 4
/** Enough for any figure; the table is made so that its log has the capacity asked for, beside the index. */
const SAMPLE_OCTETS = 0x10_0000

/** Asks for a name by `find`, and stores it by `put`. */
export class Table implements Policy {
  readonly #trace: Trace
  readonly #table: OctetTable
  readonly #key = new Uint8Array(KEY_OCTETS)
  readonly #keyWord = new Uint32Array(this.#key.buffer)
  readonly #value: Uint8Array

  constructor(trace: Trace, capacity: number) {
    const logShare = 1 - tableLayout(SAMPLE_OCTETS).logStart / SAMPLE_OCTETS
    this.#trace = trace
    this.#table = new OctetTable({ bytesMax: capacity / logShare, hashKey: [1, 2] })
    this.#value = new Uint8Array(trace.octets.reduce((most, octets) => Math.max(most, octets)))
  }

  ask(name: number, nowMs: number): boolean {
    this.#keyWord[0] = name
    if (this.#table.find(this.#key, nowMs) >= 0) return true
    const octets = this.#trace.octets[name]! - ENTRY_HEADER_OCTETS - KEY_OCTETS
    this.#table.put(this.#key, this.#value.subarray(0, octets), nowMs + this.#trace.ttlMs[name]!, nowMs)
    return false
  }
}
