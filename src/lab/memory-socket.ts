/** A socket in memory, laid out as the addon lays out its own: clients without a network, every step of a listener to be seen. */
import { UDP_BATCH_MAX, UDP_REQUEST_OCTETS_MAX } from '../base/limits.ts'
import { DGRAM } from '../native/dgram.ts'
import type { UdpBackend, UdpHandler, UdpSlots, UdpSocket } from '../native/udp-socket.ts'

/** See the head of this file. */
export class MemorySocket implements UdpSocket {
  readonly port: number
  readonly slots: UdpSlots
  /** Replies that came after their batch. */
  readonly later: [slot: number, octets: number][] = []
  /** Where the late replies to the next batch go, in place of `later`. */
  onLate: (slot: number, reply: Uint8Array) => void = (slot, reply) => this.later.push([slot, reply.length])
  handler: UdpHandler | undefined
  /** What comes when somebody looks between two turns of the event loop. */
  onPoll: () => void = () => {}

  constructor(replyOctetsMax: number, slots: number, port: number) {
    this.port = port
    const arrays = (octets: number): Uint8Array[] => {
      const stride = Math.ceil(octets / 128) * 128 + 64
      const memory = new ArrayBuffer(slots * stride)
      return Array.from({ length: slots }, (_, slot) => new Uint8Array(memory, slot * stride, octets))
    }
    this.slots = {
      requests: arrays(UDP_REQUEST_OCTETS_MAX),
      requestOctets: new Uint16Array(slots),
      addresses: arrays(4),
      ports: new Uint16Array(slots).fill(4000),
      replies: arrays(replyOctetsMax),
      replyOctets: new Uint16Array(slots),
    }
    for (const address of this.slots.addresses) address.set([127, 0, 0, 1])
  }

  start(handler: UdpHandler): void {
    this.handler = handler
  }

  answerLater(slot: number): (reply: Uint8Array) => void {
    const { onLate } = this
    return (reply) => onLate(slot, reply)
  }

  poll(): void {
    this.onPoll()
  }

  async close(): Promise<void> {}

  /** Lays datagrams into the first slots. */
  lay(requests: readonly Uint8Array[]): void {
    for (const [slot, octets] of requests.entries()) {
      this.slots.requests[slot]!.fill(0xff).set(octets)
      this.slots.requestOctets[slot] = octets.length
    }
  }

  /** Hands over what lies in the first slots. */
  deliver(count: number): void {
    this.slots.replyOctets.fill(0)
    this.handler!.onBatch(count)
  }

  /** One batch; octets of the replies that go with it. */
  batch(requests: readonly Uint8Array[]): number[] {
    this.lay(requests)
    this.deliver(requests.length)
    return [...this.slots.replyOctets.subarray(0, requests.length)]
  }
}

/** A way to such sockets, and those that were opened. */
export class MemoryBackend implements UdpBackend {
  readonly name = 'addon'
  readonly reusePort = true
  readonly questions: UdpBackend['questions'] = DGRAM.questions
  readonly sockets: MemorySocket[] = []
  readonly #slots: number
  readonly #port: number

  constructor(slots: number = UDP_BATCH_MAX, port = 53) {
    this.#slots = slots
    this.#port = port
  }

  async open({ replyOctetsMax }: { readonly replyOctetsMax: number }): Promise<MemorySocket> {
    const socket = new MemorySocket(replyOctetsMax, this.#slots, this.#port)
    this.sockets.push(socket)
    return socket
  }
}
