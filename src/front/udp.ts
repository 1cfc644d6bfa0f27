/** Clients by UDP, one socket an address. A cached answer leaves in the same turn of the event loop. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { type Endpoint, formatAddress } from '../base/address.ts'
import { MESSAGE_OCTETS_MAX, UDP_RECEIVE_BUFFER_OCTETS } from '../base/limits.ts'
import { Client } from './client.ts'
import type { FrontCounters } from './counters.ts'
import { ListenError } from './listen-error.ts'
import type { Service } from './service.ts'

type LookupDone = (error: Error | null, address: string, family: number) => void

/** Addresses are literals already; the resolver of the system is not asked. */
function literal(address: string, _options: unknown, done: LookupDone): void {
  done(null, address, address.includes(':') ? 6 : 4)
}

/**
 * A listening socket. On a wildcard address the system chooses the source of replies, which on a machine with several
 * addresses need not be the one asked: such a machine lists its addresses one by one.
 */
export class UdpListener {
  readonly #service: Service
  readonly #counters: FrontCounters
  readonly #socket: Socket
  readonly #client = new Client('udp')
  #out = new Uint8Array(MESSAGE_OCTETS_MAX)
  #draining = false

  private constructor(socket: Socket, service: Service, counters: FrontCounters) {
    this.#socket = socket
    this.#service = service
    this.#counters = counters
    socket.on('message', (octets, from) => this.#onDatagram(octets, from))
    // ICMP errors of earlier replies come this way on some systems; the client is gone, nothing else happened.
    socket.on('error', () => counters.dropped('send'))
  }

  /** Listens. @throws ListenError */
  static open(endpoint: Endpoint, service: Service, counters: FrontCounters): Promise<UdpListener> {
    const ipv6 = endpoint.address.length === 16
    const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, lookup: literal as never })
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close()
        reject(new ListenError(endpoint, 'udp', error))
      })
      socket.bind({ address: formatAddress(endpoint.address), port: endpoint.port }, () => {
        socket.removeAllListeners('error')
        enlargeBuffer(socket)
        resolve(new UdpListener(socket, service, counters))
      })
    })
  }

  /** The port listened on; of use where 0 was asked for. */
  get port(): number {
    return this.#socket.address().port
  }

  /** Ignores what comes from now on; replies still go out. */
  drain(): void {
    this.#draining = true
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  #onDatagram(octets: Buffer, from: RemoteInfo): void {
    if (this.#draining) {
      this.#counters.dropped('draining')
      return
    }
    // Nobody can be answered at port 0, and an address we cannot read we cannot judge.
    if (from.port === 0 || !this.#client.setAddress(from.address)) {
      this.#counters.dropped('send')
      return
    }
    const length = this.#service.tryHit(octets, octets.length, this.#client, this.#out)
    if (length > 0) {
      this.#send(this.#out, length, from)
      // What the system did not take at once it still reads from this buffer.
      if (this.#socket.getSendQueueCount() > 0) this.#out = new Uint8Array(MESSAGE_OCTETS_MAX)
      return
    }
    this.#service.handle(octets, this.#client, (reply) => {
      if (reply !== undefined) this.#send(reply, reply.length, from)
    })
  }

  #send(octets: Uint8Array, length: number, to: RemoteInfo): void {
    try {
      this.#socket.send(octets, 0, length, to.port, to.address, this.#onSent)
    } catch {
      // The socket was closed while the question waited.
      this.#counters.dropped('send')
    }
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#counters.dropped('send')
  }
}

/** The kernel gives what it may; less is no error. */
function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(UDP_RECEIVE_BUFFER_OCTETS)
  } catch {}
}
