/** Sockets of clients, and a server that says things back. */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { parseAddress } from '../../src/base/address.ts'
import type { UdpBackend, UdpOptions, UdpSocket } from '../../src/native/udp-socket.ts'

/** A datagram that came back. */
export interface Received {
  readonly octets: Uint8Array
  readonly from: RemoteInfo
}

/** A bound socket that keeps all that comes. */
export class UdpClient {
  readonly received: Received[] = []
  readonly #socket

  private constructor(family: 4 | 6) {
    this.#socket = createSocket(family === 4 ? 'udp4' : 'udp6')
    this.#socket.on('message', (octets, from) =>
      this.received.push({ octets: Uint8Array.from(octets), from }),
    )
    this.#socket.on('error', () => {})
  }

  static async open(family: 4 | 6 = 4): Promise<UdpClient> {
    const client = new UdpClient(family)
    client.#socket.bind(0, family === 4 ? '127.0.0.1' : '::1')
    await once(client.#socket, 'listening')
    client.#socket.setRecvBufferSize(1_048_576)
    return client
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(octets: Uint8Array, port: number, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(octets, port, address, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  /** Settles when so many datagrams are there, or in time. */
  async wait(count: number, timeoutMs = 3_000): Promise<number> {
    const endMs = performance.now() + timeoutMs
    while (this.received.length < count && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return this.received.length
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}

/** What a server did. */
export interface Echo {
  readonly socket: UdpSocket
  /** Sizes of the batches. */
  readonly batches: number[]
  /** Octets that each datagram had. */
  readonly lengths: number[]
  lost: number
}

/** When to answer: with the batch, or in a later turn of the event loop. */
export type When = 'now' | 'later'

/** A socket that sends every datagram back, cut to what a reply may have. */
export async function openEcho(
  udp: UdpBackend,
  address: string,
  options: Partial<UdpOptions> & { readonly when?: When } = {},
): Promise<Echo> {
  const socket = await udp.open({
    address: parseAddress(address)!,
    port: 0,
    replyOctetsMax: 1232,
    ...options,
  })
  const echo: Echo = { socket, batches: [], lengths: [], lost: 0 }
  const { slots } = socket
  socket.start({
    onLost: (count) => {
      echo.lost += count
    },
    onBatch: (count) => {
      echo.batches.push(count)
      for (let i = 0; i < count; i++) {
        const length = slots.requestOctets[i]!
        echo.lengths.push(length)
        const reply = slots.requests[i]!.slice(0, Math.min(length, 1232))
        if (options.when === 'later') {
          const answer = socket.answerLater(i)
          setImmediate(() => answer(reply))
        } else {
          slots.replies[i]!.set(reply)
          slots.replyOctets[i] = reply.length
        }
      }
    },
  })
  return echo
}

/** Datagrams that differ. */
export function numbered(count: number, octets = 40): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const datagram = new Uint8Array(octets).fill(i & 0xff)
    datagram[0] = i >> 8
    return datagram
  })
}

/** One text for each datagram, in order. */
export function asText(datagrams: readonly Uint8Array[]): string[] {
  return datagrams.map((octets) => Buffer.from(octets).toString('hex')).sort()
}
