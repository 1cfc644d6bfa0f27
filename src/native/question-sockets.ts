/** Questions to authorities by UDP, each by a socket of its own: what the addon and its twin have in common. */
import type { Address, Endpoint } from '../base/address.ts'

/** One question, and where it leaves from. */
export interface OutgoingQuestion {
  readonly server: Endpoint
  /** An address of this machine, of the server's family; undefined: the system chooses. */
  readonly source: Address | undefined
  readonly port: number
  readonly message: Uint8Array
}

/** Who asks. Told nothing after `close`. */
export interface QuestionHandler {
  /** The question has left. */
  onSent(): void
  /**
   * A datagram has come from whom was asked.
   *
   * @param octets nobody else has them
   * @param fragmented it came in pieces, as far as the way to sockets can tell
   */
  onDatagram(octets: Uint8Array, fragmented: boolean): void
  /** The system's name of an error. Nothing will come any more; the socket is still to be closed. */
  onError(code: string): void
}

/** One question on its way. */
export interface QuestionSocket {
  /**
   * Hands over at once what has come and was not read so far.
   *
   * @returns false where that takes a turn of the event loop
   */
  look(): boolean
  /** May be repeated. */
  close(): void
}

/** One way to such sockets. */
export interface QuestionSockets {
  /**
   * Binds a socket to the port, connects it to the server and sends. What comes from elsewhere is dropped.
   *
   * @returns the system's name of an error where nothing was sent; it may be found out later, too
   */
  ask(question: OutgoingQuestion, handler: QuestionHandler): QuestionSocket | string
  /** Frees what serves all questions, which have ended. */
  close(): void
}
