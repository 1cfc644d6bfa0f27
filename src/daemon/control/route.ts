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

const AUTHOR = {
  who: z.string().min(1).max(200).describe('who gives the command, for the journal'),
  why: z.string().max(1_000).default('').describe('why, for the journal'),
}

/** What is sent with a command that changes something. */
export function withAuthor(body: z.ZodObject): z.ZodObject {
  return z.strictObject({ ...body.shape, ...AUTHOR })
}
