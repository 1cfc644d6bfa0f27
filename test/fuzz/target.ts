/** What the runner needs to know of a part that is fuzzed. */
import type { Random } from '../../src/base/random.ts'

/** Told of every input before it is tried: it may be the last thing that is heard. */
export type OnInput = () => void

/** A part of the program with the inputs for it. */
export interface Target {
  readonly name: string
  /** Inputs of a batch. They may share state; nothing outlives a batch. */
  readonly batchInputs: number
  /**
   * Makes `count` inputs and tries each.
   *
   * @param random all that the inputs depend on
   * @throws Violation when a property does not hold; anything else that is thrown is one too
   */
  run(random: Random, count: number, onInput: OnInput): Promise<void>
}

/** A property that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** The input, in the form of the files in `cases/`. */
  readonly input: string

  constructor(message: string, input: string, options: ErrorOptions = {}) {
    super(message, options)
    this.input = input
  }
}

/** Runs `step`; whatever it throws becomes a violation with the input beside it. */
export async function guarded(input: () => string, step: () => void | Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (error instanceof Violation) throw error
    throw new Violation(error instanceof Error ? (error.stack ?? error.message) : String(error), input(), {
      cause: error,
    })
  }
}
