/**
 * Domain names. A name is its octets in uncompressed wire form (RFC 1035 3.1), case as received; text is a view
 * (`name-text.ts`). Every value of type `Name` is well formed: labels of 1 to 63 octets, the root label last,
 * 255 octets at most.
 */
import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../base/limits.ts'
import { mapKey } from '../base/octets.ts'

declare const NAME: unique symbol

/** A domain name: its uncompressed wire octets, absolute. */
export type Name = Uint8Array & { readonly [NAME]: true }

/** The root. */
export const ROOT: Name = new Uint8Array(1) as Name

const STAR_LABEL = Uint8Array.of(1, 0x2a)

/** ASCII upper case to lower case, everything else unchanged (RFC 4343). */
export const FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
)

/** The same for four octets in a word, whatever their order. Lengths of labels are below all letters. */
export function foldWord(word: number): number {
  const low = word & 0x7f7f7f7f
  // The top bit of each octet that is A or above, and above Z.
  const fromA = (low + 0x3f3f3f3f) | 0
  const aboveZ = (low + 0x25252525) | 0
  return word | (((fromA ^ aboveZ) & ~word & 0x80808080) >>> 2)
}

/**
 * Takes octets as a name if they are exactly one well-formed uncompressed name.
 *
 * @returns the same octets, not copied, or undefined
 */
export function nameFromOctets(octets: Uint8Array): Name | undefined {
  return octets.length > 0 && nameLengthAt(octets, 0, octets.length) === octets.length
    ? (octets as Name)
    : undefined
}

/** Octets of the uncompressed name that starts at `offset`, or 0 when there is none before `end`. */
export function nameLengthAt(octets: Uint8Array, offset: number, end: number): number {
  let at = offset
  for (;;) {
    if (at >= end) return 0
    const length = octets[at]!
    if (length > LABEL_OCTETS_MAX) return 0
    at += length + 1
    if (at - offset > NAME_OCTETS_MAX) return 0
    if (length === 0) return at - offset
  }
}

/**
 * A name out of labels, most specific first, the root label left out.
 *
 * @returns undefined when a label or the whole is too long, or a label is empty
 */
export function nameFromLabels(labels: readonly Uint8Array[]): Name | undefined {
  let length = 1
  for (const label of labels) {
    if (label.length === 0 || label.length > LABEL_OCTETS_MAX) return undefined
    length += label.length + 1
  }
  if (length > NAME_OCTETS_MAX) return undefined
  const name = new Uint8Array(length)
  let at = 0
  for (const label of labels) {
    name[at++] = label.length
    name.set(label, at)
    at += label.length
  }
  return name as Name
}

/** The labels, most specific first, the root label left out: views, not copies. */
export function labelsOf(name: Name): Uint8Array[] {
  const labels: Uint8Array[] = []
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) labels.push(name.subarray(at + 1, at + 1 + name[at]!))
  return labels
}

/** Number of labels, the root label not counted (as in the Labels field, RFC 4034 3.1.3, but counting a star). */
export function labelCount(name: Name): number {
  let count = 0
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) count++
  return count
}

/** True for the root. */
export function isRoot(name: Name): boolean {
  return name.length === 1
}

/** The name without its first label; the root's parent is the root. A view. */
export function parentOf(name: Name): Name {
  return name.length === 1 ? name : (name.subarray(name[0]! + 1) as Name)
}

/** The name's last `count` labels; the whole name when it has fewer. A view. */
export function lastLabels(name: Name, count: number): Name {
  let at = 0
  for (let drop = labelCount(name) - count; drop > 0; drop--) at += name[at]! + 1
  return name.subarray(at) as Name
}

/** Equality of names, ASCII case aside (RFC 4343). */
export function namesEqual(a: Name, b: Name): boolean {
  if (a.length !== b.length) return false
  // Length octets are below 0x41, so folding never touches them.
  for (let i = 0; i < a.length; i++) if (FOLD[a[i]!] !== FOLD[b[i]!]) return false
  return true
}

/** True when `name` is `ancestor` or lies below it. */
export function isSubdomainOf(name: Name, ancestor: Name): boolean {
  const from = name.length - ancestor.length
  if (from < 0) return false
  let at = 0
  while (at < from) at += name[at]! + 1
  if (at !== from) return false
  for (let i = 0; i < ancestor.length; i++) if (FOLD[name[from + i]!] !== FOLD[ancestor[i]!]) return false
  return true
}

/** True when `name` lies below `ancestor` and is not it. */
export function isStrictSubdomainOf(name: Name, ancestor: Name): boolean {
  return name.length > ancestor.length && isSubdomainOf(name, ancestor)
}

/** The longest name that both are at or below. A view of `a`. */
export function commonAncestor(a: Name, b: Name): Name {
  let candidate = a
  while (!isSubdomainOf(b, candidate)) candidate = parentOf(candidate)
  return candidate
}

/** True for a name in lower case. */
export function isFolded(name: Name): boolean {
  for (let i = 0; i < name.length; i++) if (FOLD[name[i]!] !== name[i]) return false
  return true
}

/** The name in lower case (RFC 4034 6.2): a copy, or the name itself when nothing changes. */
export function foldName(name: Name): Name {
  for (let i = 0; i < name.length; i++) {
    if (FOLD[name[i]!] !== name[i]) {
      const folded = new Uint8Array(name.length)
      for (let j = 0; j < name.length; j++) folded[j] = FOLD[name[j]!]!
      return folded as Name
    }
  }
  return name
}

/** Canonical order of names (RFC 4034 6.1): by labels from the right, case folded, absence before zero. */
export function compareNames(a: Name, b: Name): number {
  const aStarts = labelStarts(a)
  const bStarts = labelStarts(b)
  for (let i = 1; i <= aStarts.length && i <= bStarts.length; i++) {
    const difference = compareLabels(a, aStarts[aStarts.length - i]!, b, bStarts[bStarts.length - i]!)
    if (difference !== 0) return difference
  }
  return aStarts.length - bStarts.length
}

function labelStarts(name: Name): number[] {
  const starts: number[] = []
  for (let at = 0; name[at] !== 0; at += name[at]! + 1) starts.push(at)
  return starts
}

function compareLabels(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const aLength = a[aAt]!
  const bLength = b[bAt]!
  for (let i = 1; i <= aLength && i <= bLength; i++) {
    const difference = FOLD[a[aAt + i]!]! - FOLD[b[bAt + i]!]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** True when the first label is the one octet `*` (RFC 4592 2.1.1). */
export function isWildcard(name: Name): boolean {
  return name[0] === 1 && name[1] === 0x2a
}

/** `*.` and the name, or undefined when that is too long. */
export function wildcardOf(encloser: Name): Name | undefined {
  if (encloser.length + 2 > NAME_OCTETS_MAX) return undefined
  const name = new Uint8Array(encloser.length + 2)
  name.set(STAR_LABEL)
  name.set(encloser, 2)
  return name as Name
}

/**
 * Replaces the end of `name` that is `suffix` by `replacement` (DNAME substitution, RFC 6672 2.2).
 *
 * @returns undefined when the result is longer than 255 octets
 */
export function replaceSuffix(name: Name, suffix: Name, replacement: Name): Name | undefined {
  const kept = name.length - suffix.length
  if (kept + replacement.length > NAME_OCTETS_MAX) return undefined
  const result = new Uint8Array(kept + replacement.length)
  result.set(name.subarray(0, kept))
  result.set(replacement, kept)
  return result as Name
}

/** An owned copy, for a name that is a view into a message. */
export function copyName(name: Name): Name {
  return new Uint8Array(name) as Name
}

/** The folded name as a key of a small table (`mapKey`). */
export function nameKey(name: Name): string {
  return mapKey(foldName(name))
}
