/** Clients by UDP, one socket an address. A cached answer leaves with the batch that its question came in. */
import type { Endpoint } from '../base/address.ts'
import { Memory } from '../base/memory.ts'
import type { UdpBackend, UdpHandler, UdpSocket } from '../native/udp-socket.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import { Client } from './client.ts'
import type { FrontCounters } from './counters.ts'
import { ListenError } from './listen-error.ts'
import type { Service } from './service.ts'

/** How listeners are opened. */
export interface UdpListenOptions {
  readonly backend: UdpBackend
  readonly service: Service
  readonly counters: FrontCounters
  /** Other listeners, of other threads, share the port. */
  readonly reusePort?: boolean
  /** The socket of an earlier process at this address. */
  readonly descriptor?: number | undefined
  /** Number of the listening address. */
  readonly listener?: number
}

/** A listening socket. */
export class UdpListener implements UdpHandler {
  readonly #service: Service
  readonly #counters: FrontCounters
  readonly #socket: UdpSocket
  /** One for each slot, whose address is the slot's. */
  readonly #clients: readonly Client[]
  readonly #requests: readonly Memory[]
  readonly #replies: Memory[]
  #draining = false

  private constructor(socket: UdpSocket, { service, counters, listener = 0 }: UdpListenOptions) {
    this.#socket = socket
    this.#service = service
    this.#counters = counters
    this.#clients = socket.slots.addresses.map((address) => new Client('udp', address))
    for (const client of this.#clients) client.listener = listener
    this.#requests = socket.slots.requests.map((octets) => new Memory(octets))
    this.#replies = socket.slots.replies.map((octets) => new Memory(octets))
  }

  /** Listens. @throws ListenError */
  static async open(endpoint: Endpoint, options: UdpListenOptions): Promise<UdpListener> {
    const { backend, service, reusePort = false, descriptor } = options
    const { address, port } = endpoint
    let socket: UdpSocket
    try {
      const inherited = descriptor === undefined ? {} : { descriptor }
      const replyOctetsMax = service.udpOctetsMax
      socket = await backend.open({ address, port, reusePort, replyOctetsMax, ...inherited })
    } catch (error) {
      throw new ListenError(endpoint, 'udp', error as Error)
    }
    const listener = new UdpListener(socket, options)
    socket.start(listener)
    return listener
  }

  /** The port listened on; of use where 0 was asked for. */
  get port(): number {
    return this.#socket.port
  }

  /** What another process can be given to share the socket; undefined where that cannot be had. */
  get descriptor(): number | undefined {
    return this.#socket.descriptor
  }

  /** Leaves what comes from now on to the process that shares the socket; replies still go out. */
  leave(): void {
    this.#socket.leave?.()
  }

  /** Ignores what comes from now on; replies still go out. */
  drain(): void {
    this.#draining = true
  }

  /** Answers what has come, without waiting for the event loop to get to it. */
  poll(): void {
    this.#socket.poll()
  }

  close(): Promise<void> {
    return this.#socket.close()
  }

  onBatch(count: number): void {
    const { hits } = this.#service
    const { requestOctets } = this.#socket.slots
    hits.begin()
    for (let slot = 0; slot < count; slot++) {
      hits.read(slot, this.#requests[slot]!, requestOctets[slot]!, this.#clients[slot]!)
    }
    if (count > 1) hits.approach(count)
    for (let slot = 0; slot < count; slot++) this.#onDatagram(slot)
    hits.end('udp')
  }

  onLost(count: number): void {
    for (let i = 0; i < count; i++) this.#counters.dropped('send')
  }

  #onDatagram(slot: number): void {
    const { requestOctets, ports, replyOctets } = this.#socket.slots
    // Nobody can be answered at port 0.
    if (this.#draining || ports[slot] === 0) {
      this.#counters.clientQuery('udp')
      this.#counters.dropped(this.#draining ? 'draining' : 'send')
      return
    }
    const { hits } = this.#service
    const request = this.#requests[slot]!
    const { octets } = request
    const length = requestOctets[slot]!
    if (length <= octets.length) {
      const written = hits.answer(slot, request, this.#clients[slot]!, this.#reply(slot))
      if (written > 0) replyOctets[slot] = written
      else if (written === 0) this.#handle(slot, octets.slice(0, length))
    } else {
      // The end was cut off, so nothing behind the header is worth reading: FORMERR.
      this.#handle(slot, octets.slice(0, HEADER_OCTETS))
    }
  }

  /** Where the reply of a slot goes, which the socket may have changed. */
  #reply(slot: number): Memory {
    const octets = this.#socket.slots.replies[slot]!
    const memory = this.#replies[slot]!
    if (memory.octets === octets) return memory
    const changed = new Memory(octets)
    this.#replies[slot] = changed
    return changed
  }

  /** A reply that is given at once leaves with the batch, a later one by itself. */
  #handle(slot: number, request: Uint8Array): void {
    let answered = false
    let later: ((reply: Uint8Array) => void) | undefined
    this.#service.handle(request, this.#clients[slot]!, (reply) => {
      answered = true
      if (reply === undefined) return
      if (later !== undefined) later(reply)
      else {
        const { replies, replyOctets } = this.#socket.slots
        replies[slot]!.set(reply)
        replyOctets[slot] = reply.length
      }
    })
    if (!answered) later = this.#socket.answerLater(slot)
  }
}
