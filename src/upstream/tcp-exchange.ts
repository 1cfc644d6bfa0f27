/** One question over a TCP connection of its own (RFC 7766), messages framed by two octets of length. */
import { connect, type Socket } from 'node:net'
import { formatAddress } from '../base/address.ts'
import { NEAR_MISSES_MAX } from '../base/limits.ts'
import { isReplyTo } from '../wire/message.ts'
import { Exchange } from './exchange.ts'
import { codeOf, failureOf } from './socket-faults.ts'

const LENGTH_OCTETS = 2

/** See the head of this file. The time-out covers connecting, sending and the whole reply. */
export class TcpExchange extends Exchange {
  #socket: Socket | undefined
  readonly #length = new Uint8Array(LENGTH_OCTETS)
  #lengthHave = 0
  #frame: Uint8Array | undefined
  #frameHave = 0

  protected override open(): void {
    const { server } = this.request
    const source = this.drawSource()
    const socket = connect({
      host: formatAddress(server.address),
      port: server.port,
      noDelay: true,
      ...(source === undefined ? {} : { localAddress: formatAddress(source) }),
    })
    this.#socket = socket
    socket.on('error', (error) => this.fail(failureOf(codeOf(error)), codeOf(error)))
    socket.on('end', () => this.fail('closed', 'the stream ended before a reply'))
    socket.on('close', () => this.fail('closed'))
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.once('connect', () => this.#send(socket))
  }

  protected override closeSocket(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
  }

  #send(socket: Socket): void {
    const { message } = this.request
    // Length and message in one write: some servers misread a frame that comes in pieces.
    const framed = new Uint8Array(LENGTH_OCTETS + message.length)
    framed[0] = message.length >> 8
    framed[1] = message.length & 0xff
    framed.set(message, LENGTH_OCTETS)
    this.sent()
    socket.write(framed)
  }

  #onData(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.ended) {
      if (this.#frame === undefined) at = this.#readLength(chunk, at)
      else at = this.#readFrame(chunk, at, this.#frame)
    }
  }

  #readLength(chunk: Uint8Array, at: number): number {
    this.#length[this.#lengthHave++] = chunk[at]!
    if (this.#lengthHave === LENGTH_OCTETS) {
      const octets = (this.#length[0]! << 8) | this.#length[1]!
      this.#lengthHave = 0
      this.#frameHave = 0
      if (octets === 0) this.#onMessage(new Uint8Array(0))
      else this.#frame = new Uint8Array(octets)
    }
    return at + 1
  }

  #readFrame(chunk: Uint8Array, at: number, frame: Uint8Array): number {
    const take = Math.min(chunk.length - at, frame.length - this.#frameHave)
    frame.set(chunk.subarray(at, at + take), this.#frameHave)
    this.#frameHave += take
    if (this.#frameHave === frame.length) {
      this.#frame = undefined
      this.#onMessage(frame)
    }
    return at + take
  }

  #onMessage(message: Uint8Array): void {
    if (isReplyTo(this.request.message, message)) {
      this.succeed(message)
      return
    }
    this.surroundings.counters.nearMiss()
    if (++this.nearMisses > NEAR_MISSES_MAX) this.fail('near-miss')
  }
}
