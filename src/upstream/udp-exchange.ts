/**
 * One question in one datagram. Every question has a socket of its own on an unpredictable port, connected to the
 * server, so that the kernel drops what comes from elsewhere (attacks A01, A05).
 */
import { NEAR_MISSES_MAX, PORT_DRAWS_MAX, UDP_PAYLOAD_OCTETS, UPSTREAM_PORT_MIN } from '../base/limits.ts'
import type { QuestionHandler, QuestionSocket } from '../native/question-sockets.ts'
import { isReplyTo } from '../wire/message.ts'
import { Exchange } from './exchange.ts'
import { failureOf } from './socket-faults.ts'

const PORTS = 65_536 - UPSTREAM_PORT_MIN

/** See the head of this file. */
export class UdpExchange extends Exchange implements QuestionHandler {
  #socket: QuestionSocket | undefined
  #draws = 0
  #oversize = 0

  protected override open(): void {
    this.#draws++
    const { random, questions } = this.surroundings
    const { server, message } = this.request
    const port = UPSTREAM_PORT_MIN + random.below(PORTS)
    const socket = questions.ask({ server, source: this.drawSource(), port, message }, this)
    if (typeof socket === 'string') this.onError(socket)
    else this.#socket = socket
  }

  protected override closeSocket(): void {
    this.#socket?.close()
  }

  protected override look(): boolean {
    return this.#socket?.look() ?? true
  }

  protected override onTimeout(): void {
    if (this.#oversize > 0) this.fail('timeout', 'only datagrams longer than offered came')
    else this.fail('timeout')
  }

  onSent(): void {
    this.sent()
  }

  onError(code: string): void {
    if (code !== 'EADDRINUSE') {
      this.fail(failureOf(code), code)
      return
    }
    this.surroundings.counters.portTaken()
    if (this.#draws >= PORT_DRAWS_MAX) {
      this.fail('resources', `${this.#draws} ports drawn, all taken`)
      return
    }
    this.#socket?.close()
    this.open()
  }

  onDatagram(octets: Uint8Array, fragmented: boolean): void {
    if (octets.length > (this.request.datagramOctetsMax ?? UDP_PAYLOAD_OCTETS)) {
      this.#oversize++
      this.surroundings.counters.oversize()
      return
    }
    // All fragments but the first carry neither port nor id: the whole is no better than a guess (attack A06).
    const isDoubtful = fragmented && this.request.datagramOctetsMax === undefined
    const matches = isReplyTo(this.request.message, octets)
    if (matches && !isDoubtful) {
      this.succeed(octets)
      return
    }
    this.surroundings.counters.nearMiss()
    // What was put together of fragments comes so each time.
    if (++this.nearMisses > NEAR_MISSES_MAX || matches) this.fail('near-miss')
  }
}
