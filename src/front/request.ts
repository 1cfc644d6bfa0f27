/** A request on its way through the slow path. */
import { FormatError } from '../wire/format-error.ts'
import { parseQuestionMessage, type QuestionMessage } from '../wire/message.ts'
import type { Client } from './client.ts'

/** Hands over a reply, or undefined when there is none to be. Called once for every request. */
export type Reply = (octets: Uint8Array | undefined) => void

/** See the head of this file. */
export interface Request {
  readonly octets: Uint8Array
  /** A listener uses the object again: whoever waits needs a copy. */
  readonly client: Client
  readonly startMs: number
  readonly reply: Reply
}

/** Undefined when malformed. */
export function readRequest(octets: Uint8Array): QuestionMessage | undefined {
  try {
    return parseQuestionMessage(octets)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** Passes the first reply on and forgets the rest. */
export function once(reply: Reply): Reply {
  let open = true
  return (octets) => {
    if (!open) return
    open = false
    reply(octets)
  }
}
