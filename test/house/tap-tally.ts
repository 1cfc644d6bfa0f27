/** Reads the TAP of one test file as it comes: keeps what a reader needs, and takes the counts from its last lines. */

/** Counts of single assertions, as tap adds them up. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  /** Assertions or whole tests that were left out on purpose. */
  readonly skipped: number
}

export interface FileReport extends Counts {
  /** A line if it passed and one for each thing it skipped; else everything but its passing assertions. */
  readonly lines: readonly string[]
}

const PASSING_POINT = /^\s*ok \d+/
const LEFT_OUT = /# (?:SKIP|TODO)\b/
const WHOLE_FILE_LEFT_OUT = /^1\.\.0 # (.*)$/
const NOISE = /^\s*$|^\s*1\.\.\d+\s*$|^\s*# time=|^# \{ total: |^TAP version/
const TOTALS = /^# \{ (total: \d+.*) \}$/

/** The output of one test file. */
export class TapTally {
  readonly #lines: string[] = []
  #counts: Counts | undefined
  /** Why the whole file was left out. */
  #reason: string | undefined

  read(line: string): void {
    const totals = TOTALS.exec(line)
    if (totals !== null) this.#counts = countsOf(totals[1]!)
    this.#reason ??= WHOLE_FILE_LEFT_OUT.exec(line)?.[1]
    this.#lines.push(line)
  }

  /**
   * @param file its name, and what else the line about it is to say
   * @param trouble what became of its process, undefined if it ended well
   */
  report(file: string, trouble?: string): FileReport {
    const { passed, failed, skipped } = this.#counts ?? { passed: 0, failed: 0, skipped: 0 }
    if (failed > 0) return { passed, failed, skipped, lines: this.#failure(file) }
    // A file that failed after its last assertion, or broke off, must not read as a success.
    const fault = trouble ?? (this.#counts === undefined ? 'no result' : undefined)
    if (fault !== undefined) return { passed, failed: 1, skipped, lines: this.#failure(`${file}: ${fault}`) }
    if (this.#reason !== undefined)
      return { passed, failed, skipped: skipped + 1, lines: [`ok - ${file} # SKIP ${this.#reason}`] }
    return { passed, failed, skipped, lines: [`ok - ${file}`, ...this.#lines.filter(isLeftOut)] }
  }

  #failure(file: string): string[] {
    const told = this.#lines.filter(
      (line) => isLeftOut(line) || !(PASSING_POINT.test(line) || NOISE.test(line)),
    )
    return [`# ${file}`, ...told, `not ok - ${file}`]
  }
}

function isLeftOut(line: string): boolean {
  return LEFT_OUT.test(line)
}

function countsOf(totals: string): Counts {
  const fields = new Map<string, number>()
  for (const field of totals.split(', ')) {
    const [name = '', value = ''] = field.split(': ')
    fields.set(name, Number(value))
  }
  const at = (name: string): number => fields.get(name) ?? 0
  return { passed: at('pass'), failed: at('fail'), skipped: at('skip') + at('todo') }
}
