/** What is wrong with a file that a person wrote. */

/** One fault, at its place. Lines and columns count from 1. */
export interface Problem {
  readonly path: string
  readonly line: number
  readonly column: number
  /** What was expected, and what was found. */
  readonly message: string
}

/** Faults shown at a time: the first ones usually explain the rest. */
const PROBLEMS_SHOWN_MAX = 20

/** `path:line:column: message`, the form that editors jump to. */
export function formatProblem(problem: Problem): string {
  return `${problem.path}:${problem.line}:${problem.column}: ${problem.message}`
}

/** A configuration that cannot be used. Its message has a line a fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
    const lines = sorted.slice(0, PROBLEMS_SHOWN_MAX).map(formatProblem)
    if (sorted.length > lines.length) lines.push(`… and ${sorted.length - lines.length} more`)
    super(lines.join('\n'))
    this.problems = sorted
  }
}
