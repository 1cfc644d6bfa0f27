/** Damage to text that people write: master files and configurations. */
import type { Random } from '../../src/base/random.ts'
import { pick } from './mutate.ts'

/** A piece longer than this is not copied about. */
const COPIED_MAX = 30
const LOST_MAX = 12

/** The text with a few characters, words or lines lost, doubled, swapped or put in. */
export function mutateText(text: string, words: readonly string[], random: Random): string {
  let mutant = text
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    mutant = random.below(4) === 0 ? changedLines(mutant, random) : changedPiece(mutant, words, random)
  }
  return mutant
}

function changedPiece(text: string, words: readonly string[], random: Random): string {
  const at = random.below(text.length + 1)
  const to = random.below(2) === 0 ? at : Math.min(text.length, at + random.below(LOST_MAX))
  return text.slice(0, at) + insertion(text, words, random) + text.slice(to)
}

function insertion(text: string, words: readonly string[], random: Random): string {
  const kind = random.below(5)
  if (kind === 0) return ''
  if (kind === 1) return pick(words, random)
  if (kind === 2) return ` ${pick(words, random)} `
  const from = random.below(text.length + 1)
  if (kind === 3) return text.slice(from, from + random.below(COPIED_MAX))
  return String.fromCharCode(random.below(0x180))
}

function changedLines(text: string, random: Random): string {
  const lines = text.split('\n')
  const [one, other] = [random.below(lines.length), random.below(lines.length)]
  const kind = random.below(4)
  if (kind === 0) lines.splice(one, 1)
  else if (kind === 1) lines.splice(other, 0, lines[one]!)
  else if (kind === 2) [lines[one], lines[other]] = [lines[other]!, lines[one]!]
  else lines[one] = `${' '.repeat(random.below(6))}${lines[one]!.trimStart()}`
  return lines.join('\n')
}
