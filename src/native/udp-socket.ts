/** UDP sockets that hand over what came in batches: what the addon and its twin on `node:dgram` have in common. */
import type { ListenOptions } from 'node:net'
import type { Address, Endpoint } from '../base/address.ts'
import type { QuestionSockets } from './question-sockets.ts'

/** Where a socket is bound, and how large its parts are. */
export interface UdpOptions {
  /** An IPv6 socket takes no IPv4. All zero: every address of the machine. */
  readonly address: Address
  /** 0: the system chooses. */
  readonly port: number
  /** Octets of the longest reply. */
  readonly replyOctetsMax: number
  /** Other sockets may be bound to the same address and port, and share what comes (SO_REUSEPORT). */
  readonly reusePort?: boolean
  /** `UDP_RECEIVE_BUFFER_OCTETS` when left out. The kernel gives what it may; less is no error. */
  readonly receiveBufferOctets?: number
  /** As the system has it when left out. */
  readonly sendBufferOctets?: number
  /** A socket that an earlier process opened and bound there: it is used in place of one of our own. */
  readonly descriptor?: number
}

/** Memory that a socket and its user share: arrays of one length, an element for each datagram of a batch. */
export interface UdpSlots {
  /** Where datagrams are laid. */
  readonly requests: readonly Uint8Array[]
  /** Octets that each datagram had; more than its slot has when the end was cut off. */
  readonly requestOctets: Uint16Array
  /** Addresses of the senders, 4 or 16 octets by the family of the socket. */
  readonly addresses: readonly Uint8Array[]
  /** Their ports; 0 for one who cannot be answered. */
  readonly ports: Uint16Array
  /** Where replies are written. To be read anew for each: the system may still be at work on the last one. */
  readonly replies: readonly Uint8Array[]
  /** Octets of each reply; 0 as a batch begins, and for no reply. */
  readonly replyOctets: Uint16Array
}

/** Who uses a socket. Neither method is called after `close`. */
export interface UdpHandler {
  /** Datagrams lie in the first slots, `count` of them. The replies left beside them go out when this returns. */
  onBatch(count: number): void
  /** So many replies went nowhere: the system, or the network, did not take them. */
  onLost(count: number): void
}

/** A bound socket. */
export interface UdpSocket {
  /** The port that was had. */
  readonly port: number
  /** What another process can be given to share the socket; undefined where that cannot be had. */
  readonly descriptor?: number
  readonly slots: UdpSlots
  /** Begins to hand over what comes. Called once. */
  start(handler: UdpHandler): void
  /**
   * Within `onBatch`: the way to answer a datagram after it. A reply leaves by the end of the turn of the event loop in
   * which it is given; its octets are not to be changed any more.
   */
  answerLater(slot: number): (reply: Uint8Array) => void
  /**
   * Hands over a batch of what has come without waiting for the event loop to get to it. Does nothing within `onBatch`,
   * and where only the loop can tell.
   */
  poll(): void
  /** Where there is a descriptor: reads no more, so that all that comes is for who shares it. Replies still go out. */
  leave?(): void
  /** Sends what the system takes at once, drops the rest, and closes. May be repeated. */
  close(): Promise<void>
}

/** Says how to listen at an address and port: what `Server.listen` takes, or a descriptor that is bound already. */
export type ShareTcp = (endpoint: Endpoint) => ListenOptions | { readonly fd: number }

/** One way to such sockets. */
export interface UdpBackend {
  readonly name: 'addon' | 'dgram'
  /** Whether `reusePort` can be had. */
  readonly reusePort: boolean
  /**
   * How a server listens by TCP at an address and port that others share; left out where that cannot be had. May throw
   * as `open` fails.
   */
  readonly shareTcp?: ShareTcp
  /**
   * The addresses that are served in place of a wildcard one, as things are now; left out where that serves all by itself,
   * those too that no interface has.
   */
  readonly addressesOf?: (wildcard: Address) => readonly string[]
  /** Opens and binds. Fails with the system's name of the fault as `code`. */
  open(options: UdpOptions): Promise<UdpSocket>
  /** Sockets for questions to authorities, a set for each thread. */
  questions(): QuestionSockets
}
