/** UDP by the addon (`udp.c`): a batch of datagrams a call, and replies from the address that was asked. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  UDP_BATCH_MAX,
  UDP_BATCHES_PER_TURN_MAX,
  UDP_RECEIVE_BUFFER_OCTETS,
  UDP_REQUEST_OCTETS_MAX,
  UDP_UNSENT_MAX,
} from '../base/limits.ts'
import { AddonQuestions, type QuestionAddon } from './addon-questions.ts'
import { NODE_REUSES_PORTS, shareTcpByNode } from './node-reuse-port.ts'
import type { UdpBackend, UdpHandler, UdpOptions, UdpSlots, UdpSocket } from './udp-socket.ts'

/** What `udp.c` calls INTERFACE_VERSION. */
const INTERFACE_VERSION = 4
/** Octets of its `struct peer`, which begins with the address; the rest is its own affair. */
const PEER_OCTETS = 40

/** Where the build puts the addon. */
export const ADDON_PATH: string = join(import.meta.dirname, 'udp.node')

/** What `udp.c` makes. Positions are octets in `memory`. */
interface NativeSocket {
  readonly descriptor: number
  readonly port: number
  readonly memory: ArrayBuffer
  readonly requestsAt: number
  readonly requestStride: number
  readonly requestOctetsAt: number
  readonly repliesAt: number
  readonly replyOctetsAt: number
  readonly replyStride: number
  readonly peersAt: number
  readonly portsAt: number
  readonly lateRepliesAt: number
  readonly lateReplyOctetsAt: number
  readonly latePeersAt: number
  start(onBatch: (count: number, lost: number) => void): void
  /** Datagrams of a batch that lie in the slots now. */
  receive(): number
  /** These, and `close`, return how many replies were lost since that was last told. */
  reply(count: number): number
  send(count: number): number
  /** Reads no more. */
  leave(): void
  close(): number
}

interface NativeOptions {
  readonly address: Uint8Array
  /** 0: one is opened. */
  readonly descriptor: number
  readonly port: number
  readonly reusePort: 0 | 1
  readonly receiveBufferOctets: number
  readonly sendBufferOctets: number
  readonly slots: number
  readonly requestOctets: number
  readonly replyOctets: number
  readonly waitingMax: number
  readonly batchesPerTurnMax: number
}

interface Addon extends QuestionAddon {
  readonly version: number
  readonly UdpSocket: new (options: NativeOptions) => NativeSocket
  /** A descriptor of a TCP socket that is bound and does not listen yet; addons built before it was needed lack it. */
  bindSharedTcp?(options: { readonly address: Uint8Array; readonly port: number }): number
}

/**
 * Loads the addon.
 *
 * @returns the way to its sockets, or why there is none
 */
export function loadAddon(path: string = ADDON_PATH): UdpBackend | string {
  let addon: Addon
  try {
    addon = createRequire(import.meta.url)(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'MODULE_NOT_FOUND' ? 'it was not built' : `it cannot be loaded: ${message.split('\n')[0]}`
  }
  if (addon.version !== INTERFACE_VERSION) return 'it was built from another version of the source'
  return {
    name: 'addon',
    reusePort: true,
    ...shareTcp(addon),
    questions: () => new AddonQuestions(addon),
    open: async (options) => new AddonSocket(addon, options),
  }
}

function shareTcp({ bindSharedTcp }: Addon): Pick<UdpBackend, 'shareTcp'> {
  if (NODE_REUSES_PORTS) return { shareTcp: shareTcpByNode }
  if (bindSharedTcp === undefined) return {}
  return {
    shareTcp: ({ address, port }) => ({ fd: bindSharedTcp({ address: Uint8Array.from(address), port }) }),
  }
}

class AddonSocket implements UdpSocket {
  readonly port: number
  readonly descriptor: number
  readonly slots: UdpSlots
  readonly #native: NativeSocket
  readonly #peers: Uint8Array
  readonly #lateReplies: readonly Uint8Array[]
  readonly #lateReplyOctets: Uint16Array
  readonly #latePeers: Uint8Array
  #lateCount = 0
  #handler: UdpHandler | undefined
  /** The slots are in use. */
  #busy = false
  #closed = false

  constructor(addon: Addon, options: UdpOptions) {
    const native = new addon.UdpSocket({
      address: Uint8Array.from(options.address),
      descriptor: options.descriptor ?? 0,
      port: options.port,
      reusePort: options.reusePort === true ? 1 : 0,
      receiveBufferOctets: options.receiveBufferOctets ?? UDP_RECEIVE_BUFFER_OCTETS,
      sendBufferOctets: options.sendBufferOctets ?? 0,
      slots: UDP_BATCH_MAX,
      requestOctets: UDP_REQUEST_OCTETS_MAX,
      replyOctets: options.replyOctetsMax,
      waitingMax: UDP_UNSENT_MAX,
      batchesPerTurnMax: UDP_BATCHES_PER_TURN_MAX,
    })
    const { memory, requestStride, replyStride } = native
    this.#native = native
    this.port = native.port
    this.descriptor = native.descriptor
    this.#peers = new Uint8Array(memory, native.peersAt, UDP_BATCH_MAX * PEER_OCTETS)
    this.slots = {
      requests: slotsAt(memory, native.requestsAt, requestStride, UDP_REQUEST_OCTETS_MAX),
      requestOctets: integersAt(memory, native.requestOctetsAt),
      addresses: slotsAt(memory, native.peersAt, PEER_OCTETS, options.address.length),
      ports: integersAt(memory, native.portsAt),
      replies: slotsAt(memory, native.repliesAt, replyStride, options.replyOctetsMax),
      replyOctets: integersAt(memory, native.replyOctetsAt),
    }
    this.#lateReplies = slotsAt(memory, native.lateRepliesAt, replyStride, options.replyOctetsMax)
    this.#lateReplyOctets = integersAt(memory, native.lateReplyOctetsAt)
    this.#latePeers = new Uint8Array(memory, native.latePeersAt, UDP_BATCH_MAX * PEER_OCTETS)
  }

  start(handler: UdpHandler): void {
    this.#handler = handler
    this.#native.start((count, lost) => {
      if (lost > 0) handler.onLost(lost)
      if (count > 0) this.#handOver(count)
    })
  }

  poll(): void {
    if (this.#busy || this.#closed || this.#handler === undefined) return
    const count = this.#native.receive()
    if (count === 0) return
    this.#handOver(count)
    this.#tellLost(this.#native.reply(count))
  }

  #handOver(count: number): void {
    this.#busy = true
    try {
      this.#handler?.onBatch(count)
    } finally {
      this.#busy = false
    }
  }

  answerLater(slot: number): (reply: Uint8Array) => void {
    const at = slot * PEER_OCTETS
    const to = this.#peers.slice(at, at + PEER_OCTETS)
    return (reply) => this.#sendLate(reply, to)
  }

  leave(): void {
    this.#native.leave()
  }

  /** The port is free when this returns. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#tellLost(this.#native.close())
  }

  /** Gathers what one turn of the event loop has to say: answers often come together, as from one upstream reply. */
  #sendLate(reply: Uint8Array, to: Uint8Array): void {
    if (this.#closed) return
    const slot = this.#lateCount
    this.#lateReplies[slot]!.set(reply)
    this.#lateReplyOctets[slot] = reply.length
    this.#latePeers.set(to, slot * PEER_OCTETS)
    this.#lateCount++
    if (this.#lateCount === UDP_BATCH_MAX) this.#flush()
    else if (slot === 0) setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    if (this.#closed || this.#lateCount === 0) return
    const count = this.#lateCount
    this.#lateCount = 0
    this.#tellLost(this.#native.send(count))
  }

  #tellLost(count: number): void {
    if (count > 0) this.#handler?.onLost(count)
  }
}

/** A view of each slot, without what lies between them. */
function slotsAt(memory: ArrayBuffer, at: number, stride: number, octets: number): Uint8Array[] {
  return Array.from(
    { length: UDP_BATCH_MAX },
    (_, slot) => new Uint8Array(memory, at + slot * stride, octets),
  )
}

function integersAt(memory: ArrayBuffer, at: number): Uint16Array {
  return new Uint16Array(memory, at, UDP_BATCH_MAX)
}
