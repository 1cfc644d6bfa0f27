/** Reads the TAP of a whole run as it comes: keeps what a reader needs, and takes the counts from its last lines. */

/** Counts of single assertions, as tap adds them up. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  /** Assertions or whole tests that were left out on purpose. */
  readonly skipped: number
}

const FILE_RESULT = /^(not )?ok \d+ - /
const PASSING_POINT = /^\s+ok \d+/
const LEFT_OUT = /# (?:SKIP|TODO)\b/
const NOISE = /^\s*$|^\s+1\.\.\d+\s*$|^\s+# time=|^# No coverage generated|^TAP version|^1\.\.\d+$/
const TOTALS = /^# \{ (total: \d+.*) \}$/

/** One run of tap with `--reporter=tap`. */
export class TapTally {
  /** Lines of the file that is being told, undefined between files. */
  #held: string[] | undefined
  #counts: Counts | undefined

  /**
   * Takes the next line.
   *
   * @returns the lines to show now: a line a file that passed and a line for each thing it skipped; of a file that
   * failed, everything but its passing assertions
   */
  read(line: string): string[] {
    const totals = TOTALS.exec(line)
    if (totals !== null) this.#counts = countsOf(totals[1]!)
    if (FILE_RESULT.test(line)) return this.#release(line)
    if (line.startsWith('# Subtest: ')) this.#held = []
    if (this.#held !== undefined) {
      this.#held.push(line)
      return []
    }
    return NOISE.test(line) || totals !== null ? [] : [line]
  }

  /** The counts, or undefined when the run broke off before tap could add up. */
  get counts(): Counts | undefined {
    return this.#counts
  }

  #release(result: string): string[] {
    const held = this.#held ?? []
    this.#held = undefined
    const failed = result.startsWith('not ')
    const shown = held.filter((line) => {
      if (LEFT_OUT.test(line)) return true
      return failed && !PASSING_POINT.test(line) && !NOISE.test(line)
    })
    return failed ? [...shown, result] : [result, ...shown]
  }
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
