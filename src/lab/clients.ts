/** Clients of a lab: each asks from an address of its own, through a socket in memory, as many at once as a batch holds. */
import { setImmediate } from 'node:timers/promises'
import type { VirtualClock } from '../base/clock.ts'
import { QUERY_TIME_MS_MAX } from '../base/limits.ts'
import { CLASS } from '../wire/iana/class.ts'
import type { Name } from '../wire/name.ts'
import { writeQuery } from '../wire/writer.ts'
import type { MemorySocket } from './memory-socket.ts'

/** A question, and whose it is. */
export interface AskedByClient {
  /** Address of four octets. */
  readonly client: Uint8Array
  /** The message, whatever its id. */
  readonly query: Uint8Array
}

/** Longer than a resolver may take. */
const PATIENCE_MS = 2 * QUERY_TIME_MS_MAX

const FLAGS_AT = 3
const AD = 0x20
const EDNS = { version: 0, udpPayloadOctets: 1232, do: false, flags: 0, options: [] }

/** An ordinary question, from a client that understands AD. */
export function clientQuery(name: Name, type: number): Uint8Array {
  const query = writeQuery({
    id: 0,
    question: { name, type, class: CLASS.IN },
    rd: true,
    cd: false,
    edns: EDNS,
  })
  query[FLAGS_AT]! |= AD
  return query
}

/** See the head of this file. */
export class LabClients {
  readonly #socket: MemorySocket
  readonly #clock: VirtualClock

  constructor(socket: MemorySocket, clock: VirtualClock) {
    this.#socket = socket
    this.#clock = clock
  }

  /**
   * Asks everything, one batch after the other.
   *
   * @param seen told each reply, which is good until it returns, by the place of its question
   * @throws Error where a question stays without a reply
   */
  async ask(
    asked: readonly AskedByClient[],
    seen: (index: number, reply: Uint8Array) => void,
  ): Promise<void> {
    const slots = this.#socket.slots.requests.length
    for (let from = 0; from < asked.length; from += slots) {
      await this.#batch(asked.slice(from, from + slots), (slot, reply) => {
        if (reply[0] !== 0 || reply[1] !== slot) throw new Error('a reply to another question')
        seen(from + slot, reply)
      })
    }
  }

  async #batch(
    asked: readonly AskedByClient[],
    seen: (slot: number, reply: Uint8Array) => void,
  ): Promise<void> {
    const socket = this.#socket
    const { requests, addresses, replies, replyOctets } = socket.slots
    let missing = asked.length
    socket.onLate = (slot, reply) => {
      missing--
      seen(slot, reply)
    }
    socket.lay(asked.map(({ query }) => query))
    for (const [slot, { client }] of asked.entries()) {
      addresses[slot]!.set(client)
      requests[slot]!.set([0, slot])
    }
    socket.deliver(asked.length)
    for (let slot = 0; slot < asked.length; slot++) {
      const octets = replyOctets[slot]!
      if (octets === 0) continue
      missing--
      seen(slot, replies[slot]!.subarray(0, octets))
    }
    // A resolver of one thread begins one question in a turn of the event loop: time stands still meanwhile.
    for (let turn = 0; missing > 0 && turn < asked.length; turn++) await setImmediate()
    if (missing > 0) await this.#clock.runUntil(() => missing === 0, PATIENCE_MS)
    if (missing > 0) throw new Error(`${missing} questions stay without a reply`)
  }
}
