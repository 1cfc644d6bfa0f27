/** Words for what is wrong in a configuration. */
import type { Branch } from './tree.ts'

const FOUND_CHARACTERS_MAX = 40
/** Letters that a misspelling may be off by. */
const MISSPELLING_DISTANCE_MAX = 2

/** `section.key: expected …, found …`. */
export function expectationText(
  path: readonly (string | number)[],
  expected: string,
  found: unknown,
): string {
  return `${prefix(path)}expected ${expected}, found ${show(found)}`
}

/** Says that a key is none of ours, and which one may have been meant. */
export function unknownKeyText(
  path: readonly (string | number)[],
  key: string,
  siblings: readonly string[],
): string {
  const meant = siblings
    .map((name) => ({ name, distance: editDistance(key, name) }))
    .filter(({ distance }) => distance <= MISSPELLING_DISTANCE_MAX)
    .sort((a, b) => a.distance - b.distance)[0]
  if (meant !== undefined) return `${prefix(path)}unknown key ${show(key)}; did you mean ${meant.name}?`
  const known = siblings.length === 0 ? '' : `, expected one of ${siblings.join(', ')}`
  return `${prefix(path)}unknown key ${show(key)}${known}`
}

/** The names that may stand in the section at a path; none where the path leads elsewhere. */
export function namesAt(tree: Branch, path: readonly (string | number)[]): string[] {
  let branch: Branch = tree
  for (const part of path) {
    const next = branch.get(String(part))
    if (!(next instanceof Map)) return []
    branch = next
  }
  return [...branch.keys()]
}

function prefix(path: readonly (string | number)[]): string {
  return path.length === 0 ? '' : `${path.join('.')}: `
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'number') return String(value)
  const text = JSON.stringify(value) ?? typeof value
  return text.length <= FOUND_CHARACTERS_MAX ? text : `${text.slice(0, FOUND_CHARACTERS_MAX)}…`
}

/** Levenshtein's distance; texts too different in length are not compared. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MISSPELLING_DISTANCE_MAX) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
