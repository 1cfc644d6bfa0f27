/** Where the names of a message under construction stand (RFC 1035 4.1.4). */
import { COMPRESSION_PROBES_MAX } from '../base/limits.ts'

const SLOTS_INITIAL = 64
/** Pointers have 14 bits. */
const OFFSET_MAX = 0x3fff
/** Stands for the root as a parent: no label lies in the header. */
export const ROOT_OFFSET = 0

/**
 * A tree of labels in typed arrays: an entry is the offset of a label in the message and that of its parent, so a
 * search compares each label once and makes no strings. Labels match octet for octet, so case stays as given.
 */
export class CompressionTable {
  #offsets = new Uint16Array(SLOTS_INITIAL >> 1)
  #parents = new Uint16Array(SLOTS_INITIAL >> 1)
  #hashes = new Uint32Array(SLOTS_INITIAL >> 1)
  /** Entry number plus one, by hash; open addressing. */
  #slots = new Uint16Array(SLOTS_INITIAL)
  #count = 0

  /** Entries; give it to `rollback` later. */
  get count(): number {
    return this.#count
  }

  /** Offset of the label `name[labelAt]` under the parent at `parent`, or -1. `message` is what was written. */
  find(message: Uint8Array, parent: number, name: Uint8Array, labelAt: number): number {
    const mask = this.#slots.length - 1
    const hash = hashLabel(parent, name, labelAt)
    for (let probe = 0; probe < COMPRESSION_PROBES_MAX; probe++) {
      const entry = this.#slots[(hash + probe) & mask]! - 1
      if (entry < 0) return -1
      if (this.#hashes[entry] !== hash || this.#parents[entry] !== parent) continue
      if (sameLabel(message, this.#offsets[entry]!, name, labelAt)) return this.#offsets[entry]!
    }
    return -1
  }

  /** Remembers that the label `name[labelAt]` under `parent` stands at `offset`; false when it cannot be a target. */
  add(offset: number, parent: number, name: Uint8Array, labelAt: number): boolean {
    if (offset > OFFSET_MAX) return false
    if (this.#count === this.#offsets.length) this.#grow()
    const entry = this.#count
    this.#offsets[entry] = offset
    this.#parents[entry] = parent
    this.#hashes[entry] = hashLabel(parent, name, labelAt)
    if (!this.#link(entry)) return false
    this.#count++
    return true
  }

  /** Forgets the entries that were added since there were `count`. */
  rollback(count: number): void {
    // The last entry linked ends every chain that it is in, so unlinking backwards leaves no gap in a chain.
    while (this.#count > count) this.#unlink(--this.#count)
  }

  /** Labels made to collide stay out of the table instead of making chains long. */
  #link(entry: number): boolean {
    const mask = this.#slots.length - 1
    for (let probe = 0; probe < COMPRESSION_PROBES_MAX; probe++) {
      const slot = (this.#hashes[entry]! + probe) & mask
      if (this.#slots[slot] !== 0) continue
      this.#slots[slot] = entry + 1
      return true
    }
    return false
  }

  #unlink(entry: number): void {
    const mask = this.#slots.length - 1
    for (let probe = 0; probe < COMPRESSION_PROBES_MAX; probe++) {
      const slot = (this.#hashes[entry]! + probe) & mask
      if (this.#slots[slot] !== entry + 1) continue
      this.#slots[slot] = 0
      return
    }
  }

  #grow(): void {
    const capacity = this.#offsets.length * 2
    this.#offsets = enlarged(this.#offsets, new Uint16Array(capacity))
    this.#parents = enlarged(this.#parents, new Uint16Array(capacity))
    this.#hashes = enlarged(this.#hashes, new Uint32Array(capacity))
    this.#slots = new Uint16Array(capacity * 2)
    for (let entry = 0; entry < this.#count; entry++) this.#link(entry)
  }
}

function enlarged<T extends Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** FNV-1a over the parent and the label, its bits mixed at the end because the table uses the low ones. */
function hashLabel(parent: number, name: Uint8Array, labelAt: number): number {
  let hash = Math.imul(0x811c9dc5 ^ parent, 0x01000193)
  const end = labelAt + name[labelAt]!
  for (let i = labelAt; i <= end; i++) hash = Math.imul(hash ^ name[i]!, 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

function sameLabel(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  const length = a[aAt]!
  for (let i = 0; i <= length; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}
