/** One question by TCP, over a connection that is open already or over a new one. */
import type { UpstreamFailure } from '../resolver/ports.ts'
import { Exchange } from './exchange.ts'
import type { StreamAsker, TcpConnection } from './tcp-connections.ts'

/** See the head of this file. The time-out covers connecting, sending and the whole reply. */
export class TcpExchange extends Exchange implements StreamAsker {
  #connection: TcpConnection | undefined
  #isRepeated = false

  get message(): Uint8Array {
    return this.request.message
  }

  get isAlone(): boolean {
    return this.request.alone === true
  }

  protected override open(): void {
    const { connections } = this.surroundings
    this.#connection = connections.ask(this.request.server, this.drawSource(), this, this.#isRepeated)
  }

  protected override closeSocket(): void {
    this.#connection?.leave(this)
    this.#connection = undefined
  }

  onSent(): void {
    this.sent()
  }

  onReply(message: Uint8Array): void {
    this.succeed(message)
  }

  onEnd(reason: UpstreamFailure, detail: string | undefined, wasUsed: boolean): void {
    // A server may close a connection at any time; the question is then asked by another one (RFC 7766 6.2.4).
    if (
      wasUsed &&
      !this.#isRepeated &&
      reason !== 'near-miss' &&
      !this.ended &&
      !this.surroundings.isClosed()
    ) {
      this.#isRepeated = true
      this.open()
      return
    }
    this.fail(reason, detail)
  }
}
