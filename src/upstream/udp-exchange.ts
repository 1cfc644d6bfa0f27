/**
 * One question in one datagram. Every question has a socket of its own on an unpredictable port, connected to the
 * server, so that the kernel drops what comes from elsewhere (attacks A01, A05).
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { formatAddress } from '../base/address.ts'
import { NEAR_MISSES_MAX, PORT_DRAWS_MAX, UDP_PAYLOAD_OCTETS, UPSTREAM_PORT_MIN } from '../base/limits.ts'
import { isReplyTo } from '../wire/message.ts'
import { Exchange } from './exchange.ts'
import { codeOf, failureOf } from './socket-faults.ts'

const PORTS = 65_536 - UPSTREAM_PORT_MIN

type LookupDone = (error: Error | null, address: string, family: number) => void

/** Addresses are literals already; answering at once keeps bind and connect in one turn of the event loop. */
function literal(address: string, _options: unknown, done: LookupDone): void {
  done(null, address, address.includes(':') ? 6 : 4)
}

/** See the head of this file. */
export class UdpExchange extends Exchange {
  #socket: Socket | undefined
  #peerAddress = ''
  #peerPort = 0
  #oversize = 0

  protected override open(): void {
    this.#bind(1)
  }

  protected override closeSocket(): void {
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) discard(socket)
  }

  protected override onTimeout(): void {
    if (this.#oversize > 0) this.fail('timeout', 'only datagrams longer than offered came')
    else this.fail('timeout')
  }

  #bind(draw: number): void {
    const ipv6 = this.request.server.address.length === 16
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, lookup: literal as never })
    this.#socket = socket
    socket.on('error', (error) => this.#onError(socket, error, draw))
    socket.once('listening', () => this.#connect(socket))
    const port = UPSTREAM_PORT_MIN + this.surroundings.random.below(PORTS)
    const address = this.drawSource() ?? (ipv6 ? '::' : '0.0.0.0')
    try {
      socket.bind({ port, address, exclusive: true })
    } catch (error) {
      this.#onError(socket, error as Error, draw)
    }
  }

  #onError(socket: Socket, error: Error, draw: number): void {
    if (socket !== this.#socket) return
    const code = codeOf(error)
    if (code !== 'EADDRINUSE') {
      this.fail(failureOf(error), code)
      return
    }
    this.surroundings.counters.portTaken()
    if (draw >= PORT_DRAWS_MAX) {
      this.fail('resources', `${draw} ports drawn, all taken`)
      return
    }
    discard(socket)
    this.#bind(draw + 1)
  }

  #connect(socket: Socket): void {
    const { address, port } = this.request.server
    try {
      socket.connect(port, formatAddress(address), () => this.#send(socket))
    } catch (error) {
      this.fail(failureOf(error as Error), codeOf(error as Error))
    }
  }

  #send(socket: Socket): void {
    if (socket !== this.#socket) return
    const peer = socket.remoteAddress()
    this.#peerAddress = peer.address
    this.#peerPort = peer.port
    socket.on('message', (octets, from) => this.#onDatagram(octets, from))
    this.sent()
    socket.send(this.request.message, (error) => {
      if (error !== null && socket === this.#socket) this.fail(failureOf(error), codeOf(error))
    })
  }

  #onDatagram(octets: Buffer, from: RemoteInfo): void {
    // The kernel filters by peer only since connect(); what slipped in between bind() and connect() ends here.
    if (this.ended || from.port !== this.#peerPort || from.address !== this.#peerAddress) return
    if (octets.length > (this.request.datagramOctetsMax ?? UDP_PAYLOAD_OCTETS)) {
      this.#oversize++
      this.surroundings.counters.oversize()
      return
    }
    if (isReplyTo(this.request.message, octets)) {
      this.succeed(octets)
      return
    }
    this.surroundings.counters.nearMiss()
    if (++this.nearMisses > NEAR_MISSES_MAX) this.fail('near-miss')
  }
}

/** Closes a socket and keeps what still happens on it from becoming an uncaught error. */
function discard(socket: Socket): void {
  socket.removeAllListeners()
  socket.on('error', () => {})
  socket.close()
}
