/**
 * The way between a front thread and a resolver thread: a ring of questions, a ring of answers, and a message port by
 * which the two find each other's bells (`link-bell.ts`). A link lives as long as both threads; it is never used again.
 *
 * A question: u32 ticket, u16 type, u8 flags, i32 client, i32 reported client, the name. An answer: u32 ticket, u8 flags, the answer entry.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { MISS_RING_OCTETS, REPLY_RING_OCTETS, RING_RECORDS_PER_TURN_MAX } from '../../base/limits.ts'
import { type RingReader, type RingWriter, ringOctets } from '../../base/ring.ts'
import type { ClientQuestion, ClientReply, VerdictNeed } from '../../resolver/ports.ts'
import { readU16, readU32, writeU16, writeU32 } from '../../wire/integers.ts'
import type { Name } from '../../wire/name.ts'

/** What one of the threads is given of a link. */
export interface LinkEnd {
  readonly misses: SharedArrayBuffer
  readonly replies: SharedArrayBuffer
  readonly port: MessagePort
}

/** Both ends of a new link. */
export function makeLink(): { readonly front: LinkEnd; readonly resolver: LinkEnd } {
  const misses = new SharedArrayBuffer(ringOctets(MISS_RING_OCTETS))
  const replies = new SharedArrayBuffer(ringOctets(REPLY_RING_OCTETS))
  const { port1, port2 } = new MessageChannel()
  return { front: { misses, replies, port: port1 }, resolver: { misses, replies, port: port2 } }
}

/** An answer that goes by message. */
export interface LargeReply {
  readonly ticket: number
  readonly reply: ClientReply
}

// --- questions ------------------------------------------------------------------------------------------------------

const MISS_HEAD_OCTETS = 15
/** Octets of the shortest question: it asks for the root. */
export const MISS_OCTETS_MIN: number = MISS_HEAD_OCTETS + 1
const CHECKING_DISABLED = 1
const CACHED_ONLY = 2
const PREFETCH = 4
const VERDICT_WANTED = 8
const VERDICT_UNNEEDED = 16
const VERDICT_FLAGS = { enforced: 0, wanted: VERDICT_WANTED, unneeded: VERDICT_UNNEEDED } as const

/** A question as it crosses. */
export interface Miss {
  readonly ticket: number
  readonly question: ClientQuestion
  /** Nobody waits for the answer. */
  readonly prefetch: boolean
}

/** Writes a question; false when there is no room. */
export function writeMiss(ring: RingWriter, { ticket, question, prefetch }: Miss): boolean {
  const { name, type, checkingDisabled, cachedOnly = false, verdict = 'enforced' } = question
  const { client = 0, reportedClient = 0 } = question
  const at = ring.reserve(MISS_HEAD_OCTETS + name.length)
  if (at < 0) return false
  const { octets } = ring
  writeU32(octets, at, ticket)
  writeU16(octets, at + 4, type)
  octets[at + 6] =
    (checkingDisabled ? CHECKING_DISABLED : 0) |
    (cachedOnly ? CACHED_ONLY : 0) |
    (prefetch ? PREFETCH : 0) |
    VERDICT_FLAGS[verdict]
  writeU32(octets, at + 7, client >>> 0)
  writeU32(octets, at + 11, reportedClient >>> 0)
  octets.set(name, at + MISS_HEAD_OCTETS)
  ring.commit()
  return true
}

/** Reads the question at `at`. */
export function readMiss({ octets, length }: RingReader, at: number): Miss {
  const flags = octets[at + 6]!
  return {
    ticket: readU32(octets, at),
    question: {
      name: octets.slice(at + MISS_HEAD_OCTETS, at + length) as Name,
      type: readU16(octets, at + 4),
      checkingDisabled: (flags & CHECKING_DISABLED) !== 0,
      cachedOnly: (flags & CACHED_ONLY) !== 0,
      verdict: verdictNeed(flags),
      client: readU32(octets, at + 7) | 0,
      reportedClient: readU32(octets, at + 11) | 0,
    },
    prefetch: (flags & PREFETCH) !== 0,
  }
}

function verdictNeed(flags: number): VerdictNeed {
  if ((flags & VERDICT_WANTED) !== 0) return 'wanted'
  return (flags & VERDICT_UNNEEDED) !== 0 ? 'unneeded' : 'enforced'
}

// --- answers --------------------------------------------------------------------------------------------------------

const REPLY_HEAD_OCTETS = 5
const STALE = 1

/** Writes an answer; false when there is no room. */
export function writeReply(ring: RingWriter, ticket: number, { entry, stale }: ClientReply): boolean {
  const at = ring.reserve(REPLY_HEAD_OCTETS + entry.length)
  if (at < 0) return false
  const { octets } = ring
  writeU32(octets, at, ticket)
  octets[at + 4] = stale === true ? STALE : 0
  octets.set(entry, at + REPLY_HEAD_OCTETS)
  ring.commit()
  return true
}

/** Reads the answer at `at`. */
export function readReply({ octets, length }: RingReader, at: number): LargeReply {
  const entry = octets.slice(at + REPLY_HEAD_OCTETS, at + length)
  const stale = (octets[at + 4]! & STALE) !== 0
  return { ticket: readU32(octets, at), reply: { entry, stale } }
}

// --- reading --------------------------------------------------------------------------------------------------------

/** Empties a ring when the bell has rung, a bounded number of records in a turn of the event loop. */
export class RingInbox {
  readonly #ring: RingReader
  readonly #onRecord: (at: number) => void
  #awake = false
  #closed = false

  /** @param onRecord told where in `ring.octets` a record is; it has to be read at once */
  constructor(ring: RingReader, onRecord: (at: number) => void) {
    this.#ring = ring
    this.#onRecord = onRecord
  }

  /** The bell rang. */
  wake(): void {
    if (this.#awake) return
    this.#awake = true
    this.#turn()
  }

  /** Leaves what is in the ring. */
  close(): void {
    this.#closed = true
  }

  readonly #turn = (): void => {
    for (let taken = 0; taken < RING_RECORDS_PER_TURN_MAX; taken++) {
      if (this.#closed) return
      const at = this.#ring.next()
      if (at >= 0) {
        this.#onRecord(at)
        this.#ring.release()
      } else if (this.#ring.mayRest()) {
        this.#awake = false
        return
      }
    }
    setImmediate(this.#turn)
  }
}
