/** Questions to authorities by `node:dgram`: what serves where the addon cannot. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { formatAddress } from '../base/address.ts'
import { literalLookup } from './literal-lookup.ts'
import type {
  OutgoingQuestion,
  QuestionHandler,
  QuestionSocket,
  QuestionSockets,
} from './question-sockets.ts'

/** See the head of this file. */
export const DGRAM_QUESTIONS: QuestionSockets = {
  ask(question, handler) {
    const asked = new DgramQuestion(question, handler)
    return asked.begin() ?? asked
  },
  close: () => {},
}

class DgramQuestion implements QuestionSocket {
  readonly #question: OutgoingQuestion
  readonly #handler: QuestionHandler
  readonly #socket: Socket
  #peerAddress = ''
  #peerPort = 0
  #closed = false
  /** Errors are returned until then, and told afterwards. */
  #begun = false
  #fault: string | undefined

  constructor(question: OutgoingQuestion, handler: QuestionHandler) {
    this.#question = question
    this.#handler = handler
    const ipv6 = question.server.address.length === 16
    const type = ipv6 ? 'udp6' : 'udp4'
    this.#socket = createSocket({ type, ipv6Only: ipv6, lookup: literalLookup as never })
  }

  /** Binds, connects and sends. Returns the system's name of an error that shows at once; all is closed then. */
  begin(): string | undefined {
    const { server, source, port } = this.#question
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.once('listening', () => this.#connect())
    const any = server.address.length === 16 ? '::' : '0.0.0.0'
    try {
      this.#socket.bind({
        port,
        address: source === undefined ? any : formatAddress(source),
        exclusive: true,
      })
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#begun = true
    return this.#fault
  }

  look(): boolean {
    return false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.removeAllListeners()
    // What still happens on it must not become an uncaught error.
    this.#socket.on('error', () => {})
    this.#socket.close()
  }

  #connect(): void {
    if (this.#closed) return
    const { address, port } = this.#question.server
    try {
      this.#socket.connect(port, formatAddress(address), () => this.#send())
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #send(): void {
    if (this.#closed) return
    const peer = this.#socket.remoteAddress()
    this.#peerAddress = peer.address
    this.#peerPort = peer.port
    this.#socket.on('message', (octets, from) => this.#onDatagram(octets, from))
    this.#handler.onSent()
    this.#socket.send(this.#question.message, (error) => {
      if (error !== null) this.#fail(error)
    })
  }

  #onDatagram(octets: Buffer, from: RemoteInfo): void {
    // The kernel filters by peer only since connect(); what slipped in between bind() and connect() ends here.
    if (this.#closed || from.port !== this.#peerPort || from.address !== this.#peerAddress) return
    const { buffer, byteOffset, length } = octets
    this.#handler.onDatagram(new Uint8Array(buffer, byteOffset, length), false)
  }

  #fail(error: Error): void {
    if (this.#closed) return
    const code = (error as NodeJS.ErrnoException).code ?? error.message
    if (this.#begun) {
      this.#handler.onError(code)
      return
    }
    this.#fault = code
    this.close()
  }
}
