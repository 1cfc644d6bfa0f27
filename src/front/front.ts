/** All sockets towards clients: opened together, drained together. */
import type { Endpoint } from '../base/address.ts'
import { type Cancel, type Clock, systemClock } from '../base/clock.ts'
import { DGRAM } from '../native/dgram.ts'
import { type HandedSockets, socketKey } from '../native/handed-sockets.ts'
import type { UdpBackend } from '../native/udp-socket.ts'
import type { FrontCounters } from './counters.ts'
import { ListenError } from './listen-error.ts'
import type { Service } from './service.ts'
import { TcpConnections, TcpListener, type TcpOptions } from './tcp.ts'
import { UdpListener } from './udp.ts'

/** Ports drawn before giving up, where the system chooses. */
const PORT_DRAWS_MAX = 20

/** Where to listen, and for whom. */
export interface FrontOptions {
  readonly service: Service
  readonly counters: FrontCounters
  /** Each by UDP and TCP. */
  readonly listen: readonly Endpoint[]
  /** Bounds on connections; `none`: somebody else has the clients by TCP. */
  readonly tcp?: TcpOptions | 'none'
  /** Other fronts of this process listen at the same addresses. */
  readonly sharesPorts?: boolean
  /** Whether an address that cannot be listened on is passed over, as long as there are others. */
  readonly mayLack?: (error: ListenError) => boolean
  /** Sockets of an earlier process, which are used where they are those of an address. */
  readonly inherited?: HandedSockets
  readonly clock?: Clock
  /** The way to UDP sockets; `node:dgram` when left out. */
  readonly udp?: UdpBackend
}

/** See the head of this file. */
export class Front {
  readonly #service: Service
  readonly #clock: Clock
  readonly #backend: UdpBackend
  readonly #udp: UdpListener[] = []
  readonly #tcp: TcpListener[] = []
  readonly #connections: TcpConnections
  readonly #takesTcp: boolean
  readonly #sharesPorts: boolean
  readonly #inherited: HandedSockets
  /** Where it listens, in the order asked for; a port 0 asked for is the port that was had. */
  readonly endpoints: Endpoint[] = []

  private constructor(options: FrontOptions) {
    this.#service = options.service
    this.#clock = options.clock ?? systemClock()
    this.#backend = options.udp ?? DGRAM
    const { service, counters, tcp, sharesPorts = false } = options
    this.#takesTcp = tcp !== 'none'
    this.#sharesPorts = sharesPorts
    this.#inherited = options.inherited ?? new Map()
    this.#connections = new TcpConnections(service, counters, this.#clock, tcp === 'none' ? {} : tcp)
  }

  /** Opens every listener, save those that may be lacking, or none. @throws ListenError */
  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(options)
    let lacking: ListenError | undefined
    try {
      for (const [number, endpoint] of options.listen.entries()) {
        try {
          await front.#listen(endpoint, number, options.counters)
        } catch (error) {
          if (!(error instanceof ListenError) || options.mayLack?.(error) !== true) throw error
          lacking = error
        }
      }
      if (lacking !== undefined && front.endpoints.length === 0) throw lacking
    } catch (error) {
      await front.close()
      throw error
    }
    return front
  }

  /** TCP connections open. */
  get connections(): number {
    return this.#connections.count
  }

  /** What another process can be given to serve beside this one; undefined where that cannot be had. */
  get sockets(): HandedSockets | undefined {
    const sockets = new Map<string, number>()
    for (const [transport, listeners] of [['udp', this.#udp] as const, ['tcp', this.#tcp] as const]) {
      for (const [number, { descriptor }] of listeners.entries()) {
        if (descriptor === undefined) return undefined
        sockets.set(socketKey(transport, this.endpoints[number]!), descriptor)
      }
    }
    return sockets
  }

  /**
   * Leaves all that comes from now on to the process that has the same sockets. Clients that are connected are served on,
   * until they go or have been idle.
   *
   * @param timeoutMs how long they are served at most
   */
  async leave(timeoutMs: number): Promise<void> {
    for (const listener of this.#tcp) listener.close()
    for (const listener of this.#udp) listener.leave()
    this.#connections.askToLeave()
    await this.#inTime(Promise.all([this.#service.idle(), this.#connections.empty()]), timeoutMs)
  }

  /** Answers what clients by UDP have asked by now, before the event loop gets to it. */
  poll(): void {
    for (const listener of this.#udp) listener.poll()
  }

  /**
   * Takes no more questions, waits until those in work are answered, then closes.
   *
   * @param timeoutMs how long to wait at most
   * @returns questions left unanswered
   */
  async drain(timeoutMs: number): Promise<number> {
    for (const listener of this.#tcp) listener.close()
    for (const listener of this.#udp) listener.drain()
    this.#connections.drain()
    await this.#inTime(Promise.all([this.#service.idle(), this.#connections.empty()]), timeoutMs)
    const unanswered = this.#service.waiting
    // The last replies are on their way to the system only when this turn of the event loop ends.
    await this.#clock.yieldTurn()
    await this.close()
    return unanswered
  }

  /** Closes everything at once. */
  async close(): Promise<void> {
    for (const listener of this.#tcp.splice(0)) listener.close()
    this.#connections.close()
    await Promise.all(this.#udp.splice(0).map((listener) => listener.close()))
  }

  async #inTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
    let cancel: Cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(timeoutMs, resolve)
    })
    await Promise.race([work, late])
    cancel()
  }

  async #listen(endpoint: Endpoint, listener: number, counters: FrontCounters): Promise<void> {
    const { address } = endpoint
    for (let draw = 1; ; draw++) {
      const udp = await UdpListener.open(endpoint, {
        backend: this.#backend,
        service: this.#service,
        counters,
        reusePort: this.#sharesPorts,
        descriptor: this.#inherited.get(socketKey('udp', endpoint)),
        listener,
      })
      try {
        if (this.#takesTcp) this.#tcp.push(await this.#listenByTcp({ address, port: udp.port }, listener))
      } catch (error) {
        await udp.close()
        // A port that the system chose for UDP may be somebody's by TCP.
        if (endpoint.port === 0 && isTaken(error) && draw < PORT_DRAWS_MAX) continue
        throw error
      }
      this.#udp.push(udp)
      this.endpoints.push({ address, port: udp.port })
      return
    }
  }

  #listenByTcp(endpoint: Endpoint, listener: number): Promise<TcpListener> {
    const descriptor = this.#inherited.get(socketKey('tcp', endpoint))
    if (descriptor !== undefined) {
      return TcpListener.open(endpoint, this.#connections, listener, () => ({ fd: descriptor }))
    }
    const share = this.#sharesPorts ? this.#backend.shareTcp : undefined
    return TcpListener.open(endpoint, this.#connections, listener, share)
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ListenError && error.code === 'EADDRINUSE'
}
