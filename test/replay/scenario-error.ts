/** A scenario file that cannot be read, and where. */

/** Place in a file, both from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The file is not written in the language, or says something that makes no sense. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'

  constructor(path: string, place: Place, message: string) {
    super(`${path}:${place.line}:${place.column}: ${message}`)
  }
}
