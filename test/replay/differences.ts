/** Files for which this product differs on purpose, each with the paragraph that makes it right: `differences.md`. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'

/** One row of the table. */
export interface Difference {
  readonly file: string
  /** SHA-256 of the file, so that no other is excused by its name. */
  readonly sha256: string
  /** RFC and section, or section of the design. */
  readonly rule: string
}

const ROW = /^\|\s*`([^`]+)`\s*\|\s*`([0-9a-f]{64})`\s*\|\s*([^|]*?)\s*\|\s*([^|]*?)\s*\|$/

/** Reads the table: `file`, `sha256`, rule, what differs. Throws RangeError for a row that lacks one of them. */
export function readDifferences(markdown: string): Difference[] {
  const differences: Difference[] = []
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('| `')) continue
    const match = ROW.exec(line)
    if (match === null) throw new RangeError(`a row is not FILE, SHA-256, rule and reason: ${line}`)
    const [, file, sha256, rule, reason] = match as unknown as [string, string, string, string, string]
    if (rule === '' || reason === '') throw new RangeError(`${file} is listed without a rule and a reason`)
    differences.push({ file, sha256, rule })
  }
  return differences
}

/** The row for a file, by its name and content. */
export function differenceOf(
  differences: readonly Difference[],
  path: string,
  octets: Uint8Array,
): Difference | undefined {
  const candidates = differences.filter(({ file }) => file === basename(path))
  if (candidates.length === 0) return undefined
  const sha256 = createHash('sha256').update(octets).digest('hex')
  return candidates.find((difference) => difference.sha256 === sha256)
}
