/** All sockets towards clients: opened together, drained together. */
import type { Endpoint } from '../base/address.ts'
import { type Cancel, type Clock, systemClock } from '../base/clock.ts'
import { DGRAM } from '../native/dgram.ts'
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
  /** Where it listens, in the order asked for; a port 0 asked for is the port that was had. */
  readonly endpoints: Endpoint[] = []

  private constructor(options: FrontOptions) {
    this.#service = options.service
    this.#clock = options.clock ?? systemClock()
    this.#backend = options.udp ?? DGRAM
    const { service, counters, tcp, sharesPorts = false } = options
    this.#takesTcp = tcp !== 'none'
    this.#sharesPorts = sharesPorts
    this.#connections = new TcpConnections(service, counters, this.#clock, tcp === 'none' ? {} : tcp)
  }

  /** Opens every listener, or none. @throws ListenError */
  static async open(options: FrontOptions): Promise<Front> {
    const front = new Front(options)
    try {
      for (const [number, endpoint] of options.listen.entries()) {
        await front.#listen(endpoint, number, options.counters)
      }
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
    let cancel: Cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(timeoutMs, resolve)
    })
    await Promise.race([Promise.all([this.#service.idle(), this.#connections.empty()]), late])
    cancel()
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

  async #listen(endpoint: Endpoint, listener: number, counters: FrontCounters): Promise<void> {
    const { address } = endpoint
    for (let draw = 1; ; draw++) {
      const udp = await UdpListener.open(endpoint, {
        backend: this.#backend,
        service: this.#service,
        counters,
        reusePort: this.#sharesPorts,
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
    const share = this.#sharesPorts ? this.#backend.shareTcp : undefined
    return TcpListener.open(endpoint, this.#connections, listener, share)
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ListenError && error.code === 'EADDRINUSE'
}
