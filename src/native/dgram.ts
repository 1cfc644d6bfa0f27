/** UDP by `node:dgram`, a datagram at a time: what serves where the addon cannot. */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { type Address, formatAddress } from '../base/address.ts'
import { scanAddress } from '../base/address-scan.ts'
import { type Cancel, type Clock, systemClock } from '../base/clock.ts'
import { UDP_RECEIVE_BUFFER_OCTETS, UDP_REQUEST_OCTETS_MAX, WILDCARD_LOOK_MS } from '../base/limits.ts'
import { DGRAM_QUESTIONS } from './dgram-questions.ts'
import { type InterfaceAddress, interfaceAddresses } from './interface-addresses.ts'
import { literalLookup } from './literal-lookup.ts'
import { NODE_REUSES_PORTS, shareTcpByNode } from './node-reuse-port.ts'
import type { UdpBackend, UdpHandler, UdpOptions, UdpSlots, UdpSocket } from './udp-socket.ts'

/** Ports drawn before giving up, where the system chooses. */
const PORT_DRAWS_MAX = 20

/**
 * Always there. It does not tell which address a datagram was sent to, so on a wildcard address the system would choose
 * from which one the reply leaves, and clients drop one that comes from another than they asked. Hence a wildcard is a
 * socket for each address that an interface has, now or some seconds ago.
 */
export const DGRAM: UdpBackend = dgramBackend(interfaceAddresses)

/** @param mine what the interfaces have */
export function dgramBackend(
  mine: () => readonly InterfaceAddress[],
  clock?: Pick<Clock, 'after'>,
): UdpBackend {
  const addressesOf = (wildcard: Address): string[] =>
    mine().flatMap(({ address, text }) => (address.length === wildcard.length ? [text] : []))
  return {
    name: 'dgram',
    reusePort: NODE_REUSES_PORTS,
    ...(NODE_REUSES_PORTS ? { shareTcp: shareTcpByNode } : {}),
    addressesOf,
    questions: () => DGRAM_QUESTIONS,
    open: async (options) => {
      const { address, reusePort = false } = options
      if (reusePort && !NODE_REUSES_PORTS) {
        throw Object.assign(new Error('this version of Node does not share ports'), { code: 'ENOTSUP' })
      }
      if (!isWildcard(address))
        return new DgramSocket(await bindAll([formatAddress(address)], options), options)
      const all = addressesOf(address)
      // While none is known, a wildcard serves whom it can.
      const sockets = await bindAll(all.length > 0 ? all : [formatAddress(address)], options)
      return new DgramSocket(sockets, options, {
        clock: clock ?? systemClock(),
        now: () => addressesOf(address),
      })
    },
  }
}

function isWildcard(address: Address): boolean {
  return address.every((octet) => octet === 0)
}

/** A socket for each address, by its text, all at one port. */
async function bindAll(addresses: readonly string[], options: UdpOptions): Promise<Map<string, Socket>> {
  for (let draw = 1; ; draw++) {
    const sockets = new Map<string, Socket>()
    let { port } = options
    let gone: unknown
    try {
      for (const address of addresses) {
        try {
          const socket = await bind(address, port, options)
          sockets.set(address, socket)
          port = socket.address().port
        } catch (error) {
          // It went since they were listed, or is not ready to be used (RFC 4862 5.4).
          if (addresses.length === 1 || codeOf(error) !== 'EADDRNOTAVAIL') throw error
          gone = error
        }
      }
      if (sockets.size === 0) throw gone
      return sockets
    } catch (error) {
      // A port that the system chose at one address may be somebody's at another.
      const mayDraw = options.port === 0 && sockets.size > 0 && draw < PORT_DRAWS_MAX
      await Promise.all(Array.from(sockets.values(), closed))
      if (!mayDraw || codeOf(error) !== 'EADDRINUSE') throw error
    }
  }
}

function bind(address: string, port: number, options: UdpOptions): Promise<Socket> {
  const ipv6 = options.address.length === 16
  const socketOptions: SocketOptions = {
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    lookup: literalLookup as never,
    ...(options.reusePort === true ? { reusePort: true } : {}),
  }
  return new Promise((resolve, reject) => {
    const socket = createSocket(socketOptions)
    const onError = (error: Error): void => {
      socket.close()
      reject(error)
    }
    socket.once('error', onError)
    socket.bind({ address, port }, () => {
      // Until all are bound and somebody listens, an error must not become an uncaught one.
      socket.on('error', () => {})
      socket.off('error', onError)
      resize(socket, options)
      resolve(socket)
    })
  })
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

/** The kernel gives what it may; less is no error. */
function resize(socket: Socket, { receiveBufferOctets, sendBufferOctets }: UdpOptions): void {
  try {
    socket.setRecvBufferSize(receiveBufferOctets ?? UDP_RECEIVE_BUFFER_OCTETS)
    if (sendBufferOctets !== undefined) socket.setSendBufferSize(sendBufferOctets)
  } catch {}
}

/** The addresses that a wildcard stands for, which change. */
interface Following {
  readonly clock: Pick<Clock, 'after'>
  readonly now: () => readonly string[]
}

/** Whose datagram it is, and through which socket it came. */
interface Sender {
  /** The address of the socket. */
  readonly at: string
  readonly socket: Socket
  readonly from: RemoteInfo
}

class DgramSocket implements UdpSocket {
  readonly port: number
  readonly slots: UdpSlots
  readonly #options: UdpOptions
  /** By address. */
  readonly #sockets: Map<string, Socket>
  readonly #following: Following | undefined
  readonly #request = new Uint8Array(UDP_REQUEST_OCTETS_MAX)
  readonly #address: Uint8Array
  readonly #replies: [Uint8Array]
  #handler: UdpHandler | undefined
  /** Whose datagram lies in the slot. */
  #sender: Sender | undefined
  #cancelLook: Cancel = () => {}
  #looking = Promise.resolve()
  #closed = false

  constructor(sockets: Map<string, Socket>, options: UdpOptions, following?: Following) {
    this.#options = options
    this.#sockets = sockets
    this.#following = following
    this.#address = new Uint8Array(options.address.length)
    this.#replies = [new Uint8Array(options.replyOctetsMax)]
    const [first] = sockets.values()
    this.port = first!.address().port
    this.slots = {
      requests: [this.#request],
      requestOctets: new Uint16Array(1),
      addresses: [this.#address],
      ports: new Uint16Array(1),
      replies: this.#replies,
      replyOctets: new Uint16Array(1),
    }
  }

  start(handler: UdpHandler): void {
    this.#handler = handler
    for (const [at, socket] of this.#sockets) this.#listen(at, socket)
    this.#lookLater()
  }

  answerLater(): (reply: Uint8Array) => void {
    const sender = this.#sender!
    return (reply) => this.#send(reply, reply.length, sender)
  }

  /** Node reads when the loop gets to it, and no sooner. */
  poll(): void {}

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelLook()
    await Promise.all([this.#looking, ...Array.from(this.#sockets.values(), closed)])
  }

  #listen(at: string, socket: Socket): void {
    // ICMP errors of earlier replies come this way on some systems; the client is gone, nothing else happened.
    socket.on('error', (error) => this.#onSent(error))
    socket.on('message', (octets, from) => this.#onDatagram(octets, { at, socket, from }))
  }

  #lookLater(): void {
    if (this.#following === undefined || this.#closed) return
    this.#cancelLook = this.#following.clock.after(WILDCARD_LOOK_MS, () => {
      this.#looking = this.#look(this.#following!.now()).then(() => this.#lookLater())
    })
  }

  /** Serves these addresses, and no others. */
  async #look(addresses: readonly string[]): Promise<void> {
    // Rather cannot they be learnt than that there are none.
    if (addresses.length === 0) return
    for (const [at, socket] of this.#sockets) {
      if (addresses.includes(at)) continue
      this.#sockets.delete(at)
      socket.close()
    }
    for (const at of addresses) {
      if (this.#closed) return
      if (this.#sockets.has(at)) continue
      // Where it cannot be had now it may be at the next look.
      const socket = await bind(at, this.port, this.#options).catch(() => undefined)
      if (socket === undefined) continue
      if (this.#closed) return closed(socket)
      this.#sockets.set(at, socket)
      this.#listen(at, socket)
    }
  }

  #onDatagram(octets: Buffer, sender: Sender): void {
    const { requestOctets, ports, replyOctets } = this.slots
    const { socket, from } = sender
    const cutOff = octets.length > UDP_REQUEST_OCTETS_MAX
    this.#request.set(cutOff ? octets.subarray(0, UDP_REQUEST_OCTETS_MAX) : octets)
    requestOctets[0] = octets.length
    // An address that we cannot read we cannot judge.
    ports[0] = scanAddress(from.address, this.#address) === this.#address.length ? from.port : 0
    replyOctets[0] = 0
    this.#sender = sender
    this.#handler!.onBatch(1)
    const length = replyOctets[0]!
    if (length === 0) return
    this.#send(this.#replies[0], length, sender)
    // What the system did not take at once it still reads from this buffer.
    if (!this.#closed && socket.getSendQueueCount() > 0) {
      this.#replies[0] = new Uint8Array(this.#options.replyOctetsMax)
    }
  }

  #send(octets: Uint8Array, length: number, { at, socket, from }: Sender): void {
    if (this.#closed) return
    if (this.#sockets.get(at) !== socket) {
      // The machine has lost the address since.
      this.#handler!.onLost(1)
      return
    }
    socket.send(octets, 0, length, from.port, from.address, this.#onSent)
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null && !this.#closed) this.#handler?.onLost(1)
  }
}
