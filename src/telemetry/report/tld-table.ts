/** Answers with data by top-level domain, signed or not. Counting allocates nothing. */
import { REPORT_TLDS_MAX } from '../../base/limits.ts'
import { nameFromLabels } from '../../wire/name.ts'
import { formatName } from '../../wire/name-text.ts'
import type { TldCounts } from './report-data.ts'

const SLOTS = 2 * REPORT_TLDS_MAX
/** Slots that are looked at: with half of all taken a free one is next. */
const PROBES_MAX = 16
const LABEL_OCTETS = 64
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** See the head of this file. */
export class TldTable {
  /** The label with its length before it, as in a name; 0 where the slot is free. */
  readonly #labels = new Uint8Array(SLOTS * LABEL_OCTETS)
  readonly #signed = new Float64Array(SLOTS)
  readonly #unsigned = new Float64Array(SLOTS)
  #taken = 0

  /**
   * @param octets hold a folded name at offset `at`
   * @param signed its answer is secure
   */
  count(octets: Uint8Array, at: number, signed: boolean): void {
    let last = at
    for (let next = at; octets[next] !== 0; next += octets[next]! + 1) last = next
    const length = octets[last]!
    if (length === 0) return
    let hash = FNV_OFFSET
    for (let i = last + 1; i <= last + length; i++) hash = Math.imul(hash ^ octets[i]!, FNV_PRIME)
    const slot = this.#slot(octets, last, length, hash)
    if (slot < 0) return
    if (signed) this.#signed[slot]!++
    else this.#unsigned[slot]!++
  }

  /** What was counted; it begins anew. */
  take(): TldCounts[] {
    const counts: TldCounts[] = []
    for (let slot = 0; slot < SLOTS; slot++) {
      const from = slot * LABEL_OCTETS
      const length = this.#labels[from]!
      if (length === 0) continue
      const name = nameFromLabels([this.#labels.slice(from + 1, from + 1 + length)])!
      counts.push({ tld: formatName(name), signed: this.#signed[slot]!, unsigned: this.#unsigned[slot]! })
    }
    this.#labels.fill(0)
    this.#signed.fill(0)
    this.#unsigned.fill(0)
    this.#taken = 0
    return counts
  }

  /** Where the label is counted; below 0 when there is no room for it. */
  #slot(octets: Uint8Array, at: number, length: number, hash: number): number {
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const slot = (hash + probe) & (SLOTS - 1)
      const from = slot * LABEL_OCTETS
      if (this.#labels[from] === 0) return this.#take(slot, octets, at, length)
      if (this.#isAt(from, octets, at, length)) return slot
    }
    return -1
  }

  #isAt(from: number, octets: Uint8Array, at: number, length: number): boolean {
    for (let i = 0; i <= length; i++) if (this.#labels[from + i] !== octets[at + i]) return false
    return true
  }

  #take(slot: number, octets: Uint8Array, at: number, length: number): number {
    if (this.#taken >= REPORT_TLDS_MAX) return -1
    this.#taken++
    const from = slot * LABEL_OCTETS
    for (let i = 0; i <= length; i++) this.#labels[from + i] = octets[at + i]!
    return slot
  }
}
