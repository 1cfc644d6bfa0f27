/** Questions to authorities by the addon (`udp.c`): a socket for each, one handle of the event loop for all. */
import { getSystemErrorName } from 'node:util'
import { UDP_PAYLOAD_OCTETS, UPSTREAM_REPLIES_PER_TURN_MAX } from '../base/limits.ts'
import type {
  OutgoingQuestion,
  QuestionHandler,
  QuestionSocket,
  QuestionSockets,
} from './question-sockets.ts'

/** What `udp.c` makes. Below zero are errors of the system, from `FRAGMENTED` on datagrams that came in pieces. */
interface NativeQuestions {
  /** `struct question`, the message, and at `replyAt` what came. */
  readonly memory: ArrayBuffer
  readonly replyAt: number
  start(onEvent: (place: number, octets: number) => void): void
  /** Asks what lies in the memory; returns the question's place. */
  ask(): number
  look(place: number): number | undefined
  end(place: number): void
  close(): void
}

/** The part of the addon that is of use here. */
export interface QuestionAddon {
  readonly QuestionSockets: new (options: {
    readonly questionOctets: number
    readonly replyOctets: number
    readonly eventsPerTurnMax: number
  }) => NativeQuestions
}

/** Some commands take longer datagrams than the server does. */
const DATAGRAM_OCTETS_MAX = 65_535
/** As in `udp.c`. */
const FRAGMENTED = 0x1_0000
/** Offsets within its `struct question`. */
const SERVER_AT = 0
const SOURCE_AT = 16
const OCTETS_AT = 32
const PORTS_AT = 36
const IPV6_AT = 40
const MESSAGE_AT = 44
const ADDRESS_OCTETS_MAX = 16

/** See the head of this file. Nothing is open before the first question. */
export class AddonQuestions implements QuestionSockets {
  readonly #addon: QuestionAddon
  #desk: Desk | undefined

  constructor(addon: QuestionAddon) {
    this.#addon = addon
  }

  ask(question: OutgoingQuestion, handler: QuestionHandler): QuestionSocket | string {
    try {
      this.#desk ??= new Desk(this.#addon)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN'
    }
    return this.#desk.ask(question, handler)
  }

  close(): void {
    this.#desk?.native.close()
    this.#desk = undefined
  }
}

/** The memory that is shared with the addon, and who has asked from which place. */
class Desk {
  readonly native: NativeQuestions
  readonly #octets: Uint8Array
  readonly #messageOctets: Uint32Array
  readonly #ports: Uint16Array
  readonly #ipv6: Uint32Array
  readonly #handlers: (QuestionHandler | undefined)[] = []

  constructor(addon: QuestionAddon) {
    const native = new addon.QuestionSockets({
      questionOctets: UDP_PAYLOAD_OCTETS,
      replyOctets: DATAGRAM_OCTETS_MAX,
      eventsPerTurnMax: UPSTREAM_REPLIES_PER_TURN_MAX,
    })
    const { memory } = native
    this.native = native
    this.#octets = new Uint8Array(memory)
    this.#messageOctets = new Uint32Array(memory, OCTETS_AT, 1)
    this.#ports = new Uint16Array(memory, PORTS_AT, 2)
    this.#ipv6 = new Uint32Array(memory, IPV6_AT, 1)
    native.start((place, octets) => this.#onEvent(place, octets))
  }

  ask(
    { server, source, port, message }: OutgoingQuestion,
    handler: QuestionHandler,
  ): QuestionSocket | string {
    if (message.length > UDP_PAYLOAD_OCTETS) return 'EMSGSIZE'
    const octets = this.#octets
    octets.fill(0, SERVER_AT, SOURCE_AT + ADDRESS_OCTETS_MAX)
    octets.set(server.address, SERVER_AT)
    if (source !== undefined) octets.set(source, SOURCE_AT)
    octets.set(message, MESSAGE_AT)
    this.#messageOctets[0] = message.length
    this.#ports[0] = server.port
    this.#ports[1] = port
    this.#ipv6[0] = server.address.length === ADDRESS_OCTETS_MAX ? 1 : 0
    const place = this.native.ask()
    if (place < 0) return getSystemErrorName(place)
    this.#handlers[place] = handler
    handler.onSent()
    return new Placed(this, place)
  }

  /** Hands over all that has come to a place. */
  look(place: number): void {
    while (this.#handlers[place] !== undefined) {
      const octets = this.native.look(place)
      if (octets === undefined) return
      this.#onEvent(place, octets)
    }
  }

  end(place: number): void {
    this.#handlers[place] = undefined
    this.native.end(place)
  }

  #onEvent(place: number, told: number): void {
    const handler = this.#handlers[place]
    if (handler === undefined) return
    if (told < 0) {
      handler.onError(getSystemErrorName(told))
      return
    }
    const octets = told % FRAGMENTED
    const at = this.native.replyAt
    handler.onDatagram(this.#octets.slice(at, at + octets), told >= FRAGMENTED)
  }
}

/** A question at its place, until it ends and another one has the place. */
class Placed implements QuestionSocket {
  readonly #place: number
  #desk: Desk | undefined

  constructor(desk: Desk, place: number) {
    this.#desk = desk
    this.#place = place
  }

  look(): boolean {
    this.#desk?.look(this.#place)
    return true
  }

  close(): void {
    const desk = this.#desk
    this.#desk = undefined
    desk?.end(this.#place)
  }
}
