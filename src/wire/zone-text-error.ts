/** What is wrong with somebody's master file. */

/** A text that cannot be read, with the place: `path:line:column: what was expected`. */
export class ZoneTextError extends Error {
  override readonly name = 'ZoneTextError'
  readonly path: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** What was expected, and what was found. */
  readonly expected: string

  constructor(path: string, line: number, column: number, expected: string) {
    super(`${path}:${line}:${column}: ${expected}`)
    this.path = path
    this.line = line
    this.column = column
    this.expected = expected
  }
}
