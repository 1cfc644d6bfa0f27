/** How a command ends. */

/** Exit codes of every command. */
export const EXIT = {
  DONE: 0,
  /** The command worked; the answer is no, or what was done does not outlast a restart. */
  NO: 1,
  /** What the caller gave cannot be used. */
  UNUSABLE_INPUT: 2,
  /** EX_SOFTWARE of sysexits.h: our own fault. */
  FAULT: 70,
} as const

/** A value of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Input that cannot be used. Its message says what to do; nobody needs a stack trace. */
export class UnusableInput extends Error {
  override readonly name = 'UnusableInput'
}
