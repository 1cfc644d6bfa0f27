/** A command that the running daemon takes: what it is called, what it takes and gives, and what it does. */
import { z } from 'zod'
import type { Author } from '../state/journal.ts'

/** One command. Who is let in and how big a request may be is the server's affair. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** One sentence for people. */
  readonly summary: string
  /** What is sent beside the author; undefined for commands that change nothing, with which nothing is sent. */
  readonly body?: z.ZodObject
  /** What comes back. */
  readonly result: z.ZodType
  /**
   * Does it.
   *
   * @param body as `body` has read it
   * @throws Refusal, ConfigError: words for who asked
   */
  run(body: never, author: Author): Promise<unknown>
}

/** A route whose body has a type. */
export function route<Body extends z.ZodObject>(
  told: Omit<Route, 'body' | 'run'> & {
    readonly body: Body
    run(body: z.infer<Body>, author: Author): Promise<unknown>
  },
): Route {
  return told as Route
}

const WHO_CHARACTERS_MAX = 200
const WHY_CHARACTERS_MAX = 1_000

const AUTHOR = {
  who: boundedText(1, WHO_CHARACTERS_MAX).describe('who gives the command, for the journal'),
  why: boundedText(0, WHY_CHARACTERS_MAX).default('').describe('why, for the journal'),
}

function boundedText(least: number, most: number): z.ZodString {
  const error = `expected a text of ${least === 0 ? 'at most' : `${least} to`} ${most} characters`
  return z.string({ error }).min(least, { error }).max(most, { error })
}

/** A whole number in a range, both ends included. `noted` says more of the range. */
export function wholeNumber(least: number, most: number, noted = ''): z.ZodInt {
  const error = `expected a whole number from ${least} to ${most}${noted}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** True or false. */
export function flag(): z.ZodBoolean {
  return z.boolean({ error: 'expected true or false' })
}

/** What is sent with a command that changes something. */
export function withAuthor(body: z.ZodObject): z.ZodObject {
  return z.strictObject({ ...body.shape, ...AUTHOR }, { error: objectFault })
}

function objectFault(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== 'unrecognized_keys') return 'expected an object'
  return `unknown: ${(issue as z.core.$ZodIssueUnrecognizedKeys).keys.join(', ')}`
}
