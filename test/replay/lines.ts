/** The lines of a scenario file, one after the other, with their places. */
import { ScenarioError } from './scenario-error.ts'

/** One word of a line; `column` from 1. */
export interface Word {
  readonly text: string
  readonly column: number
}

/** A line without white space around it. */
export class Line {
  readonly path: string
  readonly number: number
  readonly text: string
  /** Of the first character, from 1. */
  readonly column: number

  constructor(path: string, number: number, source: string) {
    this.path = path
    this.number = number
    this.text = source.trim()
    this.column = source.length - source.trimStart().length + 1
  }

  /** The first word. */
  get keyword(): string {
    return /^[^\s;]*/.exec(this.text)![0]
  }

  /** The words up to a comment, the keyword apart. */
  get words(): Word[] {
    const code = this.text.replace(/;.*$/, '')
    const all = [...code.matchAll(/\S+/g)].map((match) => ({
      text: match[0],
      column: this.column + match.index,
    }))
    return all.slice(1)
  }

  /** A fault in this line, at its start unless told. */
  fault(message: string, column: number = this.column): ScenarioError {
    return new ScenarioError(this.path, { line: this.number, column }, message)
  }
}

/** Reads line by line. */
export class Lines {
  readonly path: string
  readonly #sources: readonly string[]
  #next = 0

  constructor(path: string, text: string) {
    this.path = path
    this.#sources = text.split(/\r?\n/)
  }

  /** The next line, whatever it holds; undefined at the end. */
  nextRaw(): string | undefined {
    return this.#next < this.#sources.length ? this.#sources[this.#next++] : undefined
  }

  /** The next line that is neither blank nor a comment; undefined at the end. */
  next(): Line | undefined {
    for (let source = this.nextRaw(); source !== undefined; source = this.nextRaw()) {
      const line = new Line(this.path, this.#next, source)
      if (line.text !== '' && !line.text.startsWith(';')) return line
    }
    return undefined
  }

  /** The lines up to the one that `end` stands on, as they are. */
  until(end: string): string[] {
    const from = this.#next
    const taken: string[] = []
    for (let source = this.nextRaw(); source !== undefined; source = this.nextRaw()) {
      if (source.trim().startsWith(end)) return taken
      taken.push(source)
    }
    throw new ScenarioError(this.path, { line: from, column: 1 }, `${end} is missing`)
  }

  /** A fault where the file ends. */
  endFault(expected: string): ScenarioError {
    return new ScenarioError(
      this.path,
      { line: this.#sources.length, column: 1 },
      `expected ${expected}, found the end of the file`,
    )
  }
}
