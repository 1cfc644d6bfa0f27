/** UDP by `node:dgram`, a datagram at a time: what serves where the addon cannot. */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { formatAddress } from '../base/address.ts'
import { scanAddress } from '../base/address-scan.ts'
import { UDP_RECEIVE_BUFFER_OCTETS, UDP_REQUEST_OCTETS_MAX } from '../base/limits.ts'
import { DGRAM_QUESTIONS } from './dgram-questions.ts'
import { literalLookup } from './literal-lookup.ts'
import { NODE_REUSES_PORTS, shareTcpByNode } from './node-reuse-port.ts'
import type { UdpBackend, UdpHandler, UdpOptions, UdpSlots, UdpSocket } from './udp-socket.ts'

/** Always there. On a wildcard address the system chooses from which address a reply leaves. */
export const DGRAM: UdpBackend = {
  name: 'dgram',
  reusePort: NODE_REUSES_PORTS,
  ...(NODE_REUSES_PORTS ? { shareTcp: shareTcpByNode } : {}),
  questions: () => DGRAM_QUESTIONS,
  open,
}

function open(options: UdpOptions): Promise<UdpSocket> {
  const ipv6 = options.address.length === 16
  const socketOptions: SocketOptions = {
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    lookup: literalLookup as never,
    ...(options.reusePort === true ? { reusePort: true } : {}),
  }
  return new Promise((resolve, reject) => {
    if (options.reusePort === true && !DGRAM.reusePort) {
      reject(Object.assign(new Error('this version of Node does not share ports'), { code: 'ENOTSUP' }))
      return
    }
    const socket = createSocket(socketOptions)
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ address: formatAddress(options.address), port: options.port }, () => {
      socket.removeAllListeners('error')
      resize(socket, options)
      resolve(new DgramSocket(socket, options))
    })
  })
}

/** The kernel gives what it may; less is no error. */
function resize(socket: Socket, { receiveBufferOctets, sendBufferOctets }: UdpOptions): void {
  try {
    socket.setRecvBufferSize(receiveBufferOctets ?? UDP_RECEIVE_BUFFER_OCTETS)
    if (sendBufferOctets !== undefined) socket.setSendBufferSize(sendBufferOctets)
  } catch {}
}

class DgramSocket implements UdpSocket {
  readonly port: number
  readonly slots: UdpSlots
  readonly #socket: Socket
  readonly #request = new Uint8Array(UDP_REQUEST_OCTETS_MAX)
  readonly #address: Uint8Array
  readonly #replyOctetsMax: number
  readonly #replies: [Uint8Array]
  #handler: UdpHandler | undefined
  /** Whose datagram lies in the slot. */
  #from: RemoteInfo | undefined
  #closed = false

  constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket
    this.#address = new Uint8Array(options.address.length)
    this.#replyOctetsMax = options.replyOctetsMax
    this.#replies = [new Uint8Array(options.replyOctetsMax)]
    this.port = socket.address().port
    this.slots = {
      requests: [this.#request],
      requestOctets: new Uint16Array(1),
      addresses: [this.#address],
      ports: new Uint16Array(1),
      replies: this.#replies,
      replyOctets: new Uint16Array(1),
    }
    // ICMP errors of earlier replies come this way on some systems; the client is gone, nothing else happened.
    socket.on('error', (error) => this.#onSent(error))
  }

  start(handler: UdpHandler): void {
    this.#handler = handler
    this.#socket.on('message', (octets, from) => this.#onDatagram(octets, from))
  }

  answerLater(): (reply: Uint8Array) => void {
    const from = this.#from!
    return (reply) => this.#send(reply, reply.length, from)
  }

  /** Node reads when the loop gets to it, and no sooner. */
  poll(): void {}

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  #onDatagram(octets: Buffer, from: RemoteInfo): void {
    const { requestOctets, ports, replyOctets } = this.slots
    const cutOff = octets.length > UDP_REQUEST_OCTETS_MAX
    this.#request.set(cutOff ? octets.subarray(0, UDP_REQUEST_OCTETS_MAX) : octets)
    requestOctets[0] = octets.length
    // An address that we cannot read we cannot judge.
    ports[0] = scanAddress(from.address, this.#address) === this.#address.length ? from.port : 0
    replyOctets[0] = 0
    this.#from = from
    this.#handler!.onBatch(1)
    const length = replyOctets[0]!
    if (length === 0) return
    this.#send(this.#replies[0], length, from)
    // What the system did not take at once it still reads from this buffer.
    if (!this.#closed && this.#socket.getSendQueueCount() > 0) {
      this.#replies[0] = new Uint8Array(this.#replyOctetsMax)
    }
  }

  #send(octets: Uint8Array, length: number, to: RemoteInfo): void {
    if (this.#closed) return
    this.#socket.send(octets, 0, length, to.port, to.address, this.#onSent)
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null && !this.#closed) this.#handler?.onLost(1)
  }
}
