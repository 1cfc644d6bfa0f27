/** The deepest of a fixed set of names that a name is at or below. */
import { FOLD, foldName, type Name, parentOf } from '../wire/name.ts'

/** `find` met none of the names. */
export const NOT_COVERED = -1

const LABELS_MAX = 128
/** FNV-1a over 32 bits. The set is the operator's, so nobody can make names collide on purpose; a plain hash will do. */
const HASH_START = 0x811c9dc5
const HASH_PRIME = 0x01000193

interface Node {
  readonly suffix: Uint8Array
  readonly hash: number
  /** Index into the names given, or NOT_COVERED for a name that is there only because one below it is. */
  index: number
}

/**
 * Walks from the last label towards the first and stops at the first suffix that no name of the set ends in: for most
 * names that is their top-level domain. Allocates nothing.
 */
export class SuffixTable {
  readonly #nodes: (Node | undefined)[]
  readonly #mask: number
  readonly #starts = new Uint8Array(LABELS_MAX)

  /** @param names of two equal ones the later counts; the root may be among them */
  constructor(names: readonly Name[]) {
    const nodes = new Map<string, Node>()
    names.forEach((name, index) => {
      for (let suffix = foldName(name); ; suffix = parentOf(suffix)) {
        const key = suffix.join()
        const node = nodes.get(key) ?? { suffix, hash: hashOf(suffix), index: NOT_COVERED }
        if (suffix.length === name.length) node.index = index
        nodes.set(key, node)
        if (suffix.length === 1) break
      }
    })
    let slots = 8
    while (slots < nodes.size * 4) slots *= 2
    this.#mask = slots - 1
    this.#nodes = new Array<Node | undefined>(slots).fill(undefined)
    for (const node of nodes.values()) {
      let slot = node.hash & this.#mask
      while (this.#nodes[slot] !== undefined) slot = (slot + 1) & this.#mask
      this.#nodes[slot] = node
    }
  }

  /**
   * Index of the deepest name of the set at or above the one given, or `NOT_COVERED`.
   *
   * @param name a well-formed uncompressed name of `length` octets from `from` on, case as it comes
   */
  find(name: Uint8Array, length: number = name.length, from = 0): number {
    let labels = 0
    const end = from + length
    for (let at = from; name[at] !== 0; at += name[at]! + 1) this.#starts[labels++] = at
    let hash = step(HASH_START, 0)
    let best = this.#node(name, end - 1, end, hash)?.index ?? NOT_COVERED
    while (labels > 0) {
      const start = this.#starts[--labels]!
      // From the end towards the start, as `hashOf` does, so that every suffix continues its parent's hash.
      for (let i = start + name[start]!; i >= start; i--) hash = step(hash, FOLD[name[i]!]!)
      const node = this.#node(name, start, end, hash)
      if (node === undefined) break
      if (node.index !== NOT_COVERED) best = node.index
    }
    return best
  }

  #node(name: Uint8Array, start: number, end: number, hash: number): Node | undefined {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const node = this.#nodes[slot]
      if (node === undefined) return undefined
      if (node.hash === hash && equalFolded(node.suffix, name, start, end)) return node
    }
  }
}

function step(hash: number, octet: number): number {
  return Math.imul(hash ^ octet, HASH_PRIME)
}

function hashOf(suffix: Uint8Array): number {
  let hash = HASH_START
  for (let i = suffix.length - 1; i >= 0; i--) hash = step(hash, suffix[i]!)
  return hash
}

function equalFolded(suffix: Uint8Array, name: Uint8Array, start: number, end: number): boolean {
  if (suffix.length !== end - start) return false
  for (let i = 0; i < suffix.length; i++) if (suffix[i] !== FOLD[name[start + i]!]) return false
  return true
}
