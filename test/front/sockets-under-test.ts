/** Sockets of clients, and a front on loopback for them. */
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { parseAddress } from '../../src/base/address.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { Front } from '../../src/front/front.ts'
import type { ServiceOptions } from '../../src/front/service.ts'
import type { TcpOptions } from '../../src/front/tcp.ts'
import { DGRAM } from '../../src/native/dgram.ts'
import type { UdpBackend } from '../../src/native/udp-socket.ts'
import { type Bench, bench } from './service-under-test.ts'

/** A front with real sockets around a service under test. */
export async function openFront(
  { clock = systemClock(), ...tcp }: TcpOptions & { clock?: Clock } = {},
  options: Partial<ServiceOptions> = {},
  address = '127.0.0.1',
  udp: UdpBackend = DGRAM,
): Promise<{ it: Bench; front: Front; port: number }> {
  const it = bench({}, options)
  const front = await Front.open({
    service: it.service,
    counters: it.counters,
    listen: [{ address: parseAddress(address)!, port: 0 }],
    tcp,
    clock,
    udp,
  })
  return { it, front, port: front.endpoints[0]!.port }
}

/** One question by UDP; undefined when nothing came in time. */
export function askUdp(
  port: number,
  octets: Uint8Array,
  { timeoutMs = 2000, address = '127.0.0.1' }: { timeoutMs?: number; address?: string } = {},
): Promise<Uint8Array | undefined> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    const finish = (reply: Uint8Array | undefined): void => {
      clearTimeout(timer)
      socket.close()
      resolve(reply)
    }
    const timer = setTimeout(() => finish(undefined), timeoutMs)
    socket.on('error', () => finish(undefined))
    socket.on('message', (reply) => finish(reply))
    socket.send(octets, port, address)
  })
}

/** A TCP client that collects whole messages. */
export class TcpClient {
  readonly socket: Socket
  readonly messages: Uint8Array[] = []
  closed = false
  #octets: Buffer = Buffer.alloc(0)
  #wakes: (() => void)[] = []

  constructor(port: number, localAddress = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  /** Sends messages, each behind its length, in one write. */
  send(...messages: Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages.map((message) => framed(message))))
  }

  /** Settles when so many messages are there, when the connection is closed, or in time. */
  async wait(count: number, timeoutMs = 3000): Promise<number> {
    const endMs = performance.now() + timeoutMs
    while (this.messages.length < count && !this.closed) {
      const leftMs = endMs - performance.now()
      if (leftMs <= 0) break
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wakes.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return this.messages.length
  }

  /** Settles when the connection is closed or in time; says which. */
  async waitClosed(timeoutMs = 3000): Promise<boolean> {
    await this.wait(Number.POSITIVE_INFINITY, timeoutMs)
    return this.closed
  }

  #onData(chunk: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, chunk])
    while (this.#octets.length >= 2 && this.#octets.length >= 2 + this.#octets.readUInt16BE()) {
      const end = 2 + this.#octets.readUInt16BE()
      this.messages.push(Uint8Array.from(this.#octets.subarray(2, end)))
      this.#octets = this.#octets.subarray(end)
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake()
  }
}

export function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.of(message.length >> 8, message.length & 0xff, ...message)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
